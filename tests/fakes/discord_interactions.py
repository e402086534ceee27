"""What members do at Discord, as the gateway tells it, and what may be answered.

Source: Discord's developer documents, "Receiving and Responding to Interactions" and "Message Object", 2026-11.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tests.fakes.discord_components import BUTTON, STRING_SELECT
from tests.fakes.discord_files import File

APP_ID: Final = 1000
ACK_WITHIN_S: Final = 3.0
COMMAND, COMPONENT, AUTOCOMPLETE = 2, 3, 4
"""Interaction types."""
MESSAGE, DEFERRED_MESSAGE, DEFERRED_UPDATE, UPDATE, CHOICES = 4, 5, 6, 7, 8
"""Interaction callback types."""
CALLBACKS: Final[Mapping[int, frozenset[int]]] = {
    COMMAND: frozenset({MESSAGE, DEFERRED_MESSAGE}),
    COMPONENT: frozenset({MESSAGE, DEFERRED_MESSAGE, DEFERRED_UPDATE, UPDATE}),
    AUTOCOMPLETE: frozenset({CHOICES}),
}
EPHEMERAL: Final = 64
GUILD: Final = "500000000000000050"
BOT: Final = {
    "id": "1000",
    "username": "flowbot",
    "discriminator": "0",
    "global_name": None,
    "avatar": None,
    "bot": True,
}


@dataclass(frozen=True)
class Member:
    """Whoever asks, as Discord vouches for them."""

    id: str = "500000000000000005"
    name: str = "trader"
    guild: str = GUILD
    """Empty: in a direct message."""
    roles: Sequence[str] = ()
    permissions: int = 0

    def payload(self) -> dict[str, Any]:
        """The part of an interaction that says who and where."""
        user = {**BOT, "id": self.id, "username": self.name, "bot": False}
        if not self.guild:
            channel = {"id": "61", "type": 1, "recipients": [user]}
            owners = {"authorizing_integration_owners": {"0": "0"}}
            return {"user": user, "channel": channel, "channel_id": "61", "context": 1, **owners}
        member = {
            "user": user, "roles": list(self.roles), "flags": 0, "joined_at": "2024-01-01T00:00:00+00:00",
            "deaf": False, "mute": False, "permissions": str(self.permissions),
        }  # fmt: skip
        return {
            "member": member, "guild_id": self.guild, "guild": {"id": self.guild, "features": [], "locale": "en-US"},
            "guild_locale": "en-US", "channel": {**_CHANNEL, "guild_id": self.guild}, "channel_id": "60", "context": 0,
            "authorizing_integration_owners": {"0": self.guild},
        }  # fmt: skip


TRADER: Final = Member()


@dataclass
class Asked:
    """One interaction: what the bot did with it, each step once."""

    id: str
    token: str
    at: float
    type: int
    by: Member
    ack: asyncio.Future[dict[str, Any]]
    reply: asyncio.Future[dict[str, Any]]
    """What is shown in answer: a message of its own, or in place of the message that was pressed on."""
    files: Mapping[str, File] = field(default_factory=dict)
    """Those of the reply."""
    is_beside: bool = False
    """The reply is a message of its own, though another was to be replaced."""
    is_expired: bool = False
    """Fifteen minutes have passed."""

    @property
    def callback(self) -> int:
        """The type of the acknowledgement."""
        return int(self.ack.result()["type"])

    @property
    def is_ephemeral(self) -> bool:
        """Only the asker sees the answer: settled by the acknowledgement."""
        return bool((self.ack.result().get("data") or {}).get("flags", 0) & EPHEMERAL)

    def message(self) -> dict[str, Any]:
        """The answer as a message that can be pressed on."""
        metadata = {"id": self.id, "type": self.type, "user": {**BOT, "id": self.by.id, "bot": False},
                    "authorizing_integration_owners": {"0": self.by.guild or "0"}}  # fmt: skip
        return {**self.reply.result(), "id": f"8{self.id}", "interaction_metadata": metadata,
                "flags": EPHEMERAL * self.is_ephemeral}  # fmt: skip


def command_data(command: str, sub: str | None, options: Sequence[Mapping[str, Any]], form_id: str) -> dict[str, Any]:
    """`data` of a slash command, whole or half typed."""
    inner = [{"name": sub, "type": 1, "options": list(options)}] if sub else list(options)
    return {"id": form_id, "name": command, "type": 1, "options": inner}


def option_of(form: Mapping[str, Any], name: str, value: object) -> dict[str, Any]:
    """An option as a member's client sends it, by the form that Discord shows."""
    kinds = {option["name"]: option["type"] for option in form.get("options", [])}
    return {"name": name, "type": kinds[name], "value": value}


def button_data(custom_id: str) -> dict[str, Any]:
    return {"component_type": BUTTON, "custom_id": custom_id, "id": 2}


def menu_data(custom_id: str, value: str) -> dict[str, Any]:
    return {"component_type": STRING_SELECT, "custom_id": custom_id, "values": [value], "id": 2}


def shown(body: Mapping[str, Any], message_id: str, *, by_webhook: bool = True) -> dict[str, Any]:
    """Discord's message object, of a body that was posted."""
    hook = {"webhook_id": str(APP_ID), "application_id": str(APP_ID)} if by_webhook else {}
    return {
        "id": message_id, "type": 0, "channel_id": "60", "author": BOT, "attachments": [], "content": "",
        "embeds": [{"type": "rich", **embed} for embed in body.get("embeds", [])], "mentions": [], "mention_roles": [],
        "pinned": False, "mention_everyone": False, "tts": False, "timestamp": "2026-07-17T14:30:00+00:00",
        "flags": body.get("flags", 0), "edited_timestamp": None, "components": body.get("components", []), **hook,
        **{key: body[key] for key in ("interaction_metadata",) if key in body},
    }  # fmt: skip


_CHANNEL = {
    "id": "60", "type": 0, "name": "flow", "position": 0, "parent_id": None, "topic": None,
    "nsfw": False, "last_message_id": None, "rate_limit_per_user": 0, "flags": 0, "permissions": "0",
}  # fmt: skip
