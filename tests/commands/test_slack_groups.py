"""Who is in a user group that may steer, as the workspace says, over real sockets."""

from collections.abc import AsyncIterator, Iterator, MutableMapping
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.commands import slack_groups
from bot.engine.settings import AdminSettings
from bot.model.answers import Answer
from tests.commands.slack_door import always, connected, reply
from tests.fakes.slack_socket import FakeSlack

ADMIN = AdminSettings(slack_groups=["S0DESK", "S0HEADS"], slack_users=["U0BOSS"])


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as fake:
        yield fake


@pytest.fixture
def logs() -> Iterator[list[MutableMapping[str, Any]]]:
    with capture_logs() as found:
        yield found


async def steers(slack: FakeSlack, user: str) -> bool:
    body = await reply(await slack.ask("pause", command="/flowadmin", user=user))
    return bool(body["text"] == "Done")


async def test_members_of_any_group_steer(slack: FakeSlack) -> None:
    """Asked once a group within five minutes; nobody asks for one who is named, or who steers nothing."""
    slack.groups = {"S0DESK": ["U1", "U2"], "S0HEADS": ["U3"]}
    async with connected(slack, always(Answer("Done", (), is_private=True)), admin=ADMIN):
        assert await steers(slack, "U0BOSS")
        await reply(await slack.ask("top", user="U1"))
        assert slack.group_looks == 0
        assert [await steers(slack, user) for user in ("U1", "U3", "U4", "U2")] == [True, True, False, True]
    assert slack.group_looks == 2


async def test_a_group_is_asked_for_again(slack: FakeSlack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has left it steers no more, at the latest when what was known is too old."""
    monkeypatch.setattr(slack_groups, "KEEP_S", 0.0)
    slack.groups = {"S0DESK": ["U1"], "S0HEADS": []}
    async with connected(slack, always(Answer("Done", (), is_private=True)), admin=ADMIN):
        assert await steers(slack, "U1")
        slack.groups["S0DESK"] = []
        assert not await steers(slack, "U1")


async def test_without_the_scope_nobody_is_a_member(
    slack: FakeSlack, logs: list[MutableMapping[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Named users steer nevertheless; the log says once for each group what is missing."""
    monkeypatch.setattr(slack_groups, "KEEP_FAILED_S", 0.0)
    slack.groups = {"S0DESK": ["U1"], "S0HEADS": ["U1"]}
    slack.group_error = "missing_scope"
    async with connected(slack, always(Answer("Done", (), is_private=True)), admin=ADMIN):
        assert [await steers(slack, user) for user in ("U1", "U0BOSS", "U1")] == [False, True, False]
        slack.group_error = ""
        assert await steers(slack, "U1")
    told = [log for log in logs if log["event"] == "commands.group_unread"]
    assert [log["group"] for log in told] == ["S0DESK", "S0HEADS"]
    assert "usergroups:read" in told[0]["remedy"]


async def test_who_cannot_be_looked_up_any_more_is_no_member(slack: FakeSlack, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was known is too old to go by."""
    monkeypatch.setattr(slack_groups, "KEEP_S", 0.0)
    slack.groups = {"S0DESK": ["U1"], "S0HEADS": []}
    async with connected(slack, always(Answer("Done", (), is_private=True)), admin=ADMIN):
        assert await steers(slack, "U1")
        slack.group_error = "internal_error"
        assert not await steers(slack, "U1")


async def test_a_failed_look_is_not_repeated_at_once(slack: FakeSlack) -> None:
    """Slack may be down: each question does not wait for it anew."""
    slack.group_error = "internal_error"
    async with connected(slack, always(Answer("Done", (), is_private=True)), admin=ADMIN):
        assert [await steers(slack, "U1") for _ in range(3)] == [False] * 3
    assert slack.group_looks == 2
