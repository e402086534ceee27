"""What Slack's answers mean, from its documents."""

import json

import pytest

from bot.destinations.http import Reply
from bot.destinations.slack_reply import judge_api, judge_update, judge_webhook
from bot.model.outcomes import DestinationDead, EditOutcome, Gone, Outcome, Permanent, Retry, Sent, Unknown


def test_a_message_that_was_stored() -> None:
    """`ts` is its id."""
    body = {"ok": True, "channel": "C0123ABCD", "ts": "1503435956.000247", "message": {"text": "x"}}
    assert judge_api(Reply(200, {}, json.dumps(body).encode())) == Sent("1503435956.000247", "C0123ABCD")


@pytest.mark.parametrize("body", [b"", b"{", b"ok", b"[]", b'{"ok": true, "ts": 5}'])
def test_a_broken_body_changes_nothing(body: bytes) -> None:
    """2xx without `ok: false` is sent."""
    assert judge_api(Reply(200, {}, body)) == Sent()


API_ERRORS: list[tuple[str, type[Outcome]]] = [
    ("ratelimited", Retry), ("rate_limited", Retry), ("service_unavailable", Retry), ("request_timeout", Retry),
    ("internal_error", Unknown), ("fatal_error", Unknown),
    ("invalid_blocks", Permanent), ("msg_too_long", Permanent), ("no_text", Permanent),
    ("msg_blocks_too_long", Permanent), ("invalid_metadata_format", Permanent),
    ("channel_not_found", DestinationDead), ("not_in_channel", DestinationDead), ("is_archived", DestinationDead),
    ("invalid_auth", DestinationDead), ("not_authed", DestinationDead), ("account_inactive", DestinationDead),
    ("token_revoked", DestinationDead), ("token_expired", DestinationDead), ("missing_scope", DestinationDead),
    ("restricted_action", DestinationDead), ("something_new", DestinationDead),
]  # fmt: skip


@pytest.mark.parametrize(("error", "expected"), API_ERRORS)
def test_ok_false_with_http_200(error: str, expected: type[Outcome]) -> None:
    """The Web API's usual failure; an error nobody knows parks the destination and loses nothing."""
    outcome = judge_api(Reply(200, {}, json.dumps({"ok": False, "error": error}).encode()))
    assert isinstance(outcome, expected)
    assert error in repr(outcome)


@pytest.mark.parametrize("judge", [judge_api, judge_webhook])
def test_429(judge: object) -> None:
    """`Retry-After` is in whole seconds."""
    outcome = (judge_api if judge is judge_api else judge_webhook)(Reply(429, {"Retry-After": "30"}, b"rate_limited"))
    assert isinstance(outcome, Retry)
    assert (outcome.after_s, outcome.is_asked, outcome.is_global) == (30.0, True, False)


WEBHOOK_ERRORS: list[tuple[int, str, type[Outcome]]] = [
    (200, "ok", Sent), (200, "", Sent),
    (400, "invalid_payload", Permanent), (400, "no_text", Permanent), (400, "too_many_attachments", Permanent),
    (400, "invalid_blocks", Permanent), (400, "whatever", Permanent),
    (400, "user_not_found", DestinationDead), (400, "invalid_token", DestinationDead),
    (403, "action_prohibited", DestinationDead), (403, "invalid_token", DestinationDead),
    (403, "posting_to_general_channel_denied", DestinationDead), (403, "team_disabled", DestinationDead),
    (404, "channel_not_found", DestinationDead), (404, "no_service", DestinationDead),
    (404, "no_team", DestinationDead),
    (404, "no_active_hooks", DestinationDead), (410, "channel_is_archived", DestinationDead),
    (302, "", DestinationDead),
    (500, "rollup_error", Retry), (503, "", Retry), (502, "<html>Bad gateway</html>", Unknown), (504, "", Unknown),
]  # fmt: skip


@pytest.mark.parametrize(("status", "text", "expected"), WEBHOOK_ERRORS)
def test_webhooks_answer_in_plain_text(status: int, text: str, expected: type[Outcome]) -> None:
    """One word, with a status that alone would sometimes blame the wrong side."""
    assert isinstance(judge_webhook(Reply(status, {}, text.encode())), expected)


UPDATES: list[tuple[str, type[EditOutcome]]] = [
    ("message_not_found", Gone), ("cant_update_message", Gone), ("edit_window_closed", Gone),
    ("ratelimited", Retry), ("service_unavailable", Retry),
    ("update_failed", Unknown), ("internal_error", Unknown), ("fatal_error", Unknown),
    ("msg_too_long", Permanent), ("no_text", Permanent), ("invalid_blocks", Permanent),
    ("channel_not_found", DestinationDead), ("is_inactive", DestinationDead), ("token_revoked", DestinationDead),
    ("something_new", DestinationDead),
]  # fmt: skip


@pytest.mark.parametrize(("error", "expected"), UPDATES)
def test_edits(error: str, expected: type[EditOutcome]) -> None:
    """What is deleted, not ours or too old is gone; everything else is as with a post."""
    outcome = judge_update(Reply(200, {}, json.dumps({"ok": False, "error": error}).encode()))
    assert isinstance(outcome, expected)
    assert error in repr(outcome)


def test_an_edit_that_was_made() -> None:
    """With the id that it had."""
    body = {"ok": True, "channel": "C0123ABCD", "ts": "1503435956.000247", "text": "x"}
    assert judge_update(Reply(200, {}, json.dumps(body).encode())) == Sent("1503435956.000247", "C0123ABCD")
