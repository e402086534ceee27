"""A rule as the engine holds it, and how it is made of what an admin wrote."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import msgspec

from bot.config.document import Document
from bot.config.tree import PathTo
from bot.model.alerts import Clause
from bot.model.errors import InputError, Problem
from bot.model.matches import Route
from bot.model.people import DM, destination_of
from bot.model.prints import Print
from bot.rules import explain as explaining
from bot.rules import needs, watches, watching
from bot.rules.clauses import Node
from bot.rules.memory import remembering
from bot.rules.names import NO_NAMES, Vocabulary
from bot.rules.reading import RuleReader, Written
from bot.rules.settings import RuleSettings

_NAME_OF_A_WATCH = "watch"
"""While it is checked: its own is none that YAML allows."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, checked: which prints matter, and where they go. Survives pickle."""

    settings: RuleSettings
    when: Node | None
    """What `when` and `exclude` say together; None: the rule is about silence, and true of no print."""
    route: Route
    """The rule as the verdict and the deliveries see it."""
    sort: Node | None = None
    """What a share counts: its `of`."""
    silence_s: float | None = None
    """The rule fires when a provider has sent nothing for so long in market hours."""

    @property
    def name(self) -> str:
        return self.settings.name

    @property
    def watchlists(self) -> frozenset[str]:
        """The names of those that the rule asks for."""
        return frozenset[str]().union(*(watching.watched(node) for node in (self.when, self.sort) if node))

    def resolved(self, watchlists: Mapping[str, Collection[str]]) -> "Rule":
        """The rule with the tickers of its watchlists; itself where it asks for none. Its memory stays the same."""
        if not self.watchlists:
            return self
        when, sort = (node and watching.resolve(node, watchlists) for node in (self.when, self.sort))
        kept = self.route.remembering
        if kept and sort:
            kept = msgspec.structs.replace(kept, is_of=partial(explaining.holds, sort))
        route = msgspec.structs.replace(self.route, explain=partial(explaining.explain, when), remembering=kept)
        return replace(self, when=when, sort=sort, route=route)


def make_rule(settings: RuleSettings, when: Node | None, sort: Node | None = None) -> Rule:
    """The rule of settings whose clauses were read: `when` and `exclude` together, and a share's `of`."""
    route = Route(
        rule=settings.name,
        send_to=tuple(dict.fromkeys(settings.send_to)),
        priority=settings.priority,
        mentions=tuple(dict.fromkeys(settings.mention)),
        cooldown_s=settings.cooldown,
        cooldown_by=settings.cooldown_by,
        explain=partial(explaining.explain, when),
        repeats=settings.repeats,
        max_age_s=settings.max_age,
        remembering=remembering(settings.name, settings.memory, when, sort) if settings.memory else None,
    )
    return Rule(settings, when, route, sort, settings.silence.lasting if settings.silence else None)


def sent_to(rule: Rule, destinations: Sequence[str]) -> Rule:
    """The same rule, posted elsewhere."""
    settings = rule.settings.model_copy(update={"send_to": list(destinations)})
    route = msgspec.structs.replace(rule.route, send_to=tuple(dict.fromkeys(destinations)))
    return replace(rule, settings=settings, route=route)


def explain(rule: Rule, found: Print) -> tuple[Clause, ...]:
    """The rule's clauses judged against `found`, and why."""
    return explaining.explain(rule.when, found)


def facts_needed(rule: Rule) -> frozenset[str]:
    """The names of the vocabulary without any one of which the rule never fires."""
    clauses = frozenset[str]().union(*(needs.facts_needed(node) for node in (rule.when, rule.sort) if node))
    spike = rule.settings.spike
    is_sum = rule.settings.total is not None or (spike is not None and spike.of == "premium")
    return clauses | {"premium"} if is_sum else clauses


def read_rules(
    raw: object,
    path: PathTo,
    document: Document,
    *,
    destinations: Collection[str] | None = None,
    vocabulary: Vocabulary = NO_NAMES,
) -> tuple[tuple[Rule, ...], list[Problem]]:
    """The rules in the list `raw` at `path`, and every problem; rules with a problem are left out.

    With `destinations`, their names, a rule that sends anywhere else has a problem too. Problems of what
    `vocabulary` holds were told when that was read.
    """
    if not document.is_readable:
        return (), []
    if not isinstance(raw, list):
        return (), [document.problem(path, f"rules: expected a list{document.got(path, quote=False)}")]
    reader = RuleReader(document, vocabulary, destinations)
    rules: list[Rule] = []
    problems: list[Problem] = []
    first_indexes: dict[str, int] = {}
    for index, item in enumerate(raw):
        here = (*path, index)
        name = item.get("name") if isinstance(item, Mapping) else None
        written, found = reader.read(item, here, f'rule "{name}"' if isinstance(name, str) else f"rule {index + 1}")
        found += _name_twice(name, here, document, first_indexes)
        if written and not found:
            rules.append(make_rule(*written))
        problems += found
    return tuple(rules), problems


def rule_of(
    body: Mapping[str, object],
    vocabulary: Vocabulary = NO_NAMES,
    *,
    destinations: Collection[str] | None = None,
    what: str = "this rule",
) -> Rule:
    """The rule that a mapping stands for, as YAML would hold it. Raises InputError with every problem."""
    return make_rule(*_written(body, vocabulary, destinations, what))


def watch_rule(
    name: str,
    body: str,
    destinations: Collection[str] | None = None,
    vocabulary: Vocabulary = NO_NAMES,
    *,
    owner: str = "",
) -> Rule:
    """The rule of a watch, which a command made: JSON, without a name. Raises InputError with every problem.

    `dm` among its destinations is its owner, where that is a person.
    """
    try:
        found = watches.keys_of(body)
    except msgspec.DecodeError:
        raise InputError(f"{name}: expected a rule in JSON") from None
    found.pop(watches.TEXT, None)
    is_personal = watches.is_person(owner)
    known = (*destinations, DM) if is_personal and destinations is not None else destinations
    settings, when, sort = _written({**found, "name": _NAME_OF_A_WATCH}, vocabulary, known, name)
    rule = make_rule(settings.model_copy(update={"name": name}), when, sort)
    if not is_personal or DM not in settings.send_to:
        return rule
    return sent_to(rule, [destination_of(owner) if place == DM else place for place in settings.send_to])


def _written(
    body: Mapping[str, object], vocabulary: Vocabulary, destinations: Collection[str] | None, what: str
) -> Written:
    written, problems = RuleReader(Document(what, body), vocabulary, destinations).read(body, (), what)
    if written is None:
        raise InputError(*([problem.message for problem in problems] or [f"{what} uses what has a problem itself"]))
    return written


def _name_twice(name: object, path: PathTo, document: Document, first_indexes: dict[str, int]) -> list[Problem]:
    index = int(path[-1])
    if not isinstance(name, str) or first_indexes.setdefault(name, index) == index:
        return []
    file, line, column = document.mark((*path[:-1], first_indexes[name], "name"))
    message = f'two rules are called "{name}"; the first is at {file}:{line}:{column}'
    return [document.problem((*path, "name"), message)]
