"""What a print is to an alert that cools its rule: the same trade idea again, or another; and what is made of it."""

from bot.model.matches import Route
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
