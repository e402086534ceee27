"""Which message of a channel's history is ours."""

import json
from typing import Any

import pytest

from bot.destinations.http import Reply
from bot.destinations.slack_history import Further, look, query
from bot.model.outcomes import Absent, Blind, Retry, Sent
from tests.render.samples import batch

CHANNEL = "C0123ABCD"
METADATA = {"event_type": "flowbot_alert", "event_payload": {"alerts": ["a1b2c3d4"], "batch": "batch0001"}}


def page(*messages: object, **more: Any) -> Reply:
    return Reply(200, {}, json.dumps({"ok": True, "messages": messages, "has_more": False, **more}).encode())


def message(metadata: object = METADATA) -> dict[str, Any]:
    return {"type": "message", "ts": "1782484266.000100", "text": "x", "metadata": metadata}


def test_the_question() -> None:
    """From a minute before 2026-06-26 14:31:05 UTC on, when the batch was frozen, with the metadata."""
    asked = query(CHANNEL, batch())
    assert asked["oldest"] == "1782484205.000000"
    assert (asked["channel"], asked["include_all_metadata"]) == (CHANNEL, "true")


@pytest.mark.parametrize(
    ("metadata", "is_ours"),
    [
        (METADATA, True),
        ({**METADATA, "event_type": "task_created"}, False),
        ({**METADATA, "event_payload": {"alerts": ["a1b2c3d4"], "batch": "batch0002"}}, False),
        ({**METADATA, "event_payload": None}, False),
        (None, False),
    ],
)
def test_which_message_is_ours(metadata: object, *, is_ours: bool) -> None:
    """The batch's id in our metadata; the alert's alone may be another message's."""
    sight = look(page({"type": "message", "ts": "1"}, "?", message(metadata)), batch(), CHANNEL)
    assert sight == (Sent("1782484266.000100", CHANNEL) if is_ours else Absent())


def test_more_pages() -> None:
    """Slack may give fewer than it was asked for; only the last page proves anything."""
    more = {"has_more": True, "response_metadata": {"next_cursor": "bmV4dA=="}}
    assert look(page(message(None), **more), batch(), CHANNEL) == Further("bmV4dA==")
    assert look(page(response_metadata={"next_cursor": ""}), batch(), CHANNEL) == Absent()
    assert isinstance(look(page(message(), **more), batch(), CHANNEL), Sent)


@pytest.mark.parametrize(
    "error", ["missing_scope", "not_in_channel", "channel_not_found", "not_allowed_token_type", "invalid_auth", "new"]
)
def test_we_may_not_look(error: str) -> None:
    """Nor will we later."""
    sight = look(Reply(200, {}, json.dumps({"ok": False, "error": error}).encode()), batch(), CHANNEL)
    assert sight == Blind(error)


@pytest.mark.parametrize("error", ["ratelimited", "service_unavailable", "internal_error", "fatal_error"])
def test_we_may_look_again(error: str) -> None:
    """Even where Slack cannot say what it did: a look changes nothing."""
    sight = look(Reply(200, {}, json.dumps({"ok": False, "error": error}).encode()), batch(), CHANNEL)
    assert isinstance(sight, Retry)


@pytest.mark.parametrize("body", [b"", b'{"ok": true, "messages": [', b'{"ok": true}', b"[]", b'{"messages": []}'])
def test_a_broken_page(body: bytes) -> None:
    """It may be asked for again."""
    assert isinstance(look(Reply(200, {}, body), batch(), CHANNEL), Retry)
