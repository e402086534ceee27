"""What became of one attempt to send a batch, typed, so that the engine can obey without guessing."""

import msgspec


class Pace(msgspec.Struct, frozen=True):
    """What a platform's answer said about its rate limits; None where it said nothing."""

    remaining: int | None = None
    """Requests left in the bucket's window."""
    reset_after_s: float | None = None
    """Seconds until the window resets."""


class Sent(msgspec.Struct, frozen=True, tag="sent"):
    """The platform took the message (any 2xx, even with a body we cannot read)."""

    message_id: str | None = None
    channel: str | None = None
    """The platform's channel id, where the answer names it."""
    url: str | None = None
    pace: Pace = Pace()


class Retry(msgspec.Struct, frozen=True, tag="retry"):
    """Surely not delivered; trying again may help. `after_s` None: the caller's own backoff decides."""

    reason: str
    after_s: float | None = None
    is_asked: bool = False
    """The platform asked for this wait (429): not a failed attempt."""
    is_global: bool = False
    """The wait holds for every bucket that shares the credential, not for this one alone."""
    pace: Pace = Pace()


class Permanent(msgspec.Struct, frozen=True, tag="permanent"):
    """The platform will never take this message (a 400); with several alerts in it, one of them is at fault."""

    reason: str


class DestinationDead(msgspec.Struct, frozen=True, tag="dead"):
    """The platform refuses us at this destination (401, 403, 404, a revoked hook): park it, tell the admins."""

    reason: str


class Unknown(msgspec.Struct, frozen=True, tag="unknown"):
    """The request may have been carried out: timeout or reset after it went out, 502, 504."""

    reason: str


Outcome = Sent | Retry | Permanent | DestinationDead | Unknown
