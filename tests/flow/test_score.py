"""Our own score's curves, at the points that docs/vocabulary.md names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.flow.score import score_parts, total

NOTHING = {"vol_oi": 0.0, "premium": 25_000.0, "dte": 70, "otm_pct": 30.0}


@pytest.mark.parametrize(
    ("part", "value", "points"),
    [
        ("vol_oi", 0.0, 0.0),
        ("vol_oi", 10.0, 40.0),
        ("vol_oi", 1000.0, 40.0),
        ("vol_oi", 2.3166247903554, 20.0),  # the square root of 11, less 1: half way
        ("premium", 0.0, 0.0),
        ("premium", 25_000.0, 0.0),
        ("premium", 353_553.39, 15.0),  # 25,000 times the square root of 200: half way
        ("premium", 5_000_000.0, 30.0),
        ("premium", 1e12, 30.0),
        ("dte", 0, 20.0),
        ("dte", 14, 16.0),  # RadarPulse's own example
        ("dte", 35, 10.0),
        ("dte", 70, 0.0),
        ("dte", 900, 0.0),
        ("otm_pct", 0.0, 10.0),
        ("otm_pct", 5.0, 10.0),
        ("otm_pct", 17.5, 5.0),
        ("otm_pct", 30.0, 0.0),
        ("otm_pct", -10.0, 5.0),
        ("otm_pct", -20.0, 0.0),
        ("otm_pct", -99.0, 0.0),
    ],
)
def test_each_part_follows_its_documented_curve(part: str, value: float, points: float) -> None:
    """With the other parts at nothing, the whole score is this part's."""
    parts = score_parts(**{**NOTHING, part: value})  # type: ignore[arg-type]  # dte is an int in the table
    name = "otm" if part == "otm_pct" else part
    assert {p.name: p.points for p in parts} == {"vol_oi": 0.0, "premium": 0.0, "dte": 0.0, "otm": 0.0, name: points}
    assert total(parts) == points


@given(
    vol_oi=st.floats(0, 1e15), premium=st.floats(0, 1e15), dte=st.integers(0, 36_600), otm_pct=st.floats(-1e15, 1e15)
)
def test_no_input_leaves_the_bounds(vol_oi: float, premium: float, dte: int, otm_pct: float) -> None:
    """Each part lies within 0 and its maximum, the maxima are 40, 30, 20 and 10, and the score is their sum."""
    parts = score_parts(vol_oi=vol_oi, premium=premium, dte=dte, otm_pct=otm_pct)
    assert [part.maximum for part in parts] == [40, 30, 20, 10]
    assert all(0 <= part.points <= part.maximum for part in parts)
    assert 0 <= total(parts) <= 100
