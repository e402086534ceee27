"""Two providers at once: what one leaves out is completed from what another said, while that still holds."""

from typing import Any

import pytest

from bot.flow import known as module
from bot.flow.known import Known
from bot.model.prints import Print
from tests.samples import NOON_NS, a_print

SECOND_NS = 1_000_000_000
HOUR_S = 3600


def full(**changes: Any) -> Print:
    return a_print(provider="full", **changes)


def bare(after_s: float = 1.0, **changes: Any) -> Print:
    """A feed that names the contract, the size and the premium, and nothing else."""
    missing = {"open_interest": None, "vol_oi": None, "spot": None, "otm_pct": None, "iv": None, "volume": None}
    facts = {**missing, "score": None, "received_ns": NOON_NS + int(after_s * SECOND_NS), **changes}
    return a_print(provider="bare", **facts)


@pytest.fixture
def known() -> Known:
    return Known({"full": 0, "bare": 1})


def test_what_the_other_provider_said_completes_the_next_print(known: Known) -> None:
    """And what follows from it: 600 contracts of an open interest of 1,200; a 145 call with the stock at 140."""
    assert known.completed(full(open_interest=1200, spot=140.0, iv=0.45)).provider == "full"
    found = known.completed(bare(size=600, strike=145.0, dte=20))
    assert (found.open_interest, found.spot, found.iv) == (1200, 140.0, 0.45)
    assert found.vol_oi == pytest.approx(0.5)
    assert found.otm_pct == pytest.approx(100 * 5 / 140)
    assert found.score is not None
    assert found.score_is_local


@pytest.mark.parametrize(
    ("open_interest", "changes", "opening"),
    [
        (299, {"size": 500, "volume": 700}, True),
        (300, {"size": 500, "volume": 700}, False),
        (0, {"size": 500, "volume": 500}, True),
        (299, {"size": 500}, None),
        (299, {"size": None, "volume": 700}, None),
    ],
)
def test_an_opening_may_be_proved_by_the_others_open_interest(
    known: Known, open_interest: int, changes: dict[str, Any], opening: bool | None
) -> None:
    """Size over open interest and what traded before; unknown without the day's volume still."""
    known.completed(full(open_interest=open_interest))
    assert known.completed(bare(**changes)).opening is opening


def test_a_providers_own_word_is_never_replaced(known: Known) -> None:
    known.completed(full(open_interest=1200, spot=140.0, iv=0.45))
    own = bare(open_interest=7, vol_oi=2.0, spot=139.0, otm_pct=4.0, iv=0.9, score=12.0)
    assert known.completed(own) == own


@pytest.mark.parametrize(
    ("fact", "holds_s"), [("open_interest", 16 * HOUR_S), ("iv", 60), ("spot", 10)], ids=["oi", "iv", "spot"]
)
def test_a_fact_holds_for_its_time(known: Known, fact: str, holds_s: int) -> None:
    known.completed(full(open_interest=1200, spot=140.0, iv=0.45))
    assert getattr(known.completed(bare(holds_s)), fact) is not None
    assert getattr(known.completed(bare(holds_s + 1)), fact) is None


def test_another_contract_is_another_matter_and_a_spot_is_the_underlyings(known: Known) -> None:
    known.completed(full(strike=145.0, open_interest=1200, spot=140.0, iv=0.45))
    found = known.completed(bare(strike=150.0))
    assert (found.open_interest, found.iv, found.spot) == (None, None, 140.0)
    assert known.completed(bare(ticker="AMD")).spot is None


def test_the_more_trusted_provider_is_believed(known: Known) -> None:
    """While its word holds; then the other's will do."""
    known.completed(full(spot=140.0))
    known.completed(a_print(provider="bare", spot=141.0, received_ns=NOON_NS + SECOND_NS))
    assert known.completed(bare(2)).spot == 140.0
    known.completed(a_print(provider="bare", spot=142.0, received_ns=NOON_NS + 11 * SECOND_NS))
    assert known.completed(bare(12)).spot == 142.0


def test_a_recovered_print_neither_teaches_nor_learns(known: Known) -> None:
    """Its prices are of another time."""
    known.completed(full(spot=140.0, is_recovered=True))
    assert known.completed(bare()).spot is None
    known.completed(full(spot=141.0))
    assert known.completed(bare(is_recovered=True)).spot is None


def test_an_incomplete_contract_has_no_open_interest_to_learn(known: Known) -> None:
    known.completed(full(expiry=None, open_interest=1200))
    assert known.completed(bare(expiry=None)).open_interest is None


def test_the_memory_is_bounded(known: Known, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REMEMBERED", 10)
    for n in range(100):
        known.completed(full(strike=100.0 + n, open_interest=n + 1))
    assert known.completed(bare(strike=199.0)).open_interest == 100
    assert known.completed(bare(strike=100.0)).open_interest is None
