"""The verdict on a match: which rules fire, and for which named reason the others keep quiet."""

from datetime import datetime

from bot.model.matches import Held, Known, Match, Route, Verdict
from bot.model.memory import By
from bot.model.prints import Print

TWIN_WINDOW_S = 2.0
"""Two providers' clocks for one trade may differ by this much."""
TWIN_PREMIUM_TOLERANCE = 0.01
"""Providers round prices; premiums this close (as a fraction of the larger) are the same."""


def judge(match: Match, known: Known) -> Verdict:
    """Decide about one match. A rule in cooldown does not count among those that match."""
    if known.duplicate_of is not None:
        return Verdict((), tuple(Held(r.rule, "duplicate", known.duplicate_of) for r in match.routes))
    if known.twin_of is not None:
        return Verdict((), tuple(Held(r.rule, "twin", known.twin_of) for r in match.routes))
    cooling = known.cooling
    return Verdict(
        fires=tuple(r for r in match.routes if r.rule not in cooling),
        held=tuple(Held(r.rule, "cooldown", cooling[r.rule]) for r in match.routes if r.rule in cooling),
    )


def cooldown_key(route: Route, found: Print) -> str | None:
    """What the rule's cooldown is counted by for this print; None where the rule has no cooldown."""
    return None if route.cooldown_s <= 0 else key_of(found, route.cooldown_by)


def key_of(found: Print, by: By) -> str:
    """What a print has in common with those that it cools, or is counted with; empty where that is the rule alone.

    A print whose feed does not name the whole contract goes with those of which as much is known.
    """
    if by == "rule":
        return ""
    if by == "ticker":
        return found.ticker
    return found.contract or "|".join(
        str(part or "") for part in (found.ticker, found.type, found.strike, found.expiry)
    )


def is_twin(found: Print, *, time: datetime, size: int | None, premium: float | None) -> bool:
    """Whether `found` is the trade that another provider reported with these facts, in the same contract."""
    if found.time is None or abs((found.time - time).total_seconds()) > TWIN_WINDOW_S:
        return False
    return is_same_amount(found, size=size, premium=premium)


def is_same_amount(found: Print, *, size: int | None, premium: float | None) -> bool:
    """Whether two prints of one contract and moment tell of as much: by their size, else nearly by their premium."""
    if found.size is not None and size is not None:
        return found.size == size
    if found.premium is None or premium is None:
        return False
    return abs(found.premium - premium) <= TWIN_PREMIUM_TOLERANCE * max(found.premium, premium)
