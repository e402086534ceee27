"""The contracts on the board, against the exchanges' rules and calendars as written by hand."""

from datetime import date

import pytest

from bot.flow.market import session_bounds
from bot.flow.sectors import SECTORS, sector_of
from bot.workbench.listings import expiries, strike_step, underlyings


@pytest.mark.parametrize(
    ("spot", "step"), [(6.4, 0.5), (24.99, 0.5), (25, 1), (99, 1), (100, 2.5), (249, 2.5), (250, 5), (500, 10)]
)
def test_strikes_lie_closer_for_cheaper_shares(spot: float, step: float) -> None:
    """0.5, 1, 2.5, 5 and 10 dollars apart."""
    assert strike_step(spot) == step


def test_ordinary_names_expire_on_fridays_or_before_a_closed_friday() -> None:
    """From Wednesday 10 June 2026: eight weeklies (19 June and 3 July are closed, so Thursdays), then monthlies."""
    listed = expiries(date(2026, 6, 10), has_dailies=False)
    assert [f"{day:%m-%d}" for day in listed[:8]] == [
        "06-12", "06-18", "06-26", "07-02", "07-10", "07-17", "07-24", "07-31",
    ]  # fmt: skip
    assert [f"{day:%Y-%m-%d}" for day in listed[8:]] == [
        "2026-08-21", "2026-09-18", "2026-10-16", "2026-11-20", "2026-12-18",
        "2027-01-15", "2027-02-19", "2027-03-19", "2027-04-16", "2027-05-21", "2027-06-17", "2028-01-21",
    ]  # fmt: skip


def test_good_friday_moves_the_monthly_expiry() -> None:
    """18 April 2014 was Good Friday and the third Friday: April's options traded until Thursday."""
    listed = expiries(date(2014, 4, 14), has_dailies=False)
    assert date(2014, 4, 17) in listed
    assert date(2014, 4, 18) not in listed


def test_the_broad_funds_expire_every_session() -> None:
    """From Wednesday 24 June 2026: every trading day of the ten days ahead, without 3 July, which is closed."""
    listed = expiries(date(2026, 6, 24), has_dailies=True)
    assert [f"{day:%m-%d}" for day in listed[:8]] == [
        "06-24", "06-25", "06-26", "06-29", "06-30", "07-01", "07-02", "07-10",
    ]  # fmt: skip


@pytest.mark.parametrize("today", [date(2026, 1, 1), date(2026, 4, 2), date(2026, 12, 24), date(2027, 6, 18)])
@pytest.mark.parametrize("has_dailies", [True, False])
def test_no_expiry_is_in_the_past_or_on_a_closed_day(today: date, has_dailies: bool) -> None:
    """Whatever the day of the year."""
    listed = expiries(today, has_dailies=has_dailies)
    assert listed[0] >= today
    assert all(session_bounds(day) for day in listed)


def test_the_pit_trades_a_few_dozen_names_of_every_sector() -> None:
    """So that a rule on any sector has something to match."""
    names = underlyings()
    assert len({name.ticker for name in names}) == len(names) >= 36
    assert {sector_of(name.ticker) for name in names} == {*SECTORS, None}
