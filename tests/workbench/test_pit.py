"""The pit's prints: reproducible, arithmetically sound, on listed contracts, and rarely extreme."""

from collections import Counter
from datetime import UTC, date, datetime

import pytest

from bot.flow.market import new_york, session_bounds
from bot.workbench.listings import underlyings
from bot.workbench.pit import Pit, Trade
from bot.workbench.pricing import fair_price, strike_near, to_cents

MS = 1000


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * MS)


def trades(seed: int, start: str = "2026-07-15 14:00", count: int = 2_000) -> list[Trade]:
    pit = Pit(seed)
    return [pit.trade(at(start) + n * 40) for n in range(count)]


@pytest.fixture(scope="module")
def session() -> list[Trade]:
    return trades(7, count=12_000)


def test_a_seed_and_its_times_decide_every_print() -> None:
    """Twice the same is the same; another seed is another day."""
    assert trades(3, count=300) == trades(3, count=300)
    assert trades(3, count=300) != trades(4, count=300)


def test_premium_is_price_times_size_times_100_to_the_dollar(session: list[Trade]) -> None:
    """Prices are whole cents, so nothing is lost in rounding."""
    for trade in session:
        cents = round(trade.price * 100)
        assert abs(trade.price * 100 - cents) < 1e-6
        assert trade.premium == cents * trade.size
        assert trade.size >= 1
        assert cents >= 1


def test_every_strike_is_on_its_grid(session: list[Trade]) -> None:
    """A multiple of the step that the underlying's price asks for."""
    steps = {name.ticker: name.step for name in underlyings()}
    for trade in session:
        assert trade.strike > 0
        assert (trade.strike / steps[trade.ticker]).is_integer(), trade


def test_every_expiry_is_a_trading_day_ahead(session: list[Trade]) -> None:
    """And dte counts the calendar days to it."""
    for trade in session:
        assert session_bounds(trade.expiry) is not None
        assert trade.dte == (trade.expiry - date(2026, 7, 15)).days >= 0


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_an_extreme_score_is_rare_but_there(seed: int) -> None:
    """About one or two prints in a hundred score 85 or more."""
    sample = trades(seed, count=8_000)
    share = sum(trade.score >= 85 for trade in sample) / len(sample)
    assert 0.008 <= share <= 0.025


def test_facts_agree_with_one_another(session: list[Trade]) -> None:
    """OTM from strike and spot, bias from type and side, score within its range."""
    inverse = {"SQQQ", "TZA"}
    for trade in session:
        distance = trade.strike - trade.spot if trade.type == "call" else trade.spot - trade.strike
        assert trade.otm_pct == pytest.approx(100 * distance / trade.spot, abs=0.01)
        assert 0 <= trade.score <= 100
        assert 0.05 < trade.iv < 5
        if trade.side == "mid":
            assert trade.bias == "neutral"
        else:
            is_bullish = (trade.type, trade.side) in {("call", "ask"), ("put", "bid")}
            assert (trade.bias == "bull") == (is_bullish != (trade.ticker in inverse))


def test_sizes_have_a_heavy_tail_and_contracts_come_back(session: list[Trade]) -> None:
    """Half the prints are small and some are very large; campaigns return to one contract again and again."""
    premiums = sorted(trade.premium for trade in session)
    assert premiums[len(premiums) // 2] < 50_000
    assert premiums[-1] > 4_000_000
    contracts = Counter((t.ticker, t.type, t.strike, t.expiry) for t in session if t.premium >= 500_000)
    assert contracts.most_common(1)[0][1] >= 3


def test_a_contract_keeps_its_open_interest_while_its_volume_grows(session: list[Trade]) -> None:
    """Open interest is known once a day, volume is today's sum of sizes."""
    interest: dict[object, int] = {}
    volume: Counter[object] = Counter()
    for trade in session:
        contract = (trade.ticker, trade.type, trade.strike, trade.expiry)
        volume[contract] += trade.size
        assert interest.setdefault(contract, trade.open_interest) == trade.open_interest
        assert trade.volume == volume[contract]


def test_after_the_close_todays_expiries_are_gone() -> None:
    """20:00 UTC is 16:00 in New York; the same pit goes on with tomorrow's contracts."""
    pit = Pit(5)
    before = [pit.trade(at("2026-07-15 19:59:59")) for _ in range(300)]
    after = [pit.trade(at("2026-07-15 20:00:00")) for _ in range(300)]
    assert min(trade.dte for trade in before) == 0
    assert min(trade.dte for trade in after) == 1


def test_a_new_day_in_new_york_has_a_new_board() -> None:
    """At 04:00 UTC the date changes there, and dte with it; a Saturday has nothing that expires today."""
    pit = Pit(5)
    friday = pit.trade(at("2026-07-18 03:59:59"))
    saturday = pit.trade(at("2026-07-18 04:00:00"))
    assert (friday.expiry - new_york_date(friday)).days == friday.dte >= 3
    assert (saturday.expiry - new_york_date(saturday)).days == saturday.dte >= 2


def new_york_date(trade: Trade) -> date:
    return new_york(datetime.fromtimestamp(trade.time_ms / MS, UTC)).date()


@pytest.mark.parametrize(
    ("spot", "step", "deviations", "strike"),
    [(187.0, 2.5, 0.0, 187.5), (187.0, 2.5, 0.02, 190.0), (6.4, 0.5, -0.1, 6.0), (0.3, 0.5, 0.0, 0.5)],
)
def test_the_nearest_listed_strike(spot: float, step: float, deviations: float, strike: float) -> None:
    """Never below one step: there is no strike 0."""
    assert strike_near(spot, step, deviations) == strike


def test_fair_prices_are_black_and_scholes() -> None:
    """The textbook case without interest: S=K=100, one year, 20 % gives 7.97 for both; and put-call parity."""
    assert fair_price("call", spot=100, strike=100, years=1, iv=0.2) == pytest.approx(7.9656, abs=1e-4)
    assert fair_price("put", spot=100, strike=100, years=1, iv=0.2) == pytest.approx(7.9656, abs=1e-4)
    call = fair_price("call", spot=100, strike=90, years=0.5, iv=0.3)
    assert call - fair_price("put", spot=100, strike=90, years=0.5, iv=0.3) == pytest.approx(10)


@pytest.mark.parametrize(
    ("price", "has_pennies", "cents"),
    [(0.001, False, 1), (2.984, False, 298), (3.02, False, 300), (3.03, False, 305), (3.03, True, 303)],
)
def test_prices_are_quotable(price: float, has_pennies: bool, cents: int) -> None:
    """Cents below $3, nickels from there on, but for classes quoted in pennies throughout."""
    assert to_cents(price, has_pennies=has_pennies) == cents
