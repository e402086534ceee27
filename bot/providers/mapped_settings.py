"""What an admin writes about a mapped provider: the map, and how its feed is reached. Opens nothing."""

import re
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import core_schema

from bot.config.units import PLACEHOLDER, Duration, VendorUrl
from bot.config.wording import suggest
from bot.flow.mapping.settings import ConditionMap, JsonPath, MapSettings
from bot.providers.feed import ApiKey, RestUrl
from bot.providers.inbound import HookPath
from bot.providers.maps import names, ready_map
from bot.providers.messages import check_placeholders, placeholders

_KEY_IN_URL = re.compile(r"#|[?&](api_?key|key|token)=", re.IGNORECASE)
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
SCHEMES = {"websocket": ("wss", "ws"), "poll": ("https", "http")}
COMMON = frozenset({"type", "map", "transport", "api_key", "delayed"})
OWN = {
    "websocket": frozenset({"url", "auth", "subscribe", "tickers", "heartbeat", "silence"}),
    "poll": frozenset({"url", "auth", "tickers", "every", "since"}),
    "webhook": frozenset({"path"}),
}
"""What each transport has beside what all have."""


def _named_map(raw: object) -> object:
    if not isinstance(raw, str):
        return raw
    try:
        return ready_map(raw)
    except KeyError:
        raise ValueError(f"no map comes by that name{suggest(raw, names())}") from None


def _checked(raw: object) -> object:
    check_placeholders(raw)
    return raw


def _once(texts: dict[str, str]) -> dict[str, str]:
    if "ticker" in placeholders(texts):
        raise ValueError("{ticker} makes a message for each ticker; expected {tickers}, which is all of them")
    return texts


def _sendable(headers: dict[str, str]) -> dict[str, str]:
    for name, text in headers.items():
        if not _HEADER_NAME.fullmatch(name) or not (text.isascii() and text.isprintable()):
            raise ValueError("expected names and texts of plain characters, such as {Authorization: 'Bearer {key}'}")
    return headers


class _NameOrMap:
    """Gives the field of a map, which may be a name in its place, the JSON Schema of both."""

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        named = [{"enum": list(names())}, {"type": "string", "pattern": PLACEHOLDER}]
        return {"anyOf": [*named, handler(schema)]}


def _bare(url: str) -> str:
    if _KEY_IN_URL.search(url):
        raise ValueError("expected a URL without a key; the key goes into api_key, and {key} into auth")
    return url


NamedOrInlineMap = Annotated[MapSettings, BeforeValidator(_named_map), _NameOrMap()]
FeedUrl = Annotated[VendorUrl, AfterValidator(_bare)]
Message = Annotated[
    Any,
    BeforeValidator(_checked),
    WithJsonSchema({"description": "What is sent, as JSON: {key}, {session}, {tickers} and {ticker} are filled in."}),
]
Texts = Annotated[dict[str, str], BeforeValidator(_checked), AfterValidator(_once)]
Headers = Annotated[Texts, AfterValidator(_sendable)]
Ticker = Annotated[str, Field(pattern=r"^[!-~]{1,40}$")]


class SessionSettings(BaseModel):
    """A session that is asked for by HTTP before the feed is opened; its id is {session} from then on."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    post: RestUrl = Field(description="The address to POST to; it gets the header and the query of auth.")
    path: JsonPath = Field(description="Where in the answer the session's id is, such as stream.sessionid.")


class AuthSettings(BaseModel):
    """How the feed knows us. {key} stands for api_key, {session} for the session's id."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    header: Headers = Field(
        {}, description="Headers of the handshake and of requests: {Authorization: 'Bearer {key}'}."
    )
    query: Texts = Field({}, description="Added to the URL: {token: '{key}'}.")
    first_message: Message | None = Field(None, description="Sent as soon as the socket is open.")
    wait_for: ConditionMap = Field((), description="The record that says yes to first_message: {status: auth_success}.")
    refused: ConditionMap = Field((), description="The record that says no: {status: auth_failed}.")
    session: SessionSettings | None = Field(None, description="Asked for first, by HTTP.")

    @model_validator(mode="after")
    def _belong_together(self) -> Self:
        if self.first_message is None and (self.wait_for or self.refused):
            raise ValueError("wait_for and refused are answers to a first_message; there is none")
        return self


class HeartbeatSettings(BaseModel):
    """A message of ours that keeps the connection alive."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    every: Duration = Field(30.0, ge=1, description="How often.")
    message: Message = Field(description="What is sent.")


class SinceSettings(BaseModel):
    """How a poll asks for what is new."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    query: str = Field(min_length=1, description="The parameter that takes the newest print's time: newer_than.")
    unit: Literal["s", "ms", "iso"] = Field("ms", description="The form of that time.")


class MappedSettings(BaseModel):
    """Any JSON feed, read by a map."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    type: Literal["mapped"] = Field(description="Any feed, by a map.")
    map: NamedOrInlineMap = Field(description="The name of a map that comes with flowbot, or a map.")
    transport: Literal["websocket", "poll", "webhook"] = Field(
        "websocket", description="We listen to a stream, we ask now and then, or they send to us."
    )
    url: FeedUrl | None = Field(None, description="The stream, or what is polled; without a key in it.")
    path: HookPath | None = Field(None, description="Of a webhook: where it is received, such as /hooks/feed.")
    api_key: ApiKey | None = Field(None, description="Best as ${NAME}; of a webhook, the secret that signs it.")
    auth: AuthSettings = Field(default_factory=AuthSettings, description="How the feed knows us.")
    subscribe: tuple[Message, ...] = Field((), description="Sent in this order once we are known.")
    tickers: tuple[Ticker, ...] = Field((), description="What {tickers} and {ticker} stand for.")
    heartbeat: HeartbeatSettings | None = Field(None, description="What we send to keep the connection alive.")
    every: Duration = Field(15.0, ge=1, description="Of a poll: how often.")
    since: SinceSettings | None = Field(None, description="Of a poll: how to ask for what is new.")
    silence: Duration = Field(
        120.0, ge=1, description="Of a stream: reconnect after so long without a frame, in regular trading hours."
    )
    delayed: bool = Field(False, description="The feed runs behind the market by contract; alerts say so.")

    @model_validator(mode="after")
    def _fits_its_transport(self) -> Self:
        if self.transport == "webhook":
            if self.path is None or self.api_key is None:
                raise ValueError("a webhook needs path, where it is received, and api_key, the secret that signs it")
        elif self.url is None:
            raise ValueError(f"transport {self.transport} needs a url")
        elif urlsplit(self.url).scheme not in SCHEMES[self.transport]:
            raise ValueError(f"transport {self.transport} needs a url that begins with {SCHEMES[self.transport][0]}://")
        if foreign := sorted(self.model_fields_set - COMMON - OWN[self.transport]):
            raise ValueError(f"transport {self.transport} has no {' and no '.join(foreign)}")
        if self.transport == "poll" and (self.auth.first_message is not None or self.auth.session):
            raise ValueError("transport poll has no auth.first_message and no auth.session; expected header or query")
        needed = self._needed()
        if "key" in needed and self.api_key is None:
            raise ValueError("{key} stands for api_key, which is missing")
        if "session" in needed and self.auth.session is None:
            raise ValueError("{session} stands for the id of auth.session, which is missing")
        if needed & {"ticker", "tickers"} and not self.tickers:
            raise ValueError("{tickers} and {ticker} stand for tickers, which is missing")
        return self

    def _needed(self) -> frozenset[str]:
        auth = self.auth
        beat = self.heartbeat.message if self.heartbeat else None
        return placeholders([auth.header, auth.query, auth.first_message, list(self.subscribe), beat])
