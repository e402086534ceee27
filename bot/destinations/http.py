"""The one HTTP request that all platforms share: it knows what a failure of the network means, and no platform.

A library's errors hold URLs, and these URLs are secrets: they are translated here and go no further.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import aiohttp
import msgspec
from yarl import URL

from bot import __version__
from bot.model.answers import Picture
from bot.model.outcomes import DestinationDead, Retry, Unknown
from bot.model.secret import STARS

USER_AGENT: Final = f"DiscordBot (https://flowbot.example, {__version__})"
"""Discord documents `DiscordBot (url, version)` and may block others (reference, "User Agent"); Slack takes any."""
TOTAL_S: Final = 15.0
CONNECT_S: Final = 5.0
KEEP_ALIVE_S: Final = 30.0
MAX_BODY_BYTES: Final = 262_144
"""An answer to one post is a few kilobytes; the rest of a longer one is not read."""
MAX_PAGE_BYTES: Final = 8_388_608
"""A page of history: a hundred messages of at most some 40 kB each, as JSON with every character escaped."""
MAX_WORDS: Final = 300

_TIMEOUT = aiohttp.ClientTimeout(total=TOTAL_S, connect=CONNECT_S, sock_connect=CONNECT_S)
_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: at least its status line and headers arrived."""

    status: int
    headers: Mapping[str, str]
    """Looked up in any case of letters."""
    body: bytes
    """As much as arrived; a broken body is cut off. Whatever was secret in it is stars."""

    @property
    def is_2xx(self) -> bool:
        return 200 <= self.status < 300

    def json(self) -> dict[str, Any]:
        """The body as a JSON object; empty where it is anything else."""
        found = self._decoded()
        return found if isinstance(found, dict) else {}

    def rows(self) -> list[dict[str, Any]] | None:
        """The objects in the body's JSON array; None where it is no array, or not all of it arrived."""
        found = self._decoded()
        return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else None

    def words(self) -> str:
        """The body as one short line of text, for a person."""
        text = _TAG.sub(" ", self.body[:4096].decode("utf-8", "replace"))
        return trim(text)

    def _decoded(self) -> Any:
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None


Failure = Retry | Unknown | DestinationDead
"""What becomes of a request without an answer."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address, with what only the platform may read. Its URL is a secret too."""

    session: aiohttp.ClientSession
    url: URL = field(repr=False)
    secret: str = field(repr=False)
    """Starred out of every answer, should the platform repeat it; not empty."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def at(self, *path: str, **query: str) -> "Endpoint":
        """The place that many steps below this one, with `query` added to the query of this one."""
        below = self.url.joinpath(*path).with_query(self.url.query) if path else self.url
        return replace(self, url=below.update_query(query))

    async def post(self, body: object, picture: Picture | None = None) -> Reply | Failure:
        """Post `body` as JSON, once; beside a picture as Discord takes it. Raises nothing of the network's."""
        return await self._request("POST", body, picture)

    async def patch(self, body: object) -> Reply | Failure:
        """Change what stands here into `body`, which is absolute: an unknown outcome may be repeated."""
        return await self._request("PATCH", body)

    async def get(self) -> Reply | Failure:
        """Read what stands here, up to `MAX_PAGE_BYTES`; an unknown outcome may be repeated."""
        return await self._request("GET", max_bytes=MAX_PAGE_BYTES)

    async def _request(
        self, method: str, body: object = None, picture: Picture | None = None, *, max_bytes: int = MAX_BODY_BYTES
    ) -> Reply | Failure:
        """What counts is whether the request can have gone out. No connection: it cannot, so it is safe to try again.

        Anything after that is unknown, and so is a keep-alive connection that the server closes while we write: the
        server may have read the request first. `KEEP_ALIVE_S` keeps that race rare, and aiohttp never repeats a POST.
        """
        data, kind = _written(body, picture)
        try:
            response = await self.session.request(
                method,
                self.url,
                data=data,
                headers={**kind, **self.headers},
                allow_redirects=False,
                timeout=_TIMEOUT,
            )
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            return Retry(f"cannot connect: {_plainly(error)}")
        except aiohttp.InvalidURL:
            return DestinationDead("its URL cannot be used: check it in the configuration")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return Unknown(f"no answer: {_plainly(error)}")
        async with response:
            answer = await _read(response, max_bytes)
        return Reply(response.status, response.headers, answer.replace(self.secret.encode(), STARS.encode()))


def _written(body: object, picture: Picture | None) -> tuple[bytes | aiohttp.FormData | None, dict[str, str]]:
    """What goes over the wire, and its type where aiohttp does not give it.

    Beside a picture the JSON is the form's `payload_json`, the picture its `files[0]` (Discord, "Uploading Files").
    """
    if body is None:
        return None, {}
    json = msgspec.json.encode(body)
    if picture is None:
        return json, {"Content-Type": "application/json; charset=utf-8"}
    form = aiohttp.FormData()
    form.add_field("payload_json", json.decode(), content_type="application/json")  # from bytes it would be a file
    form.add_field("files[0]", picture.png, content_type="image/png", filename=picture.name)
    return form, {}


def open_session() -> aiohttp.ClientSession:
    """The session that all destinations share. The caller closes it. Needs a running loop."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(keepalive_timeout=KEEP_ALIVE_S),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": USER_AGENT},
        timeout=_TIMEOUT,
        trust_env=False,  # a proxy from the environment would read the webhook's URL
    )


def trim(text: str) -> str:
    """Anyone's text as one line of at most `MAX_WORDS` characters."""
    line = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    return line if len(line) <= MAX_WORDS else f"{line[: MAX_WORDS - 1]}…"


async def _read(response: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    """The status has arrived and decides; a body that breaks off, or comes too slowly, changes nothing."""
    body = b""
    try:
        while len(body) < max_bytes and (chunk := await response.content.read(max_bytes)):
            body += chunk
    except (aiohttp.ClientError, TimeoutError, OSError):
        pass
    return body


def _plainly(error: Exception) -> str:
    """The error without its URL."""
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "the server's name has no address"
    number = error.errno if isinstance(error, OSError) else None
    return os.strerror(number) if number and number > 0 else type(error).__name__
