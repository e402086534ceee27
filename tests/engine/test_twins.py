"""One trade that two providers tell of counts once in the day's sums; each print has one twin at most."""

from datetime import timedelta
from typing import Any

import pytest

from bot.engine import twins as module
from bot.engine.twins import Twins
from bot.model.prints import Print
from tests.samples import NVDA, a_print

assert NVDA.time is not None


def told(provider: str, later_s: float = 0.0, **changes: Any) -> Print:
    assert NVDA.time is not None
    return a_print(provider=provider, time=NVDA.time + timedelta(seconds=later_s), **changes)


@pytest.mark.parametrize(
    ("second", "is_twin"),
    [
        (told("whales"), True),
        (told("whales", 2.0), True),
        (told("whales", 2.1), False),
        (told("whales", size=NVDA.size and NVDA.size + 1), False),
        (told("whales", size=None, premium=NVDA.premium and NVDA.premium * 1.009), True),
        (told("whales", size=None, premium=NVDA.premium and NVDA.premium * 1.02), False),
        (told("whales", strike=150.0), False),
        (told("pulse"), False),  # the same provider: another trade
        (told("whales", strike=None), False),  # nobody knows
    ],
)
def test_two_prints(second: Print, is_twin: bool) -> None:
    twins = Twins()
    assert not twins.is_twin(told("pulse"))
    assert twins.is_twin(second) is is_twin


def test_each_has_one_twin() -> None:
    """Two trades of one size in a second, told by both: two count."""
    twins = Twins()
    seen = [twins.is_twin(told(provider)) for provider in ("pulse", "pulse", "whales", "whales", "whales")]
    assert seen == [False, False, True, True, False]


def test_it_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contracts go by generations, a busy contract's oldest prints first."""
    monkeypatch.setattr(module, "REMEMBERED", 2)
    twins = Twins()
    for strike in range(1, 7):
        twins.is_twin(told("pulse", strike=float(strike)))
    assert len(twins._new) + len(twins._old) <= 4
    assert twins.is_twin(told("whales", strike=6.0))
    for _ in range(40):
        twins.is_twin(told("pulse", strike=6.0))
    assert max(map(len, twins._new.values())) == module.OF_A_CONTRACT
