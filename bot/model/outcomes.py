"""What became of one attempt to send a batch, typed, so that the engine can obey without guessing."""

import msgspec


class Pace(msgspec.Struct, frozen=True):
    """What a platform's answer said about its rate limits; None where it said nothing."""

    remaining: int | None = None
    """Requests left in the bucket's window."""
    reset_after_s: float | None = None
    """Seconds until the window resets."""
    bucket: str | None = None
    """The platform's own name of the bucket; routes that share it share the pace, for one major parameter."""


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


class Gone(msgspec.Struct, frozen=True, tag="gone"):
    """The message that we wanted to edit is deleted, or can be edited no more: post anew."""

    reason: str


class Absent(msgspec.Struct, frozen=True, tag="absent"):
    """We looked at the channel, and the message is not there."""


class Blind(msgspec.Struct, frozen=True, tag="blind"):
    """Nobody can look: the platform has no way, or we may not."""

    reason: str


Outcome = Sent | Retry | Permanent | DestinationDead | Unknown
"""Of a post."""
EditOutcome = Outcome | Gone
"""Of an edit. DestinationDead parks nothing: we may not edit this message, that is all."""
Sight = Sent | Absent | Blind | Retry
"""Of a look whether a message is there. Retry: look again later."""
