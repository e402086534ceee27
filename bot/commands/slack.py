"""The Slack door: commands and presses over Socket Mode. Posts no alert, and no alert waits for it.

The calls are slack-sdk's; the socket loop is ours. Both of slack-sdk's async Socket Mode clients reconnect for ever
when the app's Socket Mode was turned off, queue without a bound and leave tasks that nobody owns (3.4x, read in its
source). Protocol: Slack, "Using Socket Mode".
"""

import asyncio
from collections.abc import Callable
from typing import NoReturn

import aiohttp
import msgspec
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from yarl import URL

from bot.commands.asker import Asker, may_steer_slack
from bot.commands.core import Core
from bot.commands.doors import FULL, OLDER, Desk, DoorStatus, Ended, Pauses, answer_to, keep_open, supervised
from bot.commands.requests import Steering
from bot.commands.slack_asks import Ask, read_command, read_press
from bot.commands.slack_groups import Groups
from bot.commands.slack_shows import Shows
from bot.destinations.http import Endpoint
from bot.destinations.platforms import SlackSettings
from bot.destinations.slack_files import SlackFiles
from bot.engine.settings import AdminSettings
from bot.model.answers import Answer
from bot.render.lengths import cut

log = structlog.get_logger()

MOST_ENVELOPES = 1000
"""Envelope ids remembered: Slack sends one again when its acknowledgement was lost."""
CALL_S = 10.0
HEARTBEAT_S = 20.0
CLOSE_S = 2.0
DRAIN_S = 30.0
"""How long an old connection is read on after Slack announced its end; it gives about ten seconds."""
REFUSALS = frozenset(
    {
        "access_denied", "account_inactive", "invalid_auth", "missing_scope", "no_permission", "not_allowed_token_type",
        "not_authed", "org_login_required", "team_access_not_granted", "token_expired", "token_revoked",
    }
)  # fmt: skip
"""Errors of apps.connections.open that no later try mends."""


class _Envelope(msgspec.Struct, frozen=True):
    """One message on the socket: `hello`, `disconnect`, or something to acknowledge."""

    type: str
    envelope_id: str = ""
    reason: str = ""
    payload: msgspec.Raw = msgspec.Raw(b"{}")


async def run_slack(
    core: Core,
    settings: SlackSettings,
    admin: Callable[[], AdminSettings],
    *,
    status: DoorStatus | None = None,
    pauses: Pauses | None = None,
) -> NoReturn:
    """Answer commands and presses until cancelled. Trouble with the platform is told in `status` and the log.

    `settings` must have the app token (`xapp-…`, scope connections:write). `admin` says who may steer now.
    """
    status, pauses = status or DoorStatus(), pauses or Pauses()
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=CALL_S)) as http,
        asyncio.TaskGroup() as tasks,
    ):
        door = _Door(core, settings, admin, http=http, tasks=tasks, status=status)
        await keep_open("slack", door.session, status, pauses)


class _Door:
    """What outlives a connection: the HTTP session, the questions in flight, the envelopes seen."""

    def __init__(
        self,
        core: Core,
        settings: SlackSettings,
        admin: Callable[[], AdminSettings],
        *,
        http: aiohttp.ClientSession,
        tasks: asyncio.TaskGroup,
        status: DoorStatus,
    ) -> None:
        assert settings.app_token is not None, "the door needs the app token"  # noqa: S101 the application's bug
        api, token = settings.api_url.rstrip("/"), settings.bot_token.reveal()
        self._core = core
        self._admin = admin
        self._app_token = settings.app_token
        self._web = AsyncWebClient(base_url=f"{api}/", session=http, retry_handlers=[])
        self._groups = Groups(self._web, settings.bot_token)
        files = SlackFiles(Endpoint(http, URL(api), token, {"Authorization": f"Bearer {token}"}))
        self._shows = Shows(http, files)
        self._http = http
        self._tasks = tasks
        self._desk = Desk("slack", tasks)
        self._away = Desk("slack", tasks)
        """Tells those that the desk has no room for."""
        self._status = status
        self._seen: dict[str, None] = {}

    async def session(self) -> Ended:
        """One connection, until Slack or the network ends it."""
        try:
            opened = await self._web.apps_connections_open(app_token=self._app_token.reveal())
            closing = aiohttp.ClientWSTimeout(ws_close=CLOSE_S)
            socket = await self._http.ws_connect(str(opened["url"]), heartbeat=HEARTBEAT_S, timeout=closing)
        except SlackApiError as error:
            return why_refused(error)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            # The error's own words may hold the socket's URL, which is a key.
            return Ended(f"no connection to Slack ({type(error).__name__})")
        is_planned = False
        try:
            ended = await self._listen(socket)
            is_planned = ended.is_planned
            return ended
        finally:
            if is_planned:  # questions may still come on the old connection while the new one opens
                self._tasks.create_task(supervised("slack", self._drain(socket)))
            else:
                await socket.close()

    async def _listen(self, socket: aiohttp.ClientWebSocketResponse) -> Ended:
        try:
            async for message in socket:
                if message.type is aiohttp.WSMsgType.TEXT and (ended := await self._heed(socket, message.data)):
                    return ended
        except (aiohttp.ClientError, OSError) as error:
            return Ended(f"the connection broke ({type(error).__name__})")
        return Ended(f"the connection closed with code {socket.close_code}")

    async def _heed(self, socket: aiohttp.ClientWebSocketResponse, text: str) -> Ended | None:
        try:
            return await self._obey(socket, text)
        except msgspec.MsgspecError as error:  # not what Slack documents: say so, and read on
            log.warning("commands.bad_envelope", platform="slack", error=str(error))
            return None

    async def _obey(self, socket: aiohttp.ClientWebSocketResponse, text: str) -> Ended | None:
        envelope = msgspec.json.decode(text, type=_Envelope)
        if envelope.type == "hello":
            self._status.is_connected = True
            self._status.sessions += 1
            log.info("commands.connected", platform="slack")
        elif envelope.type == "disconnect":
            if envelope.reason == "link_disabled":
                return Ended("Socket Mode is turned off in the app's settings", is_refused=True)
            return Ended(f"Slack asked for a new connection ({cut(envelope.reason, 50)})", is_planned=True)
        elif envelope.envelope_id:
            await self._take(socket, envelope)
        return None

    async def _take(self, socket: aiohttp.ClientWebSocketResponse, envelope: _Envelope) -> None:
        """Acknowledge at once (Slack waits 3 s), whatever it is: what is not acknowledged comes again."""
        await socket.send_str(msgspec.json.encode({"envelope_id": envelope.envelope_id}).decode())
        if envelope.envelope_id in self._seen:
            return
        self._seen[envelope.envelope_id] = None
        if len(self._seen) > MOST_ENVELOPES:
            del self._seen[next(iter(self._seen))]
        ask = _read(envelope)
        if ask is None:
            log.warning("commands.unknown_envelope", platform="slack", type=cut(envelope.type, 50))
        elif not self._desk.is_full:
            self._desk.take(self._reply(ask))
        else:
            log.warning("commands.turned_away", platform="slack")
            if not self._away.is_full:
                self._away.take(self._shows.show(ask, FULL))

    async def _reply(self, ask: Ask) -> None:
        await self._shows.show(ask, await self._answer(ask))

    async def _answer(self, ask: Ask) -> Answer:
        if ask.request is None:
            return OLDER
        # Who only asks waits for no group to be looked up.
        is_admin = isinstance(ask.request, Steering) and await self._may_steer(ask.user)
        asker = Asker("slack", ask.user, ask.name, ask.team, is_admin=is_admin)
        return await answer_to(self._core, ask.request, asker)

    async def _may_steer(self, user: str) -> bool:
        admin = self._admin()
        if may_steer_slack(admin, user=user):
            return True
        return may_steer_slack(admin, user=user, group_members=await self._groups.members(admin.slack_groups))

    async def _drain(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        try:
            async with asyncio.timeout(DRAIN_S):
                await self._listen(socket)
        except TimeoutError:
            pass  # Slack did not close it; we do
        finally:
            await socket.close()


def why_refused(error: SlackApiError) -> Ended:
    """What a refused apps.connections.open means for the next try."""
    said = error.response.data  # a str where Slack's proxy answered with something else than JSON
    name = str(said.get("error", "")) if isinstance(said, dict) else ""
    retry_after = str(error.response.headers.get("Retry-After", "0"))
    return Ended(
        f"Slack refuses the connection: {cut(name, 60) or f'status {error.response.status_code}'}"
        + (": check slack.app_token and its scope connections:write" if name in REFUSALS else ""),
        is_refused=name in REFUSALS,
        after_s=float(retry_after) if retry_after.isdecimal() else 0.0,
    )


def _read(envelope: _Envelope) -> Ask | None:
    if envelope.type == "slash_commands":
        return read_command(envelope.payload)
    return read_press(envelope.payload) if envelope.type == "interactive" else None
