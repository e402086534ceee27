"""Reading facts from JSON: every name and every form of a value is understood, and refusals have a reason."""

import json
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.flow.complete import complete
from bot.flow.facts import ALIASES, Facts, facts_from, load
from bot.model.errors import FrameError
from bot.model.prints import Print

NS = 1_784_217_600_000_000_000  # 2026-07-16 16:00 UTC

# One value for every fact, as JSON has it.
VALUES: dict[str, object] = {
    "ticker": "NVDA", "type": "CALL", "strike": 145.5, "expiry": "2026-08-07", "dte": 22, "size": 2400, "volume": 9000,
    "open_interest": 1200, "vol_oi": 7.5, "premium": 2_400_000.0, "price": 10.0, "side": "ASK", "kind": "SWEEP",
    "otm_pct": 3.5, "spot": 140.1, "iv": 0.45, "score": 94.0, "bias": "BULL", "sector": "Technology",
    "time": 1784217599900, "provider_id": "p-1",
}  # fmt: skip
WHOLE = Print(
    provider="p", ticker="NVDA", received_ns=NS, provider_id="p-1", type="call", strike=145.5, expiry=date(2026, 8, 7),
    dte=22, size=2400, volume=9000, open_interest=1200, vol_oi=7.5, premium=2_400_000.0, price=10.0, side="ask",
    kind="sweep", otm_pct=3.5, spot=140.1, iv=0.45, score=94.0, bias="bull", sector="Information Technology",
    time=datetime(2026, 7, 16, 15, 59, 59, 900_000, tzinfo=UTC), session="regular", time_of_day=43_199.9, opening=False,
)  # fmt: skip


def read(frame: object) -> Print:
    return complete(facts_from(load(json.dumps(frame))), "p", NS)


def test_a_frame_in_our_own_words_is_read_whole() -> None:
    """Every fact of the vocabulary arrives, in our units."""
    assert read(VALUES) == WHOLE


@pytest.mark.parametrize(
    ("fact", "alias"), [(fact, alias) for fact in VALUES for alias in ALIASES.get(fact, ())]
)  # fmt: skip
def test_every_alias_is_read_as_its_fact(fact: str, alias: str) -> None:
    """In a frame of clean values, and in one whose values must be read one by one."""
    frame = {alias if name == fact else name: value for name, value in VALUES.items()}
    assert read(frame) == WHOLE
    assert read({**frame, "dte": "22"}) == WHOLE  # a number as text


def test_numbers_as_strings_are_numbers() -> None:
    """A feed that writes everything as text is understood, and an empty text is nothing."""
    frame = {name: str(value) for name, value in VALUES.items()}
    assert read(frame) == WHOLE
    assert read({**frame, "iv": ""}).iv is None


def test_unknown_keys_are_ignored() -> None:
    """The vendor announced additions."""
    assert read({**VALUES, "legs": [{"ratio": 1}], "venue": {"mic": "XCBO"}}) == WHOLE


def test_an_unrelated_short_name_costs_nothing_where_the_fact_has_been_read() -> None:
    """`t`, `p` and `last` may mean anything in a frame that has a time and a price of its own."""
    assert read({**VALUES, "t": "trade", "p": {"x": 1}, "last": True, "right": 7}) == WHOLE


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("", "not_json"),
        ("upstream connect error", "not_json"),
        ('{"ticker":"NVDA"', "not_json"),
        ('{"ticker":"NVDA"} {}', "not_json"),
        ("[" * 100_000, "not_json"),
        ('{"x":' * 100_000, "not_json"),
        (b"\xff\xfe\x00binary", "not_text"),
        (b'{"ticker":"\xff"}', "not_text"),
        ("[]", "bad_shape"),
        ('"NVDA"', "bad_shape"),
        ("null", "bad_shape"),
        ("{}", "no_ticker"),
        ('{"ticker":null}', "no_ticker"),
        ('{"ticker":"  "}', "no_ticker"),
        ('{"ticker":["NVDA"]}', "bad_value"),
        ('{"ticker":5}', "bad_value"),
        ('{"ticker":"NV DA"}', "bad_value"),
        ('{"ticker":"<script>"}', "bad_value"),
        ('{"ticker":"ABCDEFGHIJK"}', "bad_value"),
        ('{"ticker":"\\ud800"}', "bad_value"),
        ('{"ticker":"NVDA","premium":NaN}', "bad_number"),
        ('{"ticker":"NVDA","premium":Infinity}', "bad_number"),
        ('{"ticker":"NVDA","premium":1e999}', "bad_number"),
        ('{"ticker":"NVDA","premium":-1}', "bad_number"),
        ('{"ticker":"NVDA","premium":"-1"}', "bad_number"),
        ('{"ticker":"NVDA","premium":true}', "bad_number"),
        ('{"ticker":"NVDA","premium":"lots"}', "bad_number"),
        ('{"ticker":"NVDA","premium":"nan"}', "bad_number"),
        ('{"ticker":"NVDA","premium":[1]}', "bad_number"),
        ('{"ticker":"NVDA","size":1.5}', "bad_number"),
        ('{"ticker":"NVDA","size":1e300}', "bad_number"),
        ('{"ticker":"NVDA","expiry":"2026-02-30"}', "bad_date"),
        ('{"ticker":"NVDA","expiry":"0001-01-01"}', "bad_date"),
        ('{"ticker":"NVDA","expiry":true}', "bad_date"),
        ('{"ticker":"NVDA","timestamp":12345}', "bad_date"),
        ('{"ticker":"NVDA","timestamp":"soon"}', "bad_date"),
        ('{"ticker":"NVDA","timestamp":[]}', "bad_date"),
        ('{"ticker":"NVDA","side":{}}', "bad_value"),
        ('{"ticker":"NVDA","id":"' + "x" * 1000 + '"}', "bad_value"),
        ('{"ticker":"NVDA","id":"\\ud800"}', "bad_value"),
        ('{"ticker":"NVDA","expiry":"\\ud800"}', "bad_date"),
        ('{"ticker":"NVDA","score_parts":{"otm":NaN}}', "bad_number"),
    ],
)
def test_a_frame_that_cannot_become_a_print_says_why(raw: str | bytes, reason: str) -> None:
    """Each refusal has a reason of the small closed set."""
    with pytest.raises(FrameError) as caught:
        complete(facts_from(load(raw)), "p", NS)
    assert caught.value.reason == reason


def test_a_refusal_names_the_field_and_the_value() -> None:
    """The operator who reads the quarantine sees at once what is wrong."""
    with pytest.raises(FrameError, match=r"premium: -125000 is negative"):
        facts_from({"ticker": "NVDA", "premium": -125000})
    with pytest.raises(FrameError, match="size: 'many' is not a number"):
        facts_from({"ticker": "NVDA", "size": "many"})
    with pytest.raises(FrameError, match="cost_basis: 'lots' is not a number"):  # by the feed's own name for it
        facts_from({"ticker": "NVDA", "cost_basis": "lots"})


def test_facts_by_hand_have_nothing_to_begin_with() -> None:
    """Everything is missing until it is set."""
    assert all(getattr(Facts(), name) is None for name in Facts.__struct_fields__)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
NAMES = st.sampled_from(sorted({*VALUES, *(alias for names in ALIASES.values() for alias in names), "tags", "bid"}))


@given(st.dictionaries(NAMES, JSON, max_size=6), st.booleans())
def test_any_values_under_our_names_give_a_print_or_a_frame_error(found: dict[str, object], has_ticker: bool) -> None:
    """No value of any JSON type breaks the reader, and what comes out is within its bounds."""
    if has_ticker:
        found = {**found, "ticker": "NVDA"}
    result: Print | None = None
    reason = "no_ticker"
    try:
        result = read(found)
    except FrameError as error:
        reason = error.reason
    assert reason in {"not_json", "bad_shape", "no_ticker", "bad_number", "bad_date", "bad_value"}
    if result is None:
        return
    assert result.ticker
    assert result.score is None or 0 <= result.score <= 100
    assert result.premium is None or result.premium > 0
    assert result.identity
