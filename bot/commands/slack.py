"""The Slack door: `/flow` over Socket Mode. Posts no alert, and no alert waits for it.

The calls are slack-sdk's; the socket loop is ours. Both of slack-sdk's async Socket Mode clients reconnect for ever
when the app's Socket Mode was turned off, queue without a bound and leave tasks that nobody owns (3.4x, read in its
source). Protocol: Slack, "Using Socket Mode".
"""

import asyncio
from collections.abc import Mapping
from typing import Any, NoReturn

import aiohttp
import msgspec
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.commands.asker import Asker
from bot.commands.core import Core
from bot.commands.doors import Desk, DoorStatus, Ended, Pauses, answer_to, keep_open, supervised
from bot.commands.layout import boxes
from bot.commands.questions import read_text
from bot.model.answers import Answer, Tone
from bot.model.secret import Secret
from bot.render.lengths import cut
from bot.render.slack import escape

log = structlog.get_logger()

MAX_TITLE = 100
MAX_SECTION = 2900
"""Slack takes 3000 characters in a section's text."""
MOST_SECTIONS = 4
"""So that a message stays under the 13,200 characters or so that Slack takes in all."""
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

_COLOURS: Mapping[Tone, str] = {"bull": "#2e9e5b", "bear": "#d64545", "neutral": "#7a869a", "trouble": "#e0a030"}


class _SlashCommand(msgspec.Struct, frozen=True):
    """What we read of a `slash_commands` payload."""

    response_url: str
    text: str = ""


class _Envelope(msgspec.Struct, frozen=True):
    """One message on the socket: `hello`, `disconnect`, or something to acknowledge."""

    type: str
    envelope_id: str = ""
    reason: str = ""
    payload: msgspec.Raw = msgspec.Raw(b"{}")


async def run_slack(
    core: Core, app_token: Secret, api_url: str, *, status: DoorStatus | None = None, pauses: Pauses | None = None
) -> NoReturn:
    """Answer `/flow` until cancelled. Trouble with the platform is told in `status` and the log, never raised.

    `app_token` is the app-level one (`xapp-…`, scope connections:write); answers need no bot token.
    """
    status, pauses = status or DoorStatus(), pauses or Pauses()
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=CALL_S)) as http,
        asyncio.TaskGroup() as tasks,
    ):
        door = _Door(core, app_token, api_url, http=http, tasks=tasks, status=status)
        await keep_open("slack", door.session, status, pauses)


class _Door:
    """What outlives a connection: the HTTP session, the questions in flight, the envelopes seen."""

    def __init__(
        self,
        core: Core,
        app_token: Secret,
        api_url: str,
        *,
        http: aiohttp.ClientSession,
        tasks: asyncio.TaskGroup,
        status: DoorStatus,
    ) -> None:
        self._core = core
        self._app_token = app_token
        self._web = AsyncWebClient(base_url=api_url.rstrip("/") + "/", session=http, retry_handlers=[])
        self._http = http
        self._tasks = tasks
        self._desk = Desk("slack", tasks)
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
        if envelope.type != "slash_commands":
            log.warning("commands.unknown_envelope", platform="slack", type=cut(envelope.type, 50))
        elif self._desk.is_full:
            log.warning("commands.turned_away", platform="slack")
        else:
            self._desk.take(self._reply(msgspec.json.decode(envelope.payload, type=_SlashCommand)))

    async def _reply(self, asked: _SlashCommand) -> None:
        answer = await answer_to(self._core, read_text(asked.text), Asker("slack", ""))
        hook = AsyncWebhookClient(asked.response_url, session=self._http, retry_handlers=[])
        try:
            sent = await hook.send_dict(body(answer))
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            log.warning("commands.reply_failed", platform="slack", error=type(error).__name__)
            return
        if sent.status_code != 200:
            log.warning("commands.reply_failed", platform="slack", status=sent.status_code, said=cut(sent.body, 100))

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


def body(answer: Answer) -> dict[str, Any]:
    """The answer as a message for a response_url, within Slack's limits; nothing in it is alive but our own markup."""
    title = f"*{escape(cut(answer.title, MAX_TITLE))}*"
    sections = boxes(answer, escape, "*", most=MOST_SECTIONS, max_units=MAX_SECTION)
    return {
        "response_type": "ephemeral" if answer.is_private else "in_channel",
        "text": title,
        "attachments": [
            {
                "color": _COLOURS[answer.tone],
                "fallback": title,
                "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": text}} for text in sections],
            }
        ],
    }
