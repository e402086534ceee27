"""A few prints of one New York morning, vendors that say what they are told to, and a core that knows both."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from bot.commands.asker import Asker
from bot.commands.core import Core, StatusReport
from bot.commands.requests import By
from bot.commands.vendors import Told, Untold, Vendors
from bot.engine.session import Query, Session
from bot.model.alerts import Alert, Clause, DeliveryRecord, Explanation, RuleHit
from bot.model.answers import Answer, Picture
from bot.model.heat import Heat
from bot.model.prints import Print
from bot.providers.optionwhales_answers import Ranking, TickerDetail
from bot.providers.radarpulse_answers import Disclosure, ScoreExplanation
from bot.render.look import Bands

MORNING = datetime(2026, 7, 17, 14, 31, 5, tzinfo=UTC)
"""10:31:05 in New York, a Friday."""
NOW = MORNING + timedelta(minutes=5)
HOSTILE = "@everyone <@1> <!channel> *b* `c` [x](http://evil.example) \u202e&"
ANN = Asker("discord", "5", "ann")
BOB = Asker("discord", "6", "bob")
PICTURE = Picture("flow.png", b"\x89PNG", "flow")


def ns(moment: datetime) -> int:
    return int(moment.timestamp()) * 10**9


def a_print(**facts: Any) -> Print:
    known: dict[str, Any] = {
        "provider": "tape", "ticker": "NVDA", "received_ns": ns(MORNING), "time": MORNING, "type": "call",
        "strike": 145.0, "expiry": date(2026, 8, 7), "dte": 21, "size": 1200, "premium": 2_400_000.0, "side": "ask",
        "kind": "sweep", "score": 94.0, "bias": "bull", "sector": "Information Technology",
    }  # fmt: skip
    return Print(**(known | facts))


def record(destination: str = "whale-room", *, rule: str = "extreme-sweeps", **facts: Any) -> DeliveryRecord:
    known: dict[str, Any] = {"alert_id": "7kq2m9xd", "state": "sent", "attempts": 1, "message_id": "55"}
    return DeliveryRecord(destination=destination, rules=(rule,), updated_ns=ns(MORNING), **(known | facts))


def explanation(
    alert_id: str = "7kq2m9xd",
    clause: str = "premium >= $500K",
    *records: DeliveryRecord,
    found: Print | None = None,
    rules: tuple[str, ...] = ("extreme-sweeps",),
) -> Explanation:
    hits = tuple(RuleHit(rule, (Clause(clause, "$2.4M", verdict=True),)) for rule in rules)
    alert = Alert(alert_id, found or a_print(), hits, ns(MORNING))
    return Explanation(alert, records or (record(alert_id=alert_id),))


async def nothing_known(alert_id: str, person: str) -> Explanation | None:
    del alert_id
    return None


class Says(Vendors):
    """Vendors of whom each method says what it was told to say; one that was told nothing cannot tell."""

    def __init__(self, **said: Any) -> None:
        super().__init__()
        self._said = said
        self.asked: list[tuple[object, ...]] = []

    def _say(self, what: str, *asked: object) -> Any:
        self.asked.append((what, *asked))
        return self._said.get(what)

    async def top(self, query: Query, *, limit: int) -> Told[tuple[Print, ...]] | Untold | None:
        found: Told[tuple[Print, ...]] | Untold | None = self._say("top", query, limit)
        return Told(found.value[:limit], found.source, found.note) if isinstance(found, Told) else found

    async def score(self, found: Print) -> Told[ScoreExplanation] | Untold | None:
        return self._say("score", found)  # type: ignore[no-any-return]  # what the test says, and so below

    async def heat(self, by: By) -> Told[tuple[Heat, ...]] | Untold | None:
        return self._say("heat", by)  # type: ignore[no-any-return]

    async def momentum(self, ticker: str | None) -> Told[tuple[Ranking, ...]] | Untold | None:
        return self._say("momentum", ticker)  # type: ignore[no-any-return]

    async def intent(self, ticker: str | None) -> Told[tuple[Ranking, ...] | TickerDetail] | Untold | None:
        return self._say("intent", ticker)  # type: ignore[no-any-return]

    async def congress(self, ticker: str | None) -> Told[tuple[Disclosure, ...]] | Untold | None:
        return self._say("congress", ticker)  # type: ignore[no-any-return]


class Hangs(Says):
    """Vendors that never answer."""

    def _say(self, what: str, *asked: object) -> Any:
        del what, asked
        raise NotImplementedError

    async def top(self, query: Query, *, limit: int) -> Told[tuple[Print, ...]] | Untold | None:
        del query, limit
        await asyncio.Event().wait()
        return None

    async def heat(self, by: By) -> Told[tuple[Heat, ...]] | Untold | None:
        del by
        await asyncio.Event().wait()
        return None


def core(
    *prints: Print,
    explain: Callable[[str, str], Awaitable[Explanation | None]] = nothing_known,
    status: StatusReport | None = None,
    now: datetime = NOW,
    **more: Any,
) -> Core:
    """`more`: other fields of the core."""
    session = Session()
    for found in prints:
        session.add(found)
    report = status or StatusReport(started_ns=ns(MORNING))
    return Core(session, explain, lambda: report, lambda: ns(now), Bands(), **more)


def knowing(found: Mapping[str, Explanation]) -> Callable[[str, str], Awaitable[Explanation | None]]:
    """A store that has these alerts."""

    async def explain(alert_id: str, person: str) -> Explanation | None:
        return found.get(alert_id)

    return explain


def painting(monkeypatch: pytest.MonkeyPatch, picture: Picture | Exception = PICTURE) -> list[tuple[object, ...]]:
    """Has a painter of our own in the place of Pillow's, for a picture's looks are tested elsewhere; what it is given
    is noted."""
    painted: list[tuple[object, ...]] = []

    def paint(*given: object, **more: object) -> Picture:
        painted.append((*given, *more.values()))
        if isinstance(picture, Exception):
            raise picture
        return picture

    painters = SimpleNamespace(heatmap_png=paint, timeline_png=paint)
    monkeypatch.setitem(sys.modules, "bot.render.pictures", painters)
    return painted


def lines_of(answer: Answer) -> list[str]:
    """Every line of every part, without the headings."""
    return [line for part in answer.parts for line in part.lines]
