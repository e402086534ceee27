"""One verdict per match, and the reason for every silence."""

from datetime import timedelta

import pytest

from bot.gate.verdict import cooldown_key, is_twin, judge
from bot.model.matches import Held, Known
from tests.samples import NVDA, a_match, a_print, a_route

WHALES, SWEEPS = a_route("whales"), a_route("sweeps")


def test_a_new_print_fires_every_rule_it_matched() -> None:
    verdict = judge(a_match(NVDA, WHALES, SWEEPS), Known())
    assert (verdict.fires, verdict.held) == ((WHALES, SWEEPS), ())


@pytest.mark.parametrize(("known", "reason"), [(Known(duplicate_of="a1"), "duplicate"), (Known(twin_of="a1"), "twin")])
def test_a_print_seen_before_fires_nothing_and_says_which_alert_told_it(known: Known, reason: str) -> None:
    verdict = judge(a_match(NVDA, WHALES, SWEEPS), known)
    assert verdict.fires == ()
    assert [(held.rule, held.reason, held.alert_id) for held in verdict.held] == [
        ("whales", reason, "a1"),
        ("sweeps", reason, "a1"),
    ]


def test_a_rule_in_cooldown_keeps_quiet_and_the_others_fire() -> None:
    verdict = judge(a_match(NVDA, WHALES, SWEEPS), Known(cooling={"whales": "a7"}))
    assert verdict.fires == (SWEEPS,)
    assert verdict.held == (Held("whales", "cooldown", "a7"),)


@pytest.mark.parametrize(
    ("by", "changes", "key"),
    [
        ("contract", {}, "NVDA260807C00145000"),
        ("contract", {"strike": 352.5, "type": "put"}, "NVDA260807P00352500"),
        ("contract", {"expiry": None}, "NVDA|call|145.0|"),
        ("contract", {"expiry": None, "strike": None, "type": None}, "NVDA|||"),
        ("ticker", {}, "NVDA"),
        ("rule", {}, ""),
    ],
)
def test_cooldown_is_counted_by_what_the_rule_says(by: str, changes: dict[str, object], key: str) -> None:
    assert cooldown_key(a_route(cooldown_s=60.0, cooldown_by=by), a_print(**changes)) == key


def test_a_rule_without_cooldown_has_no_key() -> None:
    assert cooldown_key(a_route(cooldown_s=0.0), NVDA) is None


@pytest.mark.parametrize(
    ("apart_s", "size", "premium", "same"),
    [
        (0.0, 2400, 1.0, True),  # sizes agree: premiums need not
        (2.0, 2400, None, True),
        (2.001, 2400, None, False),
        (-1.5, 2400, None, True),
        (0.0, 2401, 2_400_000.0, False),
        (0.0, None, 2_400_000.0 * 0.991, True),
        (0.0, None, 2_400_000.0 * 0.98, False),
        (0.0, None, None, False),
    ],
)
def test_twins_agree_on_size_or_nearly_on_premium_within_two_seconds(
    apart_s: float, size: int | None, premium: float | None, same: bool
) -> None:
    assert NVDA.time is not None
    time = NVDA.time + timedelta(seconds=apart_s)
    assert is_twin(NVDA, time=time, size=size, premium=premium) is same


def test_a_print_without_a_time_is_nobodys_twin() -> None:
    assert NVDA.time is not None
    assert not is_twin(a_print(time=None), time=NVDA.time, size=2400, premium=None)
