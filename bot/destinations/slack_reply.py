"""What Slack's answer means: its Web API says `ok: false` with HTTP 200, its webhooks answer in plain text.

Pure. Sources: Slack's reference of chat.postMessage, chat.update and incoming webhooks, 2026-11.
"""

from typing import Final

from bot.destinations.http import Reply
from bot.destinations.verdicts import by_status
from bot.destinations.waits import longest
from bot.model.outcomes import DestinationDead, EditOutcome, Gone, Outcome, Permanent, Retry, Sent, Unknown

RATE_LIMITED: Final = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
NOT_CARRIED_OUT: Final = frozenset({"service_unavailable", "request_timeout", "team_added_to_org", "rollup_error"})
"""Try later. `request_timeout` means that our body did not arrive whole."""
MAYBE_CARRIED_OUT: Final = frozenset({"internal_error", "fatal_error", "update_failed"})
"""Of the first two Slack says that some of the operation may have succeeded before the error; the third is an edit's
"internal update failure"."""
GONE: Final = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})
"""The message is deleted, not ours, or older than the workspace lets anyone edit."""
MESSAGE_AT_FAULT: Final = frozenset(
    {
        "no_text", "msg_too_long", "msg_blocks_too_long", "invalid_blocks", "invalid_blocks_format",
        "invalid_attachments", "too_many_attachments", "attachment_payload_limit_exceeded",
        "markdown_text_conflict", "invalid_metadata_format", "invalid_metadata_schema", "metadata_too_large",
        "metadata_must_be_sent_from_app", "invalid_payload", "invalid_json", "json_not_object", "invalid_charset",
        "invalid_form_data", "invalid_post_type", "missing_post_type", "invalid_arguments", "invalid_arg_name",
        "invalid_array_arg", "duplicate_message_not_found",
    }
)  # fmt: skip
WEBHOOK_DEAD: Final = frozenset(
    {
        "action_prohibited", "channel_is_archived", "channel_not_found", "invalid_token", "no_active_hooks",
        "no_service", "no_team", "posting_to_general_channel_denied", "team_disabled", "user_not_found",
    }
)  # fmt: skip
"""Some of these come with a 400, which by itself would blame the message."""


def judge_api(reply: Reply) -> Outcome:
    """The outcome of one chat.postMessage, or of any other method that answers in its way."""
    body = reply.json()
    error = body.get("error")
    if reply.is_2xx and body.get("ok") is not False:
        ts, channel = body.get("ts"), body.get("channel")
        return Sent(ts if isinstance(ts, str) else None, channel if isinstance(channel, str) else None)
    return _judge(reply, error if isinstance(error, str) else "")


def judge_update(reply: Reply) -> EditOutcome:
    """The outcome of one chat.update."""
    error = reply.json().get("error")
    return Gone(error) if isinstance(error, str) and error in GONE else judge_api(reply)


def judge_webhook(reply: Reply) -> Outcome:
    """The outcome of one post to an incoming webhook, which says `ok` or one word of why not."""
    return Sent() if reply.is_2xx else _judge(reply, reply.words())


def _judge(reply: Reply, error: str) -> Outcome:
    """An error that nobody listed is the destination's (access, plan, policy), as nearly all of Slack's are.

    So it is parked, its alerts are kept, and an admin hears of it; as the message's fault it would lose each alert.
    """
    if reply.status == 429 or error in RATE_LIMITED:
        return Retry(error or "rate limited", after_s=longest(reply.headers.get("Retry-After")), is_asked=True)
    if reply.status >= 500:
        return by_status(reply.status, error or reply.words())
    if error in NOT_CARRIED_OUT:
        return Retry(error)
    if error in MAYBE_CARRIED_OUT:
        return Unknown(error)
    if error in MESSAGE_AT_FAULT:
        return Permanent(error)
    if reply.is_2xx or error in WEBHOOK_DEAD:
        return DestinationDead(error or "ok: false without an error")
    return by_status(reply.status, error or reply.words())
