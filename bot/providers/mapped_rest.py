"""HTTP for mapped feeds: the session that some want before their stream, and polls of one address."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Final

from multidict import MultiDict
from yarl import URL

from bot.flow.facts import load
from bot.flow.mapping.evaluate import value_at
from bot.flow.mapping.reading import Map
from bot.model.errors import FrameError, VendorError
from bot.model.prints import Print
from bot.model.secret import Secret
from bot.providers.answers import parse
from bot.providers.backoff import End
from bot.providers.budget import Budget
from bot.providers.connection import NoSession
from bot.providers.feed import Several
from bot.providers.mapped_auth import headers, key_of, query
from bot.providers.mapped_frames import decoder, taken_apart
from bot.providers.mapped_settings import MappedSettings, SessionSettings, SinceSettings
from bot.providers.pages import Page, Rejected
from bot.providers.polling import REASONS
from bot.providers.rest import Access, Clock, Rest
from bot.providers.surroundings import Surroundings

MAX_ID: Final = 4096
"""Characters of a session's id: some are signed tokens."""
_TURN: Final = 250
"""Records read before others get a turn: some milliseconds."""


class _Address:
    """One address. Asks once: whoever wants an answer knows himself when to ask again."""

    def __init__(self, name: str, url: str, settings: MappedSettings, around: Surroundings) -> None:
        address = URL(url)
        base = str(address.with_query(None))
        self._query = MultiDict([*address.query.items(), *query(settings, None).items()])
        access = Access(name, base, key_of(settings), headers(settings, None))
        self.rest = Rest(access, Budget(), clock=Clock(around.now_ns, around.sleep), patience_s=0.0)

    async def get(self, **more: str) -> bytes:
        return await self.rest.get(query=MultiDict([*self._query.items(), *more.items()]))

    async def post(self) -> bytes:
        return await self.rest.post(body=None, query=self._query)


async def ask_session(name: str, settings: MappedSettings, wanted: SessionSettings, around: Surroundings) -> Secret:
    """A new session's id. Raises NoSession."""
    address = _Address(name, wanted.post, settings, around)
    try:
        answer = parse(await address.post())
    except VendorError as refused:
        told = f"the session was refused: {refused.detail}"
        raise NoSession(End(REASONS[refused.kind], told, refused.after_s)) from None
    finally:
        await address.rest.close()
    found = value_at(wanted.path)(answer, answer)
    text = str(found) if isinstance(found, (str, int)) and not isinstance(found, bool) else ""
    if not text or len(text) > MAX_ID or not (text.isascii() and text.isprintable()):
        raise NoSession(End("bad_handshake", f"the answer to auth.session.post has no session's id at {wanted.path}"))
    return Secret(text)


class MappedSource:
    """See `bot.providers.source.Source`. There is one list, which holds what the feed still has."""

    def __init__(self, name: str, settings: MappedSettings, around: Surroundings, used: int = 0) -> None:
        """How many requests were `used` says nothing here: nobody knows how many there are."""
        self._name = name
        self._settings = settings
        self._now_ns = around.now_ns
        self._address = _Address(name, settings.url or "", settings, around)
        self._map = Map(settings.map)
        self._decode = decoder(self._map)

    @property
    def budget(self) -> Budget:
        return self._address.rest.budget

    @property
    def client(self) -> None:
        return None

    async def latest(self, since_ns: int) -> AsyncIterator[Page]:
        """See the port."""
        since = self._settings.since
        body = await self._address.get(**({since.query: _moment(since, since_ns)} if since else {}))
        yield await self._page(body)

    async def missed(self, from_ns: int, to_ns: int) -> AsyncIterator[Page]:
        """See the port."""
        async for page in self.latest(from_ns):
            yield page

    def frame(self, raw: bytes) -> bytes:
        return raw

    async def close(self) -> None:
        await self._address.rest.close()

    async def _page(self, body: bytes) -> Page:
        """The prints in an answer. Raises VendorError for one that the map finds nothing in."""
        try:
            self._map.records(load(body))
            frames = taken_apart(self._settings.map, body)
        except FrameError as error:
            raise VendorError("bad_answer", f"the map finds nothing in the answer: {error}") from None
        received_ns = self._now_ns()
        rows: list[tuple[Print, bytes]] = []
        cancelled: list[Print] = []
        rejected: list[Rejected] = []
        for count, raw in enumerate(frames, 1):
            found = self._read(raw, received_ns)
            rows += [(each, raw) for each in found.prints]
            cancelled += found.cancelled
            # Of a frame with several, which is rare, the first stands for all: they would be the same row.
            rejected += [Rejected(fault.reason, fault.detail, raw) for fault in found.faults[:1]]
            if count % _TURN == 0:
                await asyncio.sleep(0)
        return Page(
            prints=tuple(each for each, _ in rows),
            raws=tuple(raw for _, raw in rows),
            rejected=tuple(rejected),
            cancelled=tuple(cancelled),
        )

    def _read(self, raw: bytes, received_ns: int) -> Several:
        try:
            found = self._decode(raw, received_ns, self._name)
        except FrameError as error:
            return Several(faults=(error,))
        if isinstance(found, Print):
            return Several((found,))
        return found if isinstance(found, Several) else Several()


def _moment(since: SinceSettings, at_ns: int) -> str:
    match since.unit:
        case "s":
            return str(at_ns // 1_000_000_000)
        case "ms":
            return str(at_ns // 1_000_000)
        case "iso":
            moment = datetime.fromtimestamp(at_ns // 1_000_000_000, UTC)
            return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
