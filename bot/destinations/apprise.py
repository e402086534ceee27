"""Posts plain text to whatever the Apprise library can notify. The library is optional, and is imported when built.

Apprise says only whether all went well, blocks, sleeps, and logs its URLs: it works in a thread of its own, one message
at a time, silenced. `Apprise` here is the library's class, `AppriseDestination` ours.
"""

import asyncio
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from bot.destinations import rates
from bot.destinations.catalog import Means
from bot.destinations.settings import AppriseSettings
from bot.model.alerts import Batch, Delivery, Edit
from bot.model.errors import InputError
from bot.model.outcomes import Blind, EditOutcome, Outcome, Permanent, Retry, Sent, Sight, Unknown
from bot.model.ports import Rate
from bot.render.card import Card, card
from bot.render.cards import cards_of
from bot.render.look import Look
from bot.render.terminal import render

if TYPE_CHECKING:
    from apprise import NotifyBase

MAX_CARDS: Final = 10
"""In one message, where the service takes that much text: it is read on telephones."""
TIMEOUT_S: Final = 30.0
"""Apprise waits four seconds for a connection and four for each answer, and some services take several requests."""
_UNWRAPPED: Final = 10_000
"""Characters a line: the reader's own window wraps."""
_PING: Final = re.compile(r"@(?=\w)|<(?=[!@#])")
_STATUS: Final = re.compile(r"\berror=(\d{3})\b")
"""As nearly all of Apprise's services log what an HTTP server answered."""


class AppriseDestination:
    """A `Destination`."""

    platform = "apprise"
    is_idempotent = False
    can_edit = False
    edit_buckets: Mapping[str, tuple[Rate, ...]] = MappingProxyType({})

    def __init__(
        self, name: str, service: "NotifyBase", buckets: Mapping[str, tuple[Rate, ...]], look: Look,
        now_ns: Callable[[], int],
    ) -> None:  # fmt: skip
        self.name = name
        self.buckets = buckets
        self._service = service
        self._look = look
        self._now_ns = now_ns
        self._thread = ThreadPoolExecutor(1, f"apprise-{name}")
        self._turn = asyncio.Lock()
        self._last: Future[str | None] | None = None

    def __repr__(self) -> str:
        return f"AppriseDestination({self.name!r}, {next(iter(self.buckets))})"

    def fit(self, deliveries: Sequence[Delivery]) -> int:
        now_ns = self._now_ns()
        cards = [card(delivery, self._look, now_ns) for delivery in deliveries[:MAX_CARDS]]
        room = self._service.body_maxlen - len(cards[0].headline) - 2 if cards else 0  # some services have no title
        for index, shown in enumerate(cards):
            room -= len(_text([shown])) + 2
            if room < 0:
                return max(index, 1)
        return len(cards)

    async def send(self, batch: Batch) -> Outcome:
        cards = cards_of(batch, self._look, self._now_ns())
        async with self._turn:
            return await self._send(cards)

    async def _send(self, cards: Sequence[Card]) -> Outcome:
        if self._last is not None and not self._last.done():
            # Given up, but a thread cannot be stopped; a message behind it would go out after we had given it up too.
            return Retry("the message before is still on its way")
        self._last = self._thread.submit(_notify, self._service, _harmless(cards[0].headline), _harmless(_text(cards)))
        try:
            async with asyncio.timeout(TIMEOUT_S):
                failure = await asyncio.wrap_future(self._last)
        except TimeoutError:
            return Unknown(f"Apprise has not come back within {TIMEOUT_S:g} s")
        # Not Retry: "no" may mean refused, not reached, answered too late, or taken by one of several receivers, and
        # Apprise does not tell which. The message may be there: `on_unknown` is the admin's word on just that.
        return Sent() if failure is None else Unknown(failure)

    async def edit(self, edit: Edit) -> EditOutcome:
        return Permanent("what was sent by Apprise cannot be edited")

    async def find(self, batch: Batch) -> Sight:
        return Blind("Apprise cannot look what was sent")

    async def close(self) -> None:
        """A message on its way is left to itself: nobody can stop it."""
        self._thread.shutdown(wait=False, cancel_futures=True)


def build(name: str, settings: AppriseSettings, means: Means) -> AppriseDestination:
    """The destination of these settings. Raises InputError where the library does not know the URL."""
    url = settings.url.reveal()
    service = _service(url)
    if service is None:
        raise InputError(
            f'destination "{name}": the apprise library does not understand its url; '
            "https://appriseit.com lists the services and how their URLs are written"
        )
    # Apprise would sleep for its services' paces, and with it the thread: the lane keeps them instead.
    gap_s = float(service.request_rate_per_sec)
    service.request_rate_per_sec = 0
    buckets = {f"apprise:{rates.digest(url)}": (Rate(1, gap_s),) if gap_s > 0 else ()}
    return AppriseDestination(name, service, buckets, means.look, means.now_ns)


def _service(url: str) -> "NotifyBase | None":
    """What Apprise makes of the URL: one service, that sends one message for each of ours."""
    from apprise import Apprise, AppriseAsset, OverflowMode

    _silence()
    # No threads of its own, no limit but ours, and neither files nor redirects.
    asset = AppriseAsset(
        app_id="flowbot", async_mode=False, service_timeout=0, storage_mode="memory", http_redirects=False
    )
    service = Apprise.instantiate(url, asset=asset)
    if service is not None and service.overflow_mode is OverflowMode.UPSTREAM:
        service.overflow_mode = OverflowMode.TRUNCATE
    return service


def _silence() -> None:
    """Both log URLs, and only they know which parts are secret: their lines stay within their own loggers."""
    for library in ("apprise", "urllib3"):  # each has a handler of its own, which writes nothing
        logging.getLogger(library).propagate = False


def _notify(service: "NotifyBase", title: str, text: str) -> str | None:
    """Runs in the thread: why it failed, as far as one can tell; None: it did not."""
    from apprise import Apprise, NotifyFormat

    sender = Apprise(service)
    result = sender.notify(text, title=title, body_format=NotifyFormat.TEXT)
    if result:
        return None
    # The library's words may hold parts of the URL; a status is a number.
    statuses = sorted({status for entry in result.logs() for status in _STATUS.findall(entry.message)})
    answers = f" (HTTP {', '.join(statuses)})" if statuses else ""
    return f"Apprise says that it failed{answers}, not why: try the URL with its own command, apprise -vv -b test"


def _text(cards: Sequence[Card]) -> str:
    return "\n\n".join(render(shown, width=_UNWRAPPED) for shown in cards)


def _harmless(text: str) -> str:
    """Some services read `@everyone` and `<!channel>` in plain text: an invisible space breaks what upstream wrote."""
    return _PING.sub(lambda found: f"{found[0]}\u200b", text)
