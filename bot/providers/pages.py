"""Prints that come by REST: a page's rows decoded one by one, and the way from one page to the next. Sends nothing.

RadarPulse documents a paginated flow, and not how its pages follow one another: whatever an answer offers is followed,
and nothing is assumed of the order. What is seen to hold (rows in rising order) may save requests.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Final
from urllib.parse import parse_qsl, urlsplit

import msgspec

from bot.model.errors import FrameError
from bot.model.prints import Print
from bot.providers.answers import split

CURSORS: Final = ("next", "nextCursor", "cursor")
MAX_CURSOR: Final = 2048
SMALLEST_PAGE: Final = 25
"""A vendor's page may hold less than was asked for; fewer than the guide's own sample asks for is taken for all."""
NS_PER_MS: Final = 1_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_KEYS: Final = ("api_key", "apikey", "apiKey", "key", "token", "x-api-key")
"""Never sent on from a link, should a vendor put our key in it."""

Query = Mapping[str, str]
Read = Callable[[bytes], Print]
"""A row's JSON -> its print. Raises FrameError."""


class Rejected(msgspec.Struct, frozen=True):
    """A row that cannot become a print: FrameError's reason and detail, and the row."""

    reason: str
    detail: str
    raw: bytes


class Page(msgspec.Struct, frozen=True):
    """Prints that one answer gave, none of them twice in one fetch."""

    prints: tuple[Print, ...] = ()
    raws: tuple[bytes, ...] = ()
    """The row of each print, as it was sent: what a tape keeps."""
    rejected: tuple[Rejected, ...] = ()
    cancelled: tuple[Print, ...] = ()
    """Prints that the vendor takes back."""
    is_cut: bool = False
    """The last page, though there may be more: the bound on pages was reached, the vendor's pages go in circles, or it
    sends the newest first and offers no way to the rest."""


class Span(msgspec.Struct, frozen=True):
    """From when to when prints are wanted, in unix ns, both inclusive; None: no such bound. A print without a time is
    in every span."""

    since_ns: int | None = None
    until_ns: int | None = None

    def has(self, time: datetime | None) -> bool:
        if time is None:
            return True
        at_ns = ms_of(time) * NS_PER_MS  # vendors tell milliseconds, so a bound within one counts it whole
        after = self.since_ns is None or at_ns >= self.since_ns // NS_PER_MS * NS_PER_MS
        return after and (self.until_ns is None or at_ns <= self.until_ns)


def ms_of(time: datetime) -> int:
    """Unix milliseconds, rounded down."""
    return (time - _EPOCH) // timedelta(milliseconds=1)


def page_of(rows: list[bytes], read: Read) -> Page:
    """The rows' prints, each decoded alone."""
    return _Walk(read, Span()).page(rows)


async def walk(
    ask: Callable[[Query], Awaitable[bytes]], read: Read, span: Span, *, limit: int, max_pages: int
) -> AsyncIterator[Page]:
    """The prints in `span`, page by page of `limit` rows, until a page adds nothing or is the tail of a live session.

    Sends `since` in unix ms; then the cursor that an answer offers; where it offers none, `since` of the newest print.
    Raises what `ask` raises, and VendorError: bad_answer.
    """
    steps: set[tuple[tuple[str, str], ...]] = set()
    position: dict[str, str] = {}
    if span.since_ns is not None:
        position = {"since": str(span.since_ns // NS_PER_MS)}
    taken, cursor, fullest = _Walk(read, span), dict[str, str](), 0
    for number in range(1, max_pages + 1):
        steps.add(tuple(sorted(position.items())))
        rows, rest = split(await ask({"limit": str(limit), **position}), "data")
        page = taken.page(rows)
        had_cursor, cursor = bool(cursor), cursor_of(rest)
        if cursor:
            position = {**position, **cursor}
        elif not had_cursor and taken.latest_ms is not None:
            position = {"since": str(taken.latest_ms)}
            # Newest first, and no way to older ones: they are out of reach.
            taken.is_doubtful = taken.is_doubtful or (len(rows) >= min(limit, SMALLEST_PAGE) and not taken.is_rising)
        # A step taken before would bring what it brought before; and where pages had cursors, the last has none.
        is_circle = tuple(sorted(position.items())) in steps
        # By `since`, a live session always has one more: whoever sends half a page or less is at its end.
        is_tail = not cursor and 2 * len(rows) <= fullest
        fullest = max(fullest, len(rows))
        is_over = not taken.has_added or taken.is_beyond or is_circle or is_tail
        is_last = is_over or number == max_pages
        may_be_more = taken.is_doubtful or (is_circle and taken.has_added and bool(cursor)) or not is_over
        yield msgspec.structs.replace(page, is_cut=is_last and may_be_more)
        if is_last:
            return


def cursor_of(rest: Mapping[str, object]) -> dict[str, str]:
    """The query of the next page, as an answer offers it; empty where it offers none.

    It may be a token, or a link: of that only the query is taken, for a key follows no link to another host.
    """
    for name in CURSORS:
        offered = rest.get(name)
        if isinstance(offered, bool) or not isinstance(offered, (str, int)) or offered == "":
            continue
        text = str(offered)
        if len(text) > MAX_CURSOR or not text.isprintable():
            continue
        if text.startswith(("http://", "https://", "/", "?")):
            return {key: value for key, value in parse_qsl(urlsplit(text).query) if key not in _KEYS}
        return {"cursor": text}
    return {}


class _Walk:
    """What has been seen on the way."""

    def __init__(self, read: Read, span: Span) -> None:
        self._read = read
        self._span = span
        self._seen: set[bytes] = set()
        self._first_ms: int | None = None
        self.latest_ms: int | None = None
        self.has_added = False
        """The last page had a row that no page had before."""
        self.is_rising = True
        """Rows have come in the order of their time, and each had one."""
        self.is_doubtful = False
        """There may be prints in the span that no page can show."""

    @property
    def is_beyond(self) -> bool:
        """Rows have come in rising order, and are past the span: so will the rest be."""
        first, latest = self._first_ms, self.latest_ms
        return self.is_rising and first is not None and latest is not None and first < latest and self._is_past(latest)

    def page(self, rows: list[bytes]) -> Page:
        prints: list[Print] = []
        raws: list[bytes] = []
        rejected: list[Rejected] = []
        self.has_added = False
        for raw in rows:
            try:
                found = self._read(raw)
            except FrameError as error:
                if self._is_new(blake2b(raw, digest_size=16).digest()):
                    rejected.append(Rejected(error.reason, error.detail, raw))
                continue
            self._heed(found.time)
            if self._is_new(found.identity) and self._span.has(found.time):
                prints.append(found)
                raws.append(raw)
        return Page(tuple(prints), tuple(raws), tuple(rejected))

    def _is_new(self, identity: bytes) -> bool:
        if identity in self._seen:
            return False
        self._seen.add(identity)
        self.has_added = True
        return True

    def _is_past(self, time_ms: int) -> bool:
        return self._span.until_ns is not None and time_ms * NS_PER_MS > self._span.until_ns

    def _heed(self, time: datetime | None) -> None:
        if time is None:
            self.is_rising = False
            return
        at_ms = ms_of(time)
        if self.latest_ms is None or self._first_ms is None:
            self._first_ms = self.latest_ms = at_ms
            return
        self.is_rising = self.is_rising and at_ms >= self.latest_ms
        self._first_ms, self.latest_ms = min(self._first_ms, at_ms), max(self.latest_ms, at_ms)
