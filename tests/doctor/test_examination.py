"""The examination as a whole: in order, in time, nothing posted, no secret told; and how it is shown."""

import asyncio
import re
import time
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot.destinations.http import Failure, open_session
from bot.doctor import examination
from bot.doctor.asking import Clocks, NoAnswerError, Platform
from bot.doctor.examination import examine, run
from bot.doctor.findings import Finding, told, worst
from bot.model.outcomes import DestinationDead
from tests.configurations import settings
from tests.doctor.conftest import NOBODY, Outside
from tests.doctor.platforms import APP_TOKEN, BOT_TOKEN, HOOK, SLACK_HOOK, SLACK_TOKEN, served
from tests.scenarios.process import ended

SECRETS = (BOT_TOKEN, SLACK_TOKEN, APP_TOKEN, HOOK, SLACK_HOOK, "fake-vendor-key")
ANOTHERS = "fake-webhook-secret"
RECEIVER = {"type": "webhook", "url": "https://example.com/hook", "secret": ANOTHERS}


async def test_the_order(outside: Outside) -> None:
    """The clock, providers, platforms, destinations as the configuration has them; the terminal is nobody's subject."""
    outside.changes["destinations"]["own"] = RECEIVER
    subjects = [found.subject for found in await outside.findings()]
    assert list(dict.fromkeys(subjects)) == [
        "clock", "radarpulse", "discord", "slack", "room", "desk", "thread", "hook", "desk-hook", "own",
    ]  # fmt: skip
    assert subjects == sorted(subjects, key=list(dict.fromkeys(subjects)).index), "one subject's findings are together"


async def test_nothing_is_posted(outside: Outside) -> None:
    """Discord is only read; Slack's methods that are posted to post nothing, and a webhook refuses what is empty."""
    await outside.findings()
    assert {asked.method for asked in outside.discord.asked} == {"GET"}
    assert {(asked.path, asked.body) for asked in outside.slack.asked} == {
        ("/api/auth.test", b"{}"),
        ("/api/apps.connections.open", b"{}"),
        ("/api/conversations.history", b""),
        (f"/services/T0/B0/{SLACK_HOOK}", b"{}"),
    }


async def test_only_webhooks(outside: Outside) -> None:
    """No bot, no section, no question about one."""
    del outside.changes["discord"], outside.changes["slack"]
    for name in ("room", "thread", "desk"):
        del outside.changes["destinations"][name]
    seen = await outside.seen()
    assert {name: len(lines) for name, lines in seen.items()} == {"clock": 1, "hook": 1, "desk-hook": 1}


async def test_nothing_outside(tmp_path: Path) -> None:
    """A tape and the terminal: there is nothing to look at, and the clock is nobody's matter."""
    tape = {"providers": {"radarpulse": None, "tape": {"type": "replay", "path": "tape.jsonl"}}}
    findings = await examine(settings(tmp_path, tape))
    assert told(findings) == "✓ tape  a tape: nothing outside to look at\n\nall is well"


async def test_nobody_answers(outside: Outside) -> None:
    """No network: all of it unreachable, nothing wrong, and no channel looked at without its platform."""
    outside.changes["discord"]["api_url"] = f"http://{NOBODY}/api/v10"
    outside.changes["slack"]["api_url"] = f"http://{NOBODY}/api/"
    for name in ("hook", "desk-hook"):
        del outside.changes["destinations"][name]
    findings = await outside.findings()
    assert {found.subject for found in findings} == {"radarpulse", "discord", "slack"}
    assert {found.health for found in findings} == {"unreachable"}
    assert all(found.remedy for found in findings)


async def test_nobody_answers_in_time(outside: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    """All are asked at the same time, so that together they take no longer than one; what was found is kept."""
    monkeypatch.setattr(examination, "PATIENCE_S", 1.0)

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(hang, "127.0.0.1", 0) as server:
        nowhere = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        outside.changes["providers"]["radarpulse"] = {"rest_url": f"http://{nowhere}/v1", "ws_url": f"ws://{nowhere}"}
        outside.changes["slack"]["api_url"] = f"http://{nowhere}/api"
        outside.changes["destinations"]["hook"]["url"] = f"http://{nowhere}/api/webhooks/1/{HOOK}"
        began = time.monotonic()
        findings = await outside.findings()
        assert time.monotonic() - began < 5
    late = {found.subject for found in findings if found.what == "no answer within 1 s"}
    assert late == {"radarpulse", "slack", "hook"}
    assert Finding("room", "good", "the bot can post in #flow") in findings


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, "<html>Please log in to this hotel</html>"), (200, '{"id": 7, "ok": "perhaps"}'), (200, "[]"), (200, "")],
)
async def test_somebody_else_answers(outside: Outside, status: int, body: str) -> None:
    """A login page, say: nothing breaks, and nothing is called wrong that is only out of reach."""
    async with served(lambda *_: web.Response(text=body, status=status)) as url:
        outside.changes["discord"]["api_url"] = f"{url}/api/v10"
        outside.changes["slack"]["api_url"] = f"{url}/api/"
        seen = await outside.seen()
    assert seen["discord"][0].startswith("unreachable: the answer cannot be read -> what answers there is not Discord")
    assert seen["slack"][0].startswith("unreachable: the answer cannot be read -> what answers there is not Slack")


async def test_a_platform_in_trouble(outside: Outside) -> None:
    async with served(lambda *_: web.Response(text="upstream", status=502)) as url:
        outside.changes["discord"]["api_url"] = f"{url}/api/v10"
        outside.changes["destinations"]["desk-hook"]["url"] = f"{url}/services/T0/B0/{SLACK_HOOK}"
        seen = await outside.seen()
    assert seen["discord"] == ["unreachable: Discord answered 502: upstream -> try again later"]
    assert seen["desk-hook"] == ["unreachable: Slack answered 502: upstream -> try again later"]


async def test_an_address_that_is_none() -> None:
    """That is the user's to mend."""

    async def asked() -> Failure:
        return DestinationDead("its URL cannot be used")

    async with open_session() as session:
        with pytest.raises(NoAnswerError) as none:
            await Platform("Discord", session, Clocks()).told("hook", asked())
    assert none.value.finding == Finding("hook", "bad", "its URL cannot be used")


async def test_a_clock_that_is_wrong(outside: Outside) -> None:
    """Discord's answer is of ten years ago by our clock; Slack's agrees with us, and one witness is enough."""
    outside.discord.date = "Sun, 06 Nov 2016 08:49:37 GMT"
    assert (await outside.seen())["clock"] == ["good: agrees with Slack's"]
    outside.discord.date = "Sun, 06 Nov 2196 08:49:37 GMT"
    del outside.changes["slack"], outside.changes["destinations"]["desk"], outside.changes["destinations"]["desk-hook"]
    (told,) = (await outside.seen())["clock"]
    assert re.fullmatch(r"bad: \d{10} s behind Discord's -> set this machine's clock by NTP: .*", told)


def _echo(request: web.Request, body: bytes) -> web.Response:
    """All that was sent, quoted back, as a server in trouble may; and a secret that it was not told by us."""
    sent = f"{request.path_qs} {ANOTHERS} {dict(request.headers)} {body!r}"
    is_slack = request.path.startswith("/api/") and "webhooks" not in request.path
    said = {"message": sent, "error": sent, "ok": False} if is_slack else {"message": sent, "error": sent}
    return web.json_response(said, status=200 if is_slack else 403)


async def test_no_secret_is_told(outside: Outside, own_logs: None, capsys: pytest.CaptureFixture[str]) -> None:
    """Servers that quote everything back, and the most talkative log."""
    async with served(_echo) as url:
        outside.changes |= {"log": {"level": "debug"}}
        outside.changes["providers"]["radarpulse"] = {
            "api_key": "fake-vendor-key", "rest_url": f"{url}/v1", "ws_url": f"{url}/v1/stream".replace("http", "ws"),
        }  # fmt: skip
        outside.changes["discord"]["api_url"] = f"{url}/v10"
        outside.changes["slack"]["api_url"] = f"{url}/api/"
        outside.changes["destinations"]["hook"]["url"] = f"{url}/api/webhooks/1/{HOOK}?thread_id=5"
        outside.changes["destinations"]["desk-hook"]["url"] = f"{url}/services/T0/B0/{SLACK_HOOK}"
        outside.changes["destinations"]["own"] = RECEIVER
        findings = await outside.findings()
        report, health = await asyncio.to_thread(run, outside.folder / "config.yaml")
    shown = "".join((report, *capsys.readouterr()))
    assert health == "bad"
    assert "***" in shown
    assert [secret for secret in (*SECRETS, ANOTHERS) if secret in shown] == []
    assert ANOTHERS in repr(findings), "what was quoted was kept"
    assert [secret for secret in SECRETS if secret in repr(findings)] == []


async def _typed(outside: Outside, name: str, **changes: Any) -> tuple[int, str]:
    """The command as it is typed: its exit code, and the last line that it says."""
    settings(outside.folder, {**outside.changes, **changes})
    config = (outside.folder / "config.yaml").rename(outside.folder / f"{name}.yaml")
    command = await ended(("doctor", "-c", str(config)), outside.folder, {}, label=name)
    assert command.stderr == ""
    return command.code, command.stdout.splitlines()[-1]


async def test_exit_codes(outside: Outside) -> None:
    """0: well; 1: there is something to mend; 69: somebody did not answer."""
    outside.changes["providers"] = {"radarpulse": None, "tape": {"type": "replay", "path": "tape.jsonl"}}
    away = {**outside.changes["slack"], "api_url": f"http://{NOBODY}/api/"}
    refused = {**outside.changes["discord"], "token": "another"}
    well, bad, gone = await asyncio.gather(
        _typed(outside, "well"),
        _typed(outside, "bad", discord=refused, slack=away),
        _typed(outside, "gone", slack=away),
    )
    assert well == (0, "all is well")
    assert bad == (1, "1 to mend, 1 without an answer")
    assert gone == (69, "1 without an answer")


def test_how_it_is_told() -> None:
    """In columns, each remedy under its own, and the sum."""
    findings = [
        Finding("clock", "good", "agrees"),
        Finding("desk", "bad", "not there", "invite it"),
        Finding("hook", "unreachable", "no answer"),
        Finding("own", "doubt", "not seen"),
    ]
    assert told(findings) == (
        "✓ clock  agrees\n✗ desk   not there\n         → invite it\n… hook   no answer\n? own    not seen\n\n"
        "1 to mend, 1 without an answer, 1 to look at"
    )
    assert told(findings[::3]) == "✓ clock  agrees\n? own    not seen\n\nall is well; 1 to look at"
    assert worst(findings) == "bad"
    assert worst(findings[2:]) == "unreachable"
    assert worst(findings[3:]) == "good"
