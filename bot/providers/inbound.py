"""Prints that a vendor POSTs to us: each body answered with 2xx once all that it holds is safe in the store.

Knows no HTTP server: that one reads the body, within bounds, and calls `receive`.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from re import fullmatch
from typing import Annotated, Final, Literal

import structlog
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema

from bot.config.units import PLACEHOLDER
from bot.model.errors import FrameError, UnavailableError
from bot.model.feeds import FeedMeans
from bot.model.ports import Intake, ProviderStatus
from bot.model.prints import Print
from bot.model.secret import Secret
from bot.providers.bodies import Headers, frames, is_signed
from bot.providers.decoders import VENDORS
from bot.providers.feed import ApiKey, Decode, ErrorFrame, Several
from bot.providers.webhook_secrets import kept_secrets

log = structlog.get_logger()

SETTLE_S: Final = 5.0
"""How long the store may take; then the vendor is asked to send it all again, which does no harm."""
TURN: Final = 250
"""Frames of one body between two turns of the event loop: some milliseconds."""
COMPLAIN_EVERY_S: Final = 60.0
"""Anyone can send what is refused, as often as he likes."""
PATH_PATTERN: Final = r"^(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+$"
RESERVED_PATHS: Final = frozenset({"/healthz", "/readyz", "/metrics", "/quarantine"})
"""What the HTTP listener shows itself."""


# --- settings ----------------------------------------------------------------------------------------------


def _hook_path(path: str) -> str:
    if not fullmatch(PATH_PATTERN, path):
        raise ValueError("expected a path such as /hooks/flow: a / before each part, of letters, digits and . _ ~ -")
    if path in RESERVED_PATHS:
        raise ValueError("flowbot itself answers there; expected another path, such as /hooks/flow")
    return path


HookPath = Annotated[
    str,
    AfterValidator(_hook_path),
    WithJsonSchema({"type": "string", "pattern": f"{PATH_PATTERN}|{PLACEHOLDER}"}),
]


class InboundSettings(BaseModel):
    """A feed that is POSTed to us, signed."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    type: Literal["webhook"] = Field(description="A vendor posts prints to our HTTP listener.")
    of: Literal["radarpulse", "optionwhales"] = Field(description="Whose prints these are: how a body is read.")
    path: HookPath | None = Field(
        None, description="Where they are received; /hooks/ and the provider's name if unset."
    )
    secret: ApiKey | None = Field(
        None, description="What signs the bodies. Leave it out for the one that `flowbot webhooks register` keeps."
    )


def path_of(name: str, settings: InboundSettings) -> str:
    """Where provider `name` receives."""
    return settings.path or f"/hooks/{name}"


# --- the provider ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class InboundFeed:
    """One configured feed."""

    name: str
    """The provider's configured name."""
    path: str
    secrets: Callable[[], Collection[Secret]] = field(repr=False)
    """Asked at each request, for registrations come and go. Raises UnavailableError where they cannot be had."""
    frames: Callable[[bytes], list[bytes]] = field(repr=False)
    """Those in a body. Raises FrameError where there is no sense in it."""
    decode: Decode = field(repr=False)
    facts: frozenset[str] = field(repr=False)


class Inbound:
    """A `Provider` that is sent to. See `bot.model.ports.Provider`."""

    def __init__(self, feed: InboundFeed, now_ns: Callable[[], int] = time.time_ns) -> None:
        self._feed = feed
        self._now_ns = now_ns
        self._status = ProviderStatus(mode="inbound")
        self._intake: Intake | None = None
        self._closing = asyncio.Event()
        self._nobodys = Secret(secrets.token_hex())
        """What signs nothing: without a secret a request costs the same work."""
        self._complained_ns = 0
        self._has_bug = False

    @property
    def name(self) -> str:
        return self._feed.name

    @property
    def status(self) -> ProviderStatus:
        return self._status

    @property
    def facts(self) -> frozenset[str]:
        return self._feed.facts

    @property
    def path(self) -> str:
        """Where the HTTP listener receives for it."""
        return self._feed.path

    async def run(self, intake: Intake) -> None:
        """See the port."""
        status = self._status
        self._intake = intake
        status.is_connected, status.connected_ns = True, self._now_ns()
        status.sessions += 1
        log.info("provider.receiving", provider=self.name, path=self.path, is_secret_known=bool(self._secrets()))
        try:
            await self._closing.wait()
        finally:
            self._intake = None
            status.is_connected = False

    async def close(self) -> None:
        """See the port. What is being received is answered as the store takes it."""
        self._closing.set()

    async def receive(self, body: bytes, headers: Headers) -> int:
        """The HTTP status that answers a request. 2xx: all its prints are durable, or refused for good."""
        if not is_signed(body, headers, self._secrets() or [self._nobodys]):
            why = "the signature is missing or wrong; is the secret the one that the vendor gave for this address?"
            return self._refuse(HTTPStatus.UNAUTHORIZED, "bad_signature", why)
        intake = self._intake
        if intake is None or self._closing.is_set():
            return HTTPStatus.SERVICE_UNAVAILABLE
        received_ns = self._status.last_frame_ns = self._now_ns()
        if intake.is_full:
            return self._refuse(HTTPStatus.TOO_MANY_REQUESTS, "full", "more prints wait than the store keeps up with")
        try:
            found = self._feed.frames(body)
        except FrameError as error:
            intake.reject(self.name, error.reason, error.detail, body)
            return self._refuse(HTTPStatus.BAD_REQUEST, "bad_body", f"a signed body of no use: {error}")
        try:
            async with asyncio.timeout(SETTLE_S):
                return await self._take_in(found, received_ns, intake)
        except TimeoutError:
            return self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, "not_stored", f"not stored within {SETTLE_S:g} s")

    async def _take_in(self, found: list[bytes], received_ns: int, intake: Intake) -> int:
        for count, frame in enumerate(found, 1):
            self._read(frame, received_ns, intake)
            if count % TURN == 0:
                await asyncio.sleep(0)
                if intake.is_full:
                    await intake.room()
                if self._closing.is_set():  # nobody may take in any more: the vendor sends the rest again
                    return HTTPStatus.SERVICE_UNAVAILABLE
        await intake.settled()
        self._status.last_error = ""
        return HTTPStatus.OK

    def _read(self, raw: bytes, received_ns: int, intake: Intake) -> None:
        """One frame, whose faults are its own."""
        if intake.record is not None:
            intake.record(self.name, received_ns, raw)
        try:
            found = self._feed.decode(raw, received_ns, self.name)
        except FrameError as error:
            intake.reject(self.name, error.reason, error.detail, raw)
        except Exception as bug:  # in one frame's decoding; it must not cost the others, or come again for ever
            intake.reject(self.name, "bug", f"{type(bug).__name__} in decoding; please report this frame", raw)
            if not self._has_bug:
                self._has_bug = True
                log.exception("provider.decode_bug", provider=self.name)
        else:
            if isinstance(found, Print):
                intake.accept(found)
            elif isinstance(found, ErrorFrame):
                intake.reject(self.name, "error_frame", found.message, raw)
            elif isinstance(found, Several):
                self._hand_over(found, raw, intake)

    def _hand_over(self, found: Several, raw: bytes, intake: Intake) -> None:
        for print_ in found.prints:
            intake.accept(print_)
        for print_ in found.cancelled:
            intake.cancel(print_)
        for fault in found.faults:
            intake.reject(self.name, fault.reason, fault.detail, raw)

    def _secrets(self) -> Collection[Secret]:
        try:
            return self._feed.secrets()
        except UnavailableError as error:
            self._complain("no_secret", str(error))
            return ()

    def _refuse(self, status: HTTPStatus, reason: str, why: str) -> int:
        refusals = self._status.disconnects
        refusals[reason] = refusals.get(reason, 0) + 1
        self._complain(reason, why)
        return status

    def _complain(self, reason: str, why: str) -> None:
        self._status.last_error = why
        now_ns = self._now_ns()
        if now_ns - self._complained_ns >= COMPLAIN_EVERY_S * 1e9:
            self._complained_ns = now_ns
            log.warning("provider.request_refused", provider=self.name, reason=reason, detail=why)


# --- what builds it ----------------------------------------------------------------------------------------

_MARKS: Final = {"radarpulse": "ticker", "optionwhales": "type"}
"""By `of`: the key that every frame has and no envelope."""


def facts(settings: InboundSettings) -> frozenset[str]:
    """The names of the print vocabulary that such a feed is known to fill."""
    return VENDORS[settings.of][1]


def build(name: str, settings: InboundSettings, means: FeedMeans) -> Inbound:
    """The provider, ready to run. Beside the store is what `flowbot webhooks register` keeps."""
    decode, told = VENDORS[settings.of]
    own = settings.secret

    def known() -> Collection[Secret]:
        return (own,) if own is not None else kept_secrets(means.store_folder, name).values()

    return Inbound(
        InboundFeed(name, path_of(name, settings), known, partial(frames, mark=_MARKS[settings.of]), decode, told)
    )
