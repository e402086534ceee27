"""What the doctor says of Slack: both tokens, scopes, channels and webhooks."""

import re

import pytest

from tests.doctor.conftest import Outside
from tests.doctor.platforms import SLACK_TOKEN

PICTURED = {"name": "close", "show": "heatmap", "at": "close+5m", "send_to": ["desk", "room"]}


async def test_all_is_well(outside: Outside) -> None:
    seen = await outside.seen()
    told, without, opens = seen["slack"]
    assert told == "good: the token is that of flowbot in Traders"
    scopes = "chat:write.public, im:history, usergroups:read"
    assert without == f"good: it does without these scopes (docs/slack.md has what for): {scopes}"
    assert opens == "good: the app-level token opens Socket Mode"
    assert seen["desk"] == ["good: the bot is in C0123ABCD"]
    assert seen["desk-hook"] == ["good: the webhook is there"]


async def test_missing_scopes(outside: Outside) -> None:
    """What is needed follows from the configuration: who cannot be asked needs no commands."""
    outside.slack.scopes = "chat:write"
    outside.changes["admin"] = {"slack_groups": ["S0ADMINS"]}
    assert await lacking(outside) == ["commands", "im:write", "usergroups:read"]
    del outside.changes["admin"], outside.changes["slack"]["app_token"]
    assert await lacking(outside) == []
    outside.slack.scopes = "commands"
    assert await lacking(outside) == ["chat:write"]


async def lacking(outside: Outside) -> list[str]:
    lines = [line for line in (await outside.seen())["slack"] if line.startswith("bad")]
    assert all(line.endswith("-> add it under OAuth & Permissions, then reinstall the app") for line in lines)
    return [re.findall(r"lacks the scope (\S+)", line)[0] for line in lines]


@pytest.mark.parametrize(
    ("error", "more_scopes", "told"),
    [
        ("not_in_channel", "", "bad: the bot is not in C0123ABCD -> say /invite @flowbot there"),
        ("not_in_channel", "chat:write.public", "good: the bot is not in C0123ABCD, and may post there by chat:write"),
        ("channel_not_found", "groups:history", "bad: there is no channel C0123ABCD that it can see -> copy the id"),
        (
            "channel_not_found",
            "",
            "doubt: there is no public channel C0123ABCD, and private ones it cannot see -> `flow",
        ),
        ("missing_scope", "", "doubt: whether it is in C0123ABCD cannot be seen without a scope to read its history"),
        ("is_archived", "", "bad: Slack says is_archived of C0123ABCD"),
    ],
)
async def test_a_channel(outside: Outside, error: str, more_scopes: str, told: str) -> None:
    outside.slack.error = error
    outside.slack.scopes = f"chat:write, commands, im:write, {more_scopes}"
    (found,) = (await outside.seen())["desk"]
    assert found.startswith(told)


async def test_pictures_of_reports(outside: Outside) -> None:
    """A file is shared in channels that the bot is in, and with a scope of its own; the text is posted all the same."""
    outside.changes["reports"] = [PICTURED, {**PICTURED, "name": "best", "show": "top"}]
    assert (await outside.seen())["desk"] == ["good: the bot is in C0123ABCD"]
    outside.slack.error, outside.slack.scopes = "not_in_channel", "chat:write,chat:write.public,files:write"
    assert (await outside.seen())["desk"][1:] == [
        "doubt: the pictures of close are left out where the bot is not in the channel -> say /invite @flowbot there"
    ]
    outside.slack.error, outside.slack.scopes = "", "chat:write,channels:history"
    told = (
        "doubt: without the scope files:write the pictures of close are left out; their text says the same -> add it "
    )
    assert (await outside.seen())["desk"][1:] == [f"{told}under OAuth & Permissions, then reinstall the app"]


async def test_wrong_tokens(outside: Outside) -> None:
    outside.changes["slack"]["bot_token"] = "xoxb-other"
    seen = await outside.seen()
    (refused,) = seen["slack"]
    assert refused.startswith("bad: Slack refuses the bot token: invalid_auth -> copy it anew: OAuth & Permissions")
    assert "desk" not in seen
    outside.changes["slack"] |= {"bot_token": SLACK_TOKEN, "app_token": "xapp-other"}
    told = "bad: Socket Mode cannot be opened: invalid_auth -> check slack.app_token (xapp-…), its scope connections:wr"
    assert (await outside.seen())["slack"][-1].startswith(told)


async def test_nobody_can_ask(outside: Outside) -> None:
    del outside.changes["slack"]["app_token"]
    assert (await outside.seen())["slack"][-1].startswith(
        "doubt: no slack.app_token: alerts are posted, and nobody can"
    )


@pytest.mark.parametrize(
    ("says", "told"),
    [
        (("no_text", 400), "good: the webhook is there"),
        (("invalid_payload", 400), "good: the webhook is there"),
        (
            ("no_service", 404),
            "bad: the webhook takes no messages: no_service -> make a new one: your app, Incoming We",
        ),
        (("channel_is_archived", 410), "bad: the webhook takes no messages: channel_is_archived -> make a new one"),
        (("", 403), "bad: the webhook takes no messages: 403 -> make a new one"),
    ],
)
async def test_a_webhook(outside: Outside, says: tuple[str, int], told: str) -> None:
    """What is there says that an empty message has nothing to post."""
    outside.slack.hook_says = says
    assert (await outside.seen())["desk-hook"][0].startswith(told)
