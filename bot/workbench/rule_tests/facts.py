"""The facts that a test says of a print, each read as a value of `when` is. What a feed cannot send, nobody can say."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final

from bot.config.document import Document
from bot.config.tree import PathTo
from bot.config.units import parse_clock, parse_money
from bot.config.wording import suggest
from bot.flow.facts import Facts
from bot.flow.occ import parse_occ
from bot.model.errors import Problem
from bot.rules.vocabulary import FACTS, Fact, read
from bot.workbench.rule_tests.settings import parse_moment

Said = Mapping[str, object]
"""Facts that were read, by name; None: the feed leaves it out."""

WHEN: Final = ("at", "after", "same_as")
"""What a print says beside its facts."""

_WHOLE: Final = ("dte", "size", "volume", "open_interest")
_SIGNED: Final = ("otm_pct",)
_DERIVED: Final = {"session": "time", "opening": "size, volume and open_interest"}
"""Facts that no feed says, and what they follow from."""


def _fact(fact: Fact, raw: object) -> object:
    value = read(fact, raw)
    if not isinstance(value, float):
        return value
    if value < 0 and fact.name not in _SIGNED:
        raise ValueError("expected a number that is not negative")
    if fact.name not in _WHOLE:
        return value
    if not value.is_integer():
        raise ValueError("expected a whole number")
    return int(value)


def read_time(raw: object) -> float | datetime:
    """Seconds since midnight in New York, or a whole time."""
    try:
        return parse_clock(raw)
    except ValueError:
        return parse_moment(raw)


def _id(raw: object) -> object:
    if isinstance(raw, bool) or not isinstance(raw, str | int) or raw == "":
        raise ValueError("expected the provider's own id of the print")
    return raw


def _occ(raw: object) -> object:
    if not isinstance(raw, str) or parse_occ(raw) is None:
        raise ValueError("expected an OCC symbol, such as NVDA260717C00145000")
    return raw


_READERS: Final[dict[str, Callable[[Any], object]]] = {
    **{name: partial(_fact, fact) for name, fact in FACTS.items() if name in Facts.__struct_fields__},
    "provider": partial(_fact, FACTS["provider"]),
    "time": read_time,
    "provider_id": _id,
    "option_symbol": _occ,
    "bid": parse_money,
    "ask": parse_money,
    "multi_leg": partial(_fact, FACTS["multi_leg"]),
}
"""What may be said of a print: what a feed can send. The rest is derived, as it is of a feed's prints."""
FIELDS: Final = {"multi_leg": "has_multileg"}
"""Where `Facts` has another name."""


def read_facts(
    raw: Mapping[str, object], path: PathTo, document: Document, what: str, providers: Collection[str]
) -> tuple[dict[str, object], list[Problem]]:
    """The facts in the mapping at `path`, and what is wrong with them; `what` names the print in messages.

    `providers` are those that a print may come from.
    """
    said: dict[str, object] = {}
    problems: list[Problem] = []
    for name, value in raw.items():
        here = (*path, name)
        if name in _DERIVED:
            message = f"{name} of {what}: no feed says it; it follows from {_DERIVED[name]}: give that"
            problems.append(document.problem(here, message, at_key=True))
        elif name not in _READERS:
            hint = suggest(name, (*_READERS, *WHEN))
            problems.append(document.problem(here, f'unknown field "{name}" in {what}{hint}', at_key=True))
        elif value is None:
            said[name] = None
        elif here not in document.unfilled:
            try:
                said[name] = _READERS[name](value)
            except ValueError as error:
                problems.append(document.problem(here, f"{name} of {what}: {error}{document.got(here)}"))
    if (provider := said.get("provider")) not in (None, *providers):
        message = f'unknown provider "{provider}" in {what}{suggest(str(provider), providers)}'
        problems.append(document.problem((*path, "provider"), message))
    return said, problems
