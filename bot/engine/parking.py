"""Whether a destination is parked, because its platform refuses us there: told once to log, metric and admins.

That of one person is told to nobody here: whoever makes lanes for people knows what it means, and what is to be done.
"""

import structlog

from bot.engine.decision import PROBE_S
from bot.engine.shared import Shared
from bot.model.alerts import Notice
from bot.model.people import person_at

log = structlog.get_logger()

REMEDY = "mend the destination's URL, token, channel or permissions, then run `flowbot reload`"


class Parking:
    """The state of one destination."""

    def __init__(self, name: str, shared: Shared) -> None:
        self.reason = ""
        """The platform's words; empty while it is not parked."""
        self._name = name
        self._is_personal = person_at(name) is not None
        self._shared = shared

    def park(self, reason: str, *, waiting: int) -> None:
        """The platform refuses us, with `waiting` alerts to post."""
        if not self._is_personal:
            if not self.reason:
                log.error("destination.parked", destination=self._name, reason=reason, remedy=REMEDY)
                self._shared.tell(f"parked:{self._name}", _notice(self._name, reason, waiting))
            self._shared.metrics.parked.labels(self._name).set(1)
        self.reason = reason

    def unpark(self) -> None:
        """The platform speaks to us again, or somebody says that it will."""
        if not self._is_personal:
            if self.reason:
                log.info("destination.unparked", destination=self._name)
            self._shared.metrics.parked.labels(self._name).set(0)
        self.reason = ""


def _notice(name: str, reason: str, waiting: int) -> Notice:
    return Notice(
        f"{name} is parked",
        (
            f"The platform says: {reason}",
            f"{waiting} {'alert waits' if waiting == 1 else 'alerts wait'} for it.",
            f"What to do: {REMEDY}.",
            f"Or flowbot finds out by itself: it tries again in {PROBE_S / 60:.0f} minutes, then ever less often.",
        ),
    )
