"""Slack's payloads, read: a slash command or a press in, who asks what and where the answer goes out. Pure.

Source: Slack, "Enabling interactivity with slash commands" and "block_actions payload", 2026-11.
"""

from dataclasses import dataclass

import msgspec

from bot.commands.reading import read_says, read_text
from bot.commands.requests import Request
from bot.model.secret import Secret
from bot.render.slack_blocks import read_value


@dataclass(frozen=True, slots=True)
class Ask:
    """One member's question, at one place."""

    request: Request | None
    """None: something of ours was pressed that we do not know any more."""
    user: str
    name: str
    team: str
    channel: str
    """Empty where Slack names none."""
    answer_at: Secret
    """The response URL: five answers in thirty minutes."""
    is_press: bool = False
    is_replacing: bool = False
    """The answer takes the place of the message with the button."""
    is_hidden: bool = False
    """The message with the button is seen by this member alone."""


class _SlashCommand(msgspec.Struct, frozen=True):
    command: str
    response_url: str
    user_id: str
    text: str = ""
    user_name: str = ""
    team_id: str = ""
    channel_id: str = ""


class _User(msgspec.Struct, frozen=True):
    id: str
    name: str = ""
    username: str = ""


class _Place(msgspec.Struct, frozen=True):
    """A team, or a channel."""

    id: str = ""


class _Container(msgspec.Struct, frozen=True):
    is_ephemeral: bool = False


class _Option(msgspec.Struct, frozen=True):
    value: str = ""


class _Action(msgspec.Struct, frozen=True):
    """A button has a value, a menu a chosen option."""

    value: str = ""
    selected_option: _Option | None = None


class _Press(msgspec.Struct, frozen=True):
    """A `block_actions` payload; whatever else `interactive` envelopes bring has no actions."""

    user: _User
    type: str = ""
    response_url: str = ""
    actions: tuple[_Action, ...] = ()
    team: _Place | None = None
    channel: _Place | None = None
    container: _Container = _Container()


def read_command(payload: msgspec.Raw) -> Ask:
    """What a slash command asks. Raises MsgspecError where the payload is not what Slack documents."""
    said = msgspec.json.decode(payload, type=_SlashCommand)
    return Ask(
        read_text(said.command.removeprefix("/"), said.text),
        said.user_id,
        said.user_name,
        said.team_id,
        said.channel_id,
        Secret(said.response_url),
    )


def read_press(payload: msgspec.Raw) -> Ask | None:
    """What a press on a message asks; None where nothing was pressed. Raises MsgspecError as `read_command` does."""
    said = msgspec.json.decode(payload, type=_Press)
    if said.type != "block_actions" or not said.actions or not said.response_url:
        return None
    action = said.actions[0]
    pressed, whose = read_value(action.value if action.selected_option is None else action.selected_option.value)
    return Ask(
        None if pressed is None else read_says(pressed.says),
        said.user.id,
        said.user.name or said.user.username,
        "" if said.team is None else said.team.id,
        "" if said.channel is None else said.channel.id,
        Secret(said.response_url),
        is_press=True,
        is_replacing=pressed is not None and pressed.is_replacing and whose == said.user.id,
        is_hidden=said.container.is_ephemeral,
    )
