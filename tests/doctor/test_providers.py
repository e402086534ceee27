"""What the doctor says of vendors: the key, what its plan includes, and whether the stream opens."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot.doctor.examination import examine
from tests.configurations import settings
from tests.doctor.conftest import NOBODY
from tests.doctor.platforms import served
from tests.fakes import optionwhales_rest, radarpulse_rest
from tests.fakes.faults import answer
from tests.fakes.feed import FakeFeed, Refusal
from tests.fakes.optionwhales_rest import FakeOptionWhales
from tests.fakes.radarpulse_rest import FakeRadarPulse

STREAM = f"ws://{NOBODY}/v1/stream"


async def said(folder: Path, name: str, own: Mapping[str, Any]) -> list[str]:
    """Of one provider in the place of the usual one."""
    changed: dict[str, Any] = {"providers": {"radarpulse": None, name: own}}
    found = [one for one in await examine(settings(folder, changed)) if one.subject == name]
    return [f"{one.health}: {one.what}" + (f" -> {one.remedy}" if one.remedy else "") for one in found]


def radarpulse(rest_url: str, ws_url: str = STREAM, **more: Any) -> dict[str, Any]:
    own = {"type": "radarpulse", "api_key": radarpulse_rest.KEY, "rest_url": rest_url, "ws_url": ws_url}
    return {**own, **more}


async def test_radarpulse(tmp_path: Path) -> None:
    """The key, the plan, the stream; a feed that is polled has no stream to open."""
    async with FakeRadarPulse() as vendor, FakeFeed("radarpulse", key=radarpulse_rest.KEY) as feed:
        works = ["good: the key works: /flow/top answers", "good: the plan has Congress trades"]
        assert await said(tmp_path, "pulse", radarpulse(vendor.rest_url, feed.url)) == [
            *works,
            "good: the stream opens",
        ]
        assert await said(tmp_path, "pulse", radarpulse(vendor.rest_url, mode="poll")) == works


async def test_a_wrong_key_is_told_once(tmp_path: Path) -> None:
    """The stream would say the same."""
    async with FakeRadarPulse() as vendor:
        (found,) = await said(tmp_path, "pulse", radarpulse(vendor.rest_url, api_key="frk_other_0123456789"))
        assert found.startswith("bad: the vendor refuses the key: HTTP 401")
        assert found.endswith("-> copy the key anew from the vendor, and put it into .env")


async def test_what_a_plan_does_not_include(tmp_path: Path) -> None:
    """A fact, and nothing to mend."""
    async with FakeRadarPulse() as vendor:
        vendor.script(answer(403, {"error": "Pro and above"}), where="/v1/congress", what="look")
        found = await said(tmp_path, "pulse", radarpulse(vendor.rest_url, mode="poll"))
        assert found[1:] == ["good: the plan has no Congress trades: Pro and above have"]


@pytest.mark.parametrize(
    ("refusal", "mode", "told"),
    [
        (
            403,
            "auto",
            "doubt: the plan has no stream: prints are polled instead, and marked as a delayed feed's -> set",
        ),
        (403, "stream", "bad: the plan has no stream: the server refused with HTTP 403"),
        (401, "auto", "bad: the stream refuses the key: the server refused with HTTP 401"),
        (404, "auto", "bad: what answers there is no stream: the server refused with HTTP 404"),
        (503, "auto", "unreachable: the stream does not open: the server refused with HTTP 503"),
    ],
)
async def test_a_stream_that_is_refused(tmp_path: Path, refusal: int, mode: str, told: str) -> None:
    async with FakeRadarPulse() as vendor, FakeFeed("radarpulse", key=radarpulse_rest.KEY) as feed:
        feed.refuse(Refusal(refusal, "no"))
        found = await said(tmp_path, "pulse", radarpulse(vendor.rest_url, feed.url, mode=mode))
        assert found[-1].startswith(told)


async def test_nobody_is_there(tmp_path: Path) -> None:
    """Unreachable, and not wrong: nothing of the user's is to be mended."""
    then = "the server refuses connections -> is this machine online? Try again later"
    assert await said(tmp_path, "pulse", radarpulse(f"http://{NOBODY}/v1")) == [
        f"unreachable: the vendor cannot be reached: {then}",
        f"unreachable: the stream does not open: {then}",
    ]


async def test_a_stream_on_this_machine(tmp_path: Path) -> None:
    """The vendor's REST API is elsewhere, and the simulator's key is not for it."""
    async with FakeFeed("radarpulse", key=radarpulse_rest.KEY) as feed:
        own = radarpulse("https://api.radarpulse.io/v1", feed.url)
        assert await said(tmp_path, "pulse", own) == [
            "doubt: the stream is on this machine and the REST API is not: the key is not sent there",
            "good: the stream opens",
        ]
    whales = {"type": "optionwhales", "api_key": "ow-fake-key", "ws_url": STREAM}
    assert await said(tmp_path, "whales", whales) == [
        "doubt: the stream is on this machine and the REST API is not: the key is not sent there"
    ]


@pytest.mark.parametrize(
    ("tier", "mode", "told"),
    [
        ("pro", "auto", "good: the key works, on the plan pro"),
        ("free", "auto", "doubt: the key is on the free plan, which has no stream"),
        ("free", "stream", "bad: the key is on the free plan, which has no stream"),
        ("free", "poll", "good: the key works, on the free plan"),
    ],
)
async def test_optionwhales(tmp_path: Path, tier: Any, mode: str, told: str) -> None:
    """Its stream takes one connection a key, and a running flowbot has it: nobody connects."""
    async with FakeOptionWhales(tier=tier) as vendor:
        own = {"type": "optionwhales", "api_key": optionwhales_rest.KEY, "rest_url": vendor.rest_url, "mode": mode}
        (found,) = await said(tmp_path, "whales", {**own, "ws_url": STREAM})
        assert found.startswith(told)


async def test_feeds_that_cannot_be_looked_at(tmp_path: Path) -> None:
    """Each says what tells instead; nothing is connected to, whatever answers there."""
    asked: list[str] = []

    def note(request: web.Request, body: bytes) -> web.Response:
        asked.append(request.path)
        return web.Response(status=500)

    async with served(note) as url:
        mapped = {"type": "mapped", "map": "unusual_whales_flow_alerts", "url": url.replace("http", "ws")}
        assert await said(tmp_path, "whales", mapped) == [
            "doubt: how a mapped feed does is seen when it runs -> `/flow status` and the log tell"
        ]
    hook = {"type": "webhook", "of": "radarpulse"}
    assert await said(tmp_path, "hook", hook) == [
        "doubt: its prints are posted to us -> `flowbot webhooks list` tells what is registered"
    ]
    tape = {"type": "replay", "path": "tape.jsonl"}
    assert await said(tmp_path, "tape", tape) == ["good: a tape: nothing outside to look at"]
    assert asked == []
