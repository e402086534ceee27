"""What an HTTP status says about one request, where no platform's own code says more. Pure."""

from typing import Final

from bot.model.outcomes import Blind, DestinationDead, Outcome, Permanent, Retry, Sent, Unknown

REFUSED: Final = frozenset({408, 425, 500, 503, 521, 523, 525, 526})
"""Surely not carried out. 408: the request never arrived whole. 425: refused unread. 500 and 503: the platform says
that it failed. 521, 523, 525, 526: Cloudflare could not reach the server or agree on TLS, so nobody read it."""
DEAD: Final = frozenset({401, 403, 404, 410})


def by_status(status: int, words: str) -> Outcome:
    """The outcome of any status but 2xx and 429; `words` are the platform's, trimmed.

    A 5xx that is not among `REFUSED` (502, 504, Cloudflare's 520, 522, 524 …) is a gateway's word about a server that
    may well have posted the message: unknown. A redirect is no API's answer: the address is wrong, or a proxy's page.
    """
    reason = f"HTTP {status}: {words}" if words else f"HTTP {status}"
    if status in REFUSED:
        return Retry(reason)
    if status >= 500:
        return Unknown(reason)
    if status in DEAD or 300 <= status < 400:
        return DestinationDead(reason)
    return Permanent(reason)


def unseen(outcome: Outcome) -> Blind | Retry:
    """Why a look at a channel's history showed nothing, from what the request came to.

    A look changes nothing, so one that is unknown may be repeated, and so may one whose answer arrived in pieces. One
    that was refused would be refused again; that the bot may not read says nothing about whether it may post.
    """
    if isinstance(outcome, Retry):
        return outcome
    if isinstance(outcome, Sent):
        return Retry("the history that came back cannot be read")
    return Retry(outcome.reason) if isinstance(outcome, Unknown) else Blind(outcome.reason)
