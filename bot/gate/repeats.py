"""What a print is to an alert that cools its rule: the same trade idea again, or another; and what is made of it."""

from collections.abc import Mapping

import msgspec

from bot.model.matches import Match, Route, Verdict
from bot.model.prints import Print
from bot.model.terms import RepeatMode, Terms


def is_repeat(found: Print, earlier: Print) -> bool:
    """Whether `found` says of the same contract and side what `earlier` has said already.

    A side that neither print knows is the same side: a feed without sides repeats itself too. A contract that is
    not wholly known is never the same.
    """
    return found.contract is not None and found.contract == earlier.contract and found.side == earlier.side


def mode(route: Route, terms: Terms) -> RepeatMode:
    """What this rule makes of a repeat at a destination with these terms."""
    wanted = route.repeats or terms.repeats
    return "drop" if wanted == "edit" and not terms.can_edit else wanted


def fires(match: Match, verdict: Verdict, modes: Mapping[str, Mapping[str, RepeatMode]]) -> tuple[Route, ...]:
    """In the match's order: the verdict's, and those whose repeats are posted anew, to those destinations only.

    `modes`: of each rule in cooldown that is repeated, what it makes of that at each destination.
    """
    found = {route.rule: route for route in verdict.fires}
    for route in match.routes:
        anew = tuple(destination for destination, how in modes.get(route.rule, {}).items() if how == "post")
        if anew:
            found[route.rule] = msgspec.structs.replace(route, send_to=anew)
    return tuple(found[route.rule] for route in match.routes if route.rule in found)
