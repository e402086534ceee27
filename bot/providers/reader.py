"""Reads one session's frames: a print to the intake and the tape, and whatever else a vendor says, heeded.

How a session begins and ends, `stream` knows; what a frame means, `Feed.decode`.
"""

from collections.abc import Callable
from typing import Final

import structlog

from bot.model.errors import FrameError
from bot.model.ports import Frame, Intake, ProviderStatus
from bot.model.prints import Print
from bot.providers.backoff import End
from bot.providers.connection import DATA, Connection
from bot.providers.feed import ErrorFrame, Feed, Heartbeat, Note, Several, Subscribed, Unwelcome, Welcome
from bot.providers.heard import Heard

log = structlog.get_logger()

BUG: Final = "{} in decoding; please report this frame"


class Reader:
    """One session's."""

    def __init__(
        self,
        feed: Feed,
        status: ProviderStatus,
        heard: Heard,
        intake: Intake,
        *,
        now_ns: Callable[[], int],
        welcomed: Callable[[], None],
    ) -> None:
        """`welcomed` is called when the vendor lets us in, where it says so."""
        self._feed = feed
        self._status = status
        self._heard = heard
        self._intake = intake
        self._record = intake.record
        self._now_ns = now_ns
        self._welcomed = welcomed
        self.is_held = False
        """The intake is full: it is we who do not listen."""
        self.complaint = ""
        """What the vendor complained of last, without the key."""

    async def read(self, connection: Connection) -> End:
        """The hot loop: nothing but what each frame needs, and no await beside the one for the next frame.

        That one gives the event loop a turn only when all that one read of the socket brought (256 KiB at most) has
        been taken: some ten milliseconds of work.
        """
        receive, now_ns, status = connection.receive, self._now_ns, self._status
        intake, record = self._intake, self._record
        decode, accept, name = self._feed.decode, intake.accept, self._feed.name
        keep = self._heard.latest.append
        has_bug = False
        while True:
            kind, raw, words = await receive()
            if kind not in DATA:
                if (end := await connection.heed(kind, raw, words)) is not None:
                    return end
                continue
            received_ns = status.last_frame_ns = now_ns()
            try:
                found = decode(raw, received_ns, name)
            except FrameError as error:
                self._reject(error.reason, error.detail, raw)
            except Exception as bug:  # in one frame's decoding; it must not end the feed
                self._reject("bug", BUG.format(type(bug).__name__), raw)
                if not has_bug:
                    has_bug = True
                    log.exception("provider.decode_bug", provider=name)
            else:
                if type(found) is Print:
                    accept(found)
                    keep(found)
                    if record is not None:
                        record(name, received_ns, raw)
                elif (refusal := self._heed(found, raw)) is not None:
                    await connection.hang_up(refusal)
            if intake.is_full:
                # Pings of the server's are not answered meanwhile: better to lose the session than what it sent.
                self.is_held = True
                await intake.room()
                self.is_held = False

    def _reject(self, reason: str, detail: str, raw: bytes) -> None:
        self._intake.reject(self._feed.name, reason, self._feed.scrub(detail), self._taped(raw))

    def _taped(self, raw: bytes) -> Frame:
        """The frame without the key, which a server may quote where it complains: recorded, and returned."""
        frame: Frame
        try:
            frame = self._feed.scrub(raw.decode())
        except UnicodeDecodeError:
            frame = raw
        if self._record is not None:
            self._record(self._feed.name, self._status.last_frame_ns, frame)
        return frame

    def _heed(self, note: Print | Note, raw: bytes) -> End | None:
        """What is not one print. How the session is to end, if the vendor does not want us."""
        match note:
            case Several():
                self._take_in(note, raw)
            case ErrorFrame(message):
                self.complaint = self._status.last_error = self._feed.scrub(message)
                self._reject("error_frame", self.complaint, raw)
                log.warning("provider.error_frame", provider=self._feed.name, message=self.complaint)
            case Subscribed(tickers):
                self._taped(raw)
                wanted = frozenset(self._feed.tickers)
                if tickers is not None and tickers != wanted:
                    log.warning(
                        "provider.subscription_differs", provider=self._feed.name,
                        missing=sorted(wanted - tickers), unasked=sorted(tickers - wanted),
                    )  # fmt: skip
            case Welcome():
                self._taped(raw)
                self._welcomed()
            case Unwelcome(message):
                self._taped(raw)
                return End("auth", f"the server refused our first message: {message}; is the api_key right?")
            case Heartbeat() | Print():
                self._taped(raw)
        return None

    def _take_in(self, found: Several, raw: bytes) -> None:
        intake = self._intake
        for print_ in found.prints:
            intake.accept(print_)
        self._heard.latest.extend(found.prints)
        for print_ in found.cancelled:
            intake.cancel(print_)
        if found.faults:
            frame = self._taped(raw)
            for fault in found.faults:
                intake.reject(self._feed.name, fault.reason, self._feed.scrub(fault.detail), frame)
        elif self._record is not None:
            self._record(self._feed.name, self._status.last_frame_ns, raw)
