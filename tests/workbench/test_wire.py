"""The frames as text: the fields that each provider documents, the same trade behind both, and the odd ones."""

import json
import math
from datetime import date
from random import Random

from bot.workbench.pit import Pit, Trade
from bot.workbench.sources import generated, reel, reeled
from bot.workbench.wire import frame_of, odd_frame

START_MS = 1_784_124_000_000  # 2026-07-15 14:00 UTC, a Wednesday

TRADE = Trade(
    ticker="NVDA", type="call", strike=145.0, expiry=date(2026, 7, 17), dte=21, size=2_000, volume=2_500,
    open_interest=400, premium=2_400_000, price=12.0, side="ask", kind="sweep", otm_pct=1.4, spot=143.0, iv=0.45,
    score=94, bias="bull", sector="Information Technology", time_ms=START_MS,
)  # fmt: skip


def test_radarpulse_sends_a_bare_print_in_the_fields_of_its_guide() -> None:
    """Its `volume` is the print's own size; it documents no price and no id."""
    assert json.loads(frame_of(TRADE).bare) == {
        "ticker": "NVDA", "type": "CALL", "strike": 145.0, "expiry": "2026-07-17", "dte": 21, "volume": 2_000,
        "openInterest": 400, "volOI": 5.0, "premium": 2_400_000, "side": "ASK", "kind": "SWEEP", "otmPct": 1.4,
        "spot": 143.0, "iv": 0.45, "score": 94, "bias": "BULL", "sector": "Information Technology",
        "timestamp": START_MS,
    }  # fmt: skip


def test_optionwhales_sends_an_envelope() -> None:
    """`type` and `data`; ticker, side and premium are the fields it shows, and there is no score."""
    envelope = json.loads(frame_of(TRADE).envelope)
    assert envelope["type"] == "abnormal_trade"
    data = envelope["data"]
    assert (data["ticker"], data["side"], data["premium"]) == ("NVDA", "BUY", 2_400_000)
    assert (data["strike"], data["expiration"], data["option_type"]) == (145.0, "2026-07-17", "call")
    assert (data["size"], data["price"], data["timestamp"]) == (2_000, 12.0, START_MS)
    assert "score" not in data


def test_no_open_interest_has_no_ratio() -> None:
    """A missing fact is null, never infinity or zero."""
    fresh = Trade(**{name: getattr(TRADE, name) for name in Trade.__struct_fields__} | {"open_interest": 0})
    assert json.loads(frame_of(fresh).bare)["volOI"] is None


def test_odd_frames_come_in_every_announced_sort() -> None:
    """Not JSON, no ticker, NaN, negative premium, a Saturday, null sides, unknown fields: each on both wires."""
    random = Random(1)
    seen: set[str] = set()
    for _ in range(300):
        frame = odd_frame(TRADE, random)
        for text, is_bare in ((frame.bare, True), (frame.envelope, False)):
            seen |= {f"{sort} {'bare' if is_bare else 'enveloped'}" for sort in sorts(text)}
    expected = ("not json", "no ticker", "nan", "negative", "saturday", "no side", "unknown fields")
    assert seen == {f"{sort} {wire}" for sort in expected for wire in ("bare", "enveloped")}


def sorts(text: str) -> set[str]:
    try:
        fields = json.loads(text)
    except json.JSONDecodeError:
        return {"not json"}
    fields = fields.get("data", fields)
    premium = fields["premium"]
    claims = {
        "no ticker": fields["ticker"] is None,
        "nan": math.isnan(premium),
        "negative": premium < 0,
        "saturday": "2026-07-18" in (fields.get("expiry"), fields.get("expiration")),
        "no side": fields["side"] is None,
        "unknown fields": "venue" in fields,
    }
    return {name for name, is_so in claims.items() if is_so}


def take(seed: int, count: int, odd_share: float) -> list[str]:
    source = generated(seed, START_MS, 50.0, odd_share)
    return [next(source)[1].bare for _ in range(count)]


def test_the_generated_stream_is_reproducible_to_the_byte() -> None:
    """Seed, start and rate decide it, odd frames too."""
    assert take(9, 200, 0.2) == take(9, 200, 0.2)
    assert take(9, 200, 0.2) != take(10, 200, 0.2)


def test_the_generated_stream_keeps_its_rate() -> None:
    """At 50 a second the hundredth frame after the first is due at 2 s, and carries that time."""
    source = generated(1, START_MS, 50.0, 0.0)
    frames = [next(source) for _ in range(101)]
    assert [due_s for due_s, _ in frames[:3]] == [0.0, 0.02, 0.04]
    due_s, frame = frames[100]
    assert due_s == 2.0
    assert json.loads(frame.bare)["timestamp"] == START_MS + 2_000


def test_odd_frames_are_as_frequent_as_asked() -> None:
    """None at a share of 0."""
    sound = [json.loads(text) for text in take(2, 500, 0.0)]
    assert all(fields["ticker"] and fields["premium"] > 0 and fields["side"] for fields in sound)


def test_a_reel_goes_round_with_new_times() -> None:
    """The same prints again, stamped when they go out, so that no two frames are the same print."""
    clock = iter(range(START_MS, START_MS + 10))
    source = reeled(reel(1, START_MS, 0.0, length=3), lambda: next(clock), 0.0)
    first, second = ([json.loads(next(source)[1].bare) for _ in range(3)] for _ in range(2))
    times = [fields.pop("timestamp") for fields in first + second]
    assert times == [START_MS + n for n in range(6)]
    assert first == second


def test_a_reel_stamps_both_wires() -> None:
    """The envelope's time is filled in like the bare print's."""
    _, frame = next(reeled(reel(1, START_MS, 0.0, length=1), lambda: START_MS + 5, 0.0))
    assert json.loads(frame.envelope)["data"]["timestamp"] == START_MS + 5


def test_the_pit_and_the_wire_agree() -> None:
    """Whatever the pit makes can be told on both wires."""
    pit = Pit(1)
    for n in range(200):
        trade = pit.trade(START_MS + n)
        frame = frame_of(trade)
        assert json.loads(frame.bare)["premium"] == json.loads(frame.envelope)["data"]["premium"] == trade.premium
