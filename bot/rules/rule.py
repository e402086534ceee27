"""A rule as the engine holds it, and how it is made of what an admin wrote."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial

from bot.config.check import check
from bot.config.document import Document
from bot.config.tree import PathTo
from bot.config.wording import suggest
from bot.model.alerts import Clause
from bot.model.errors import Problem
from bot.model.matches import Route
from bot.model.prints import Print
from bot.rules import explain as explaining
from bot.rules import needs
from bot.rules.clauses import Node
from bot.rules.grammar import parse
from bot.rules.settings import RuleSettings


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, checked: which prints matter, and where they go."""

    settings: RuleSettings
    when: Node
    route: Route
    """The rule as the verdict and the deliveries see it."""

    @property
    def name(self) -> str:
        return self.settings.name


def make_rule(settings: RuleSettings, when: Node) -> Rule:
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
    )
    return Rule(settings, when, route)


def explain(rule: Rule, found: Print) -> tuple[Clause, ...]:
    """The rule's clauses judged against `found`, and why."""
    return explaining.explain(rule.when, found)


def facts_needed(rule: Rule) -> frozenset[str]:
    """The names of the vocabulary without any one of which the rule never fires."""
    return needs.facts_needed(rule.when)


def read_rules(
    raw: object, path: PathTo, document: Document, *, destinations: Collection[str] | None = None
) -> tuple[tuple[Rule, ...], list[Problem]]:
    """The rules in the list `raw` at `path`, and every problem; rules with a problem are left out.

    With `destinations`, their names, a rule that sends anywhere else has a problem too.
    """
    if not document.is_readable:
        return (), []
    if not isinstance(raw, list):
        return (), [document.problem(path, f"rules: expected a list{document.got(path, quote=False)}")]
    rules: list[Rule] = []
    problems: list[Problem] = []
    first_indexes: dict[str, int] = {}
    for index, item in enumerate(raw):
        here = (*path, index)
        rule, found = _read_rule(item, here, document, destinations)
        found += _name_twice(item, here, document, first_indexes)
        if rule and not found:
            rules.append(rule)
        problems += found
    return tuple(rules), problems


def _read_rule(
    item: object, path: PathTo, document: Document, destinations: Collection[str] | None
) -> tuple[Rule | None, list[Problem]]:
    name = item.get("name") if isinstance(item, Mapping) else None
    what = f'rule "{name}"' if isinstance(name, str) else f"rule {int(path[-1]) + 1}"
    settings, problems = check(RuleSettings, item, path, document, what=what)
    node: Node | None = None
    if isinstance(item, Mapping) and isinstance(item.get("when"), Mapping):
        node, flaws = parse(item["when"], (*path, "when"), what)
        for flaw in flaws:
            if flaw.path not in document.unfilled:
                got = "" if flaw.is_about_key else document.got(flaw.path)
                problems.append(document.problem(flaw.path, flaw.message + got, at_key=flaw.is_about_key))
    if isinstance(item, Mapping) and destinations is not None:
        problems += _unknown_destinations(item.get("send_to"), (*path, "send_to"), document, destinations, what)
    return (make_rule(settings, node) if settings and node else None), problems


def _unknown_destinations(
    raw: object, path: PathTo, document: Document, known: Collection[str], what: str
) -> list[Problem]:
    return [
        document.problem((*path, index), f'unknown destination "{name}" in {what}{suggest(name, known)}')
        for index, name in enumerate(raw if isinstance(raw, list) else ())
        if isinstance(name, str) and name not in known and (*path, index) not in document.unfilled
    ]


def _name_twice(item: object, path: PathTo, document: Document, first_indexes: dict[str, int]) -> list[Problem]:
    name, index = (item.get("name") if isinstance(item, Mapping) else None), int(path[-1])
    if not isinstance(name, str) or first_indexes.setdefault(name, index) == index:
        return []
    file, line, column = document.mark((*path[:-1], first_indexes[name], "name"))
    message = f'two rules are called "{name}"; the first is at {file}:{line}:{column}'
    return [document.problem((*path, "name"), message)]
