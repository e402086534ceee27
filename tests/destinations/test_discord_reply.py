"""What Discord's answers mean, from its documents."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from bot.destinations.discord_reply import judge, judge_edit
from bot.destinations.http import Reply
from bot.model.outcomes import DestinationDead, EditOutcome, Gone, Outcome, Pace, Permanent, Retry, Sent, Unknown


def reply(status: int, body: Any = b"", headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(status, headers or {}, body if isinstance(body, bytes) else json.dumps(body).encode())


def test_a_message_that_was_stored() -> None:
    """Its id and channel are kept, and the pace that the headers tell."""
    headers = {
        "X-RateLimit-Limit": "5",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset-After": "1.2",
        "X-RateLimit-Bucket": "abcd1234",
    }
    pace = Pace(remaining=0, reset_after_s=1.2, bucket="abcd1234")
    assert judge(reply(200, {"id": "77", "channel_id": "9", "content": ""}, headers)) == Sent("77", "9", None, pace)
    outcome = judge(reply(429, {"retry_after": 1.2}, headers))
    assert isinstance(outcome, Retry)
    assert outcome.pace == pace


def test_the_link_of_a_message_whose_server_is_known() -> None:
    """Most answers do not name the server."""
    outcome = judge(reply(200, {"id": "77", "channel_id": "9", "guild_id": "5"}))
    assert isinstance(outcome, Sent)
    assert outcome.url == "https://discord.com/channels/5/9/77"


@pytest.mark.parametrize("body", [b"", b"{", b"<html>", b"[]", b'{"id": 7}', b"\xff"])
def test_a_broken_body_changes_nothing(body: bytes) -> None:
    """2xx is sent."""
    assert judge(reply(200, body)) == Sent()


@pytest.mark.parametrize(
    ("body", "headers", "after_s", "is_global"),
    [
        ({"retry_after": 64.57, "global": False}, {"Retry-After": "65", "X-RateLimit-Scope": "user"}, 65.0, False),
        ({"retry_after": 0.3, "global": False}, {}, 0.3, False),
        ({"retry_after": 2.5, "global": True}, {"X-RateLimit-Scope": "global"}, 2.5, True),
        ({"retry_after": 0.529, "global": False}, {"Retry-After": "1", "X-RateLimit-Scope": "shared"}, 1.0, False),
        (b"<html>error code: 1015</html>", {"Retry-After": "600"}, 600.0, True),
        (b"", {}, None, True),
        (b"{cut o", {"Retry-After": "3", "X-RateLimit-Scope": "user"}, 3.0, False),
        ({"retry_after": "soon", "global": False}, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, None, False),
        ({"retry_after": -1, "global": False}, {"Retry-After": "nan"}, None, False),
    ],
)  # fmt: skip
def test_429(body: Any, headers: Mapping[str, str], after_s: float | None, *, is_global: bool) -> None:
    """The longer of header and body; global where it says so, and where it is Cloudflare's."""
    outcome = judge(reply(429, body, headers))
    assert isinstance(outcome, Retry)
    assert (outcome.after_s, outcome.is_asked, outcome.is_global) == (after_s, True, is_global)


def test_a_bad_form_is_told_with_its_path() -> None:
    """So that whoever reads the dead letter knows what to mend."""
    problem = {"_errors": [{"code": "BASE_TYPE_MAX_LENGTH", "message": "Must be 256 or fewer in length."}]}
    body = {"message": "Invalid Form Body", "code": 50035, "errors": {"embeds": {"0": {"title": problem}}}}
    assert judge(reply(400, body)) == Permanent(
        "HTTP 400: Invalid Form Body (code 50035): embeds.0.title: Must be 256 or fewer in length."
    )


def test_words_are_trimmed() -> None:
    """300 characters at most, on one line."""
    outcome = judge(reply(400, {"message": "x\n" * 1000, "code": 1}))
    assert isinstance(outcome, Permanent)
    assert len(outcome.reason) == len("HTTP 400: ") + 300
    assert "\n" not in outcome.reason


DEAD = [
    (401, {"message": "401: Unauthorized", "code": 0}, "401: Unauthorized"),
    (401, {"message": "Invalid Webhook Token", "code": 50027}, "Invalid Webhook Token (code 50027)"),
    (403, {"message": "Missing Access", "code": 50001}, "Missing Access (code 50001)"),
    (403, {"message": "Missing Permissions", "code": 50013}, "Missing Permissions (code 50013)"),
    (404, {"message": "Unknown Channel", "code": 10003}, "Unknown Channel (code 10003)"),
    (404, {"message": "Unknown Webhook", "code": 10015}, "Unknown Webhook (code 10015)"),
    (
        400,
        {"message": "Webhooks posted to forum channels must have a thread_name or thread_id", "code": 220001},
        "forum",
    ),
    (400, {"message": "Cannot send messages in a non-text channel", "code": 50008}, "non-text"),
    (404, b"<html><h1>Not found</h1></html>", "Not found"),
    (308, b"", "HTTP 308"),
]


@pytest.mark.parametrize(("status", "body", "words"), DEAD)
def test_the_destination_is_dead(status: int, body: Any, words: str) -> None:
    """Every message would meet the same: park it and say why."""
    outcome = judge(reply(status, body))
    assert isinstance(outcome, DestinationDead)
    assert words in outcome.reason


@pytest.mark.parametrize(
    ("status", "expected"),
    [(400, Permanent), (405, Permanent), (413, Permanent), (408, Retry), (500, Retry), (503, Retry), (521, Retry),
     (501, Unknown), (502, Unknown), (504, Unknown), (520, Unknown), (522, Unknown), (524, Unknown), (599, Unknown)],
)  # fmt: skip
def test_other_statuses(status: int, expected: type[Outcome]) -> None:
    """Surely refused, or perhaps carried out behind a gateway."""
    assert isinstance(judge(reply(status)), expected)


EDITS: list[tuple[int, dict[str, Any], type[EditOutcome]]] = [
    (404, {"message": "Unknown Message", "code": 10008}, Gone),
    (403, {"message": "Cannot edit a message authored by another user", "code": 50005}, Gone),
    (400, {"message": "Tried to perform an operation on an archived thread", "code": 50083}, Gone),
    (429, {"message": "Maximum number of edits to messages older than 1 hour reached.", "code": 30046}, Gone),
    (404, {"message": "Unknown Channel", "code": 10003}, DestinationDead),
    (404, {"message": "Unknown Webhook", "code": 10015}, DestinationDead),
    (403, {"message": "Missing Access", "code": 50001}, DestinationDead),
    (401, {"message": "Invalid Webhook Token", "code": 50027}, DestinationDead),
    (404, {}, DestinationDead),
    (400, {"message": "Invalid Form Body", "code": 50035}, Permanent),
    (429, {"message": "You are being rate limited.", "retry_after": 1.0, "global": False}, Retry),
    (500, {}, Retry),
    (502, {}, Unknown),
    (200, {"id": "77", "channel_id": "9"}, Sent),
    (200, {"id": "10008", "code": 10008}, Sent),
]


@pytest.mark.parametrize(("status", "body", "expected"), EDITS)
def test_edits(status: int, body: dict[str, Any], expected: type[EditOutcome]) -> None:
    """What is deleted, not ours or beyond editing is gone; everything else is as with a post."""
    outcome = judge_edit(reply(status, body))
    assert isinstance(outcome, expected)
    if isinstance(outcome, Gone):
        assert outcome.reason == f"HTTP {status}: {body['message']} (code {body['code']})"
