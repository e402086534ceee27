"""A vendor's prints by REST, for whoever polls and whoever fills a gap; and how they are handed over."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import msgspec

from bot.model.ports import Intake
from bot.model.prints import Print
from bot.providers.budget import DAY_S, Budget, Quota, Spent
from bot.providers.heard import Heard
from bot.providers.pages import Page, Span


class Source(Protocol):
    """One key's prints. Pages may hold more than is asked for. Both reads raise VendorError."""

    @property
    def budget(self) -> Budget: ...

    @property
    def client(self) -> object:
        """The vendor's whole REST API for that key, `RadarPulseRest` say, for whoever answers questions: what is asked
        through it counts towards the same budget. None where there is no more than prints."""

    def latest(self, since_ns: int) -> AsyncIterator[Page]:
        """The current session's prints from then on, unix nanoseconds."""

    def missed(self, from_ns: int, to_ns: int) -> AsyncIterator[Page]:
        """The prints between, of the current session first, then of earlier ones."""

    def frame(self, raw: bytes) -> bytes:
        """A row as the stream would have sent it: what a tape keeps."""

    async def close(self) -> None:
        """May be called twice."""


_LAST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Marks:
    """What is said of prints that were handed over, beside what they say themselves."""

    is_recovered: bool = False
    is_delayed: bool = False


def spent_of(used: int, now_s: float, tiers: tuple[Quota, ...]) -> Spent | None:
    """What the budget begins with where `used` requests of today are known; it is on the smallest plan that fits."""
    if not used:
        return None
    fits = (tier for tier in tiers if tier.per_day is None or used <= tier.per_day)
    return Spent((now_s // DAY_S + 1) * DAY_S, used, next(fits, tiers[-1]))


async def hand_over(
    page: Page, source: Source, intake: Intake, heard: Heard, *, name: str, span: Span, marks: Marks
) -> int:
    """Give `intake` the page's unseen prints of `span`, the oldest first; how many there were."""
    await heard.catch_up()
    count, taped = 0, b""
    for found, raw in sorted(zip(page.prints, page.raws, strict=True), key=_when):
        if intake.is_full:
            await intake.room()
        # What is outside the span is not remembered: another gap may be in want of it.
        if not span.has(found.time) or not heard.is_new(found):
            continue
        if intake.record is not None and raw is not taped:  # one that holds several prints is recorded once
            intake.record(name, found.received_ns, source.frame(raw))
            taped = raw
        intake.accept(_marked(found, marks))
        count += 1
    for found in page.cancelled:
        if heard.is_new_row(b"cancelled" + found.identity):
            intake.cancel(found)
    for row in page.rejected:
        if heard.is_new_row(row.raw):
            intake.reject(name, row.reason, row.detail, row.raw)
    return count


def _when(row: tuple[Print, bytes]) -> datetime:
    return row[0].time or _LAST


def _marked(found: Print, marks: Marks) -> Print:
    return msgspec.structs.replace(found, is_recovered=marks.is_recovered, is_delayed=marks.is_delayed)
