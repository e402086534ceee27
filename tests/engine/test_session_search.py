"""Looking through a whole market's day: the event loop has its turn, and prints that come meanwhile do no harm."""

import asyncio
from collections.abc import Callable

import pytest

from bot.engine import session_search
from bot.engine.session import Query, Session
from bot.engine.session_search import STEP, Steps, in_turns
from tests.engine.test_session import a_print, fed, looked

MARKET = [
    a_print(ticker=f"T{n % 150}", strike=float(n), vol_oi=2.0 + n, score=n / 40, premium=30_000.0 + n)
    for n in range(3000)
]
LOOKING: dict[str, Callable[[Session, Query], Steps]] = {"top": Session.top, "unusual": Session.unusual}


@pytest.mark.parametrize("what", LOOKING)
@pytest.mark.parametrize("query", [Query(sector="Information Technology"), Query(min_premium=32_990.0, limit=3)])
def test_it_takes_steps_and_finds_the_same(what: str, query: Query) -> None:
    """A few hundred prints a step; whatever comes between two steps, what was there is found."""
    session = fed(*MARKET)
    expected = looked(LOOKING[what](session, query))
    assert expected
    taken = 0

    def come() -> None:
        """New tickers, and new contracts of old ones."""
        nonlocal taken
        taken += 1
        for n in range(40):
            session.add(a_print(ticker=f"N{taken}-{n}", premium=26_000.0, score=1.0, vol_oi=1.5, sector="Energy"))
            session.add(a_print(ticker=f"T{n}", strike=9000.0 + taken, premium=26_000.0, score=1.0, vol_oi=1.5))

    assert looked(LOOKING[what](session, query), come) == expected
    if query.sector is not None or what == "unusual":
        assert taken >= len(MARKET) / STEP / 2


async def test_others_have_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_search, "TURN_S", 0.0)
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    session, query = fed(*MARKET), Query(sector="Information Technology")
    async with asyncio.TaskGroup() as tasks:
        beside = tasks.create_task(other())
        found = await in_turns(session.top(query))
        beside.cancel()
    assert found == looked(session.top(query))
    assert turns >= len(MARKET) / STEP / 2
