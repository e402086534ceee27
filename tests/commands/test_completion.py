"""What is suggested while somebody types."""

from collections.abc import Sequence

import pytest

from bot.commands.asker import Asker
from bot.commands.completion import Typing, suggestions
from bot.commands.core import Core
from bot.commands.reading import read_options
from bot.commands.requests import Personal, WatchRemove
from bot.model.answers import Answer
from bot.model.sectors import SECTORS
from bot.model.steering import Mute
from tests.commands.prints import a_print, core

ANN = Asker("discord", "1", place="9", is_admin=True)


class _Watches:
    """Somebody's watches, in memory."""

    def watches_of(self, person: str) -> Sequence[tuple[int, str]]:
        return {"discord:1": [(3, "NVDA premium>=1M"), (17, "x" * 200)]}.get(person, [])

    async def answer(self, request: Personal, asker: Asker) -> Answer:
        raise NotImplementedError


@pytest.fixture
def busy() -> Core:
    """NVDA is the busiest, then NFLX, SPY and ENVX."""
    premiums = {"ENVX": 1e4, "NVDA": 9e6, "SPY": 2e5, "NFLX": 3e6}
    return core(
        *(a_print(ticker=ticker, premium=premium) for ticker, premium in premiums.items()),
        rules=lambda: ("extreme-sweeps", "spy-0dte"),
        destinations=lambda: ("desk", "whale-room"),
        muted=lambda: tuple(
            Mute(kind, name, None, "discord:1", "", 0)  # type: ignore[arg-type]  # of a table
            for kind, name in [("ticker", "SPY"), ("rule", "spy-0dte"), ("person", "discord:2"), ("pause", "")]
        ),
        personal=_Watches(),
    )


@pytest.mark.parametrize(
    ("command", "sub", "option", "typed", "suggested"),
    [
        ("flow", "top", "ticker", "", ["NVDA", "NFLX", "SPY", "ENVX"]),
        ("flow", "ticker", "symbol", "n", ["NVDA", "NFLX", "ENVX"]),
        ("flow", "ticker", "symbol", "$nv", ["NVDA", "ENVX"]),
        ("flow", "ticker", "symbol", "ZZZ", []),
        ("flow", "top", "sector", "", list(SECTORS)),
        ("flow", "top", "sector", "tech", ["Information Technology"]),
        ("flowadmin", "test", "destination", "", ["desk", "whale-room"]),
        ("flowadmin", "mute", "name", "sp", ["spy-0dte", "SPY"]),
        ("flowadmin", "unmute", "name", "", ["SPY", "spy-0dte"]),
        ("flow", "why", "alert", "7", []),
        ("flow", "top", "side", "", []),
        ("flow", "nothing", "ticker", "", []),
        ("nothing", "", "ticker", "", []),
    ],
)
def test_what_is_suggested(busy: Core, command: str, sub: str, option: str, typed: str, suggested: list[str]) -> None:
    """What begins as typed comes first, in any case; tickers the busiest first."""
    assert suggestions(busy, Typing(command, sub, option, typed), ANN) == suggested


@pytest.mark.parametrize(
    ("sub", "what", "suggested"),
    [
        ("mute", "rule", ["extreme-sweeps", "spy-0dte"]),
        ("mute", "destination", ["desk", "whale-room"]),
        ("mute", "ticker", ["NVDA", "NFLX", "SPY", "ENVX"]),
        ("mute", "nonsense", []),
        ("unmute", "rule", ["spy-0dte"]),
        ("unmute", "ticker", ["SPY"]),
    ],
)
def test_of_what_is_to_be_muted_only_its_sort(busy: Core, sub: str, what: str, suggested: list[str]) -> None:
    """Where the form says already that it is a rule, nothing else is suggested."""
    assert suggestions(busy, Typing("flowadmin", sub, "name", "", what), ANN) == suggested


def test_ones_own_watches(busy: Core) -> None:
    """With what they watch, cut to what Discord takes; each is read as its number. Others' are nobody's business."""
    suggested = suggestions(busy, Typing("watch", "remove", "watch", ""), ANN)
    assert suggested == ["3: NVDA premium>=1M", f"17: {'x' * 95}…", "all"]
    assert read_options("watch", "remove", {"watch": suggested[1]}) == WatchRemove(17)
    assert suggestions(busy, Typing("watch", "remove", "watch", ""), Asker("discord", "2")) == ["all"]
    assert suggestions(core(), Typing("watch", "remove", "watch", ""), ANN) == ["all"]


def test_never_more_than_discord_takes() -> None:
    """25 of them, of 100 characters."""
    many = core(*(a_print(ticker=f"T{number}") for number in range(60)), rules=lambda: ["r" * 300])
    assert len(suggestions(many, Typing("flow", "top", "ticker", "t"), ANN)) == 25
    assert [len(name) for name in suggestions(many, Typing("flowadmin", "mute", "name", "r"), ANN)] == [100]
