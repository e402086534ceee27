"""Between matching and the alert: which rules matched a print, what the store knows of it, and the verdict."""

from collections.abc import Callable, Mapping
from typing import Literal

import msgspec

from bot.model.alerts import Clause, Priority
from bot.model.memory import Evidence, Remembering
from bot.model.prints import Print
from bot.model.terms import RepeatMode

SuppressedBy = Literal["duplicate", "twin", "cooldown", "repeat"]
"""An earlier alert says it already."""
HeldBy = SuppressedBy | Literal["mute", "snooze"]


class Route(msgspec.Struct, frozen=True):
    """One rule, as far as the verdict and the deliveries need it."""

    rule: str
    send_to: tuple[str, ...]
    priority: Priority
    mentions: tuple[str, ...]
    cooldown_s: float
    cooldown_by: Literal["contract", "ticker", "rule"]
    explain: Callable[[Print], tuple[Clause, ...]]
    """The rule's clauses judged against the print, for the record."""
    repeats: RepeatMode | None = None
    """The rule's own word; None: the destination's."""
    max_age_s: float | None = None
    """The rule's own word; None: the destination's."""
    remembering: Remembering | None = None
    """A rule with memory: a print that it matches is remembered, and fires it only with what it remembers."""


class Match(msgspec.Struct, frozen=True):
    """A print and the rules it matched, in the configuration's order."""

    print: Print
    routes: tuple[Route, ...]
    evidence: Mapping[str, Evidence] = {}
    """Of those among them that remember, by the rule's name."""
    is_test: bool = False
    """The print is made up: its alert says so, goes alone, and to no digest."""


class Known(msgspec.Struct, frozen=True):
    """What the store knows about one match at the moment of the verdict. Alert ids say what it was."""

    duplicate_of: str | None = None
    """The same print from the same provider has had its alert."""
    twin_of: str | None = None
    """The same print from another provider has had its alert."""
    cooling: Mapping[str, str] = {}
    """Rules in cooldown for this print's key -> the alert that began it."""


class Held(msgspec.Struct, frozen=True):
    """One reason for saying nothing. `rule` is empty where the whole print is held back."""

    rule: str
    reason: HeldBy
    alert_id: str
    """The earlier alert that says it already; empty where there is none: a mute, a snooze."""


class Verdict(msgspec.Struct, frozen=True):
    """What to do with a match: the routes that fire, and why the others do not."""

    fires: tuple[Route, ...]
    held: tuple[Held, ...] = ()
    quiet: Mapping[str, frozenset[str]] = {}
    """Of rules in cooldown: the destinations at which a mute forbids to post a repeat anew."""
