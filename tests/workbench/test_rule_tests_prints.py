"""Prints as an admin writes them: values, what is derived, the clock, and every way to write them wrong."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from bot.model.prints import Print
from bot.trials import load_rule_set
from bot.workbench.rule_tests.reading import read_files
from tests.workbench.rule_tests import CONFIG, prints, problems, tried, written


def one(folder: Path, text: str) -> Print:
    """The print of these facts, added to NVDA's contract at the ask."""
    (found,) = prints(folder, f"[{{{text}}}]")
    return found


@pytest.mark.parametrize(
    ("written", "fact", "value"),
    [
        ("premium: $1.2M", "premium", 1_200_000.0),
        ("premium: 500_000", "premium", 500_000.0),
        ("iv: 45%", "iv", 0.45),
        ("otm_pct: -3.5", "otm_pct", -3.5),
        ("expiry: 2026-08-21", "expiry", date(2026, 8, 21)),
        ("kind: SWEEP", "kind", "sweep"),
        ("sector: Technology", "sector", "Information Technology"),
        ("ticker: $spy", "ticker", "SPY"),
        ("open_interest: 0", "open_interest", 0),
        ("size: 1.5k", "size", 1500),
        ("provider_id: 7", "provider_id", "7"),
        ("strike: 352.50", "strike", 352.5),
    ],
)
def test_facts_are_written_as_in_when(tmp_path: Path, written: str, fact: str, value: object) -> None:
    """Money, percentages, dates and words, in any of their forms."""
    assert getattr(one(tmp_path, written), fact) == value


def test_what_a_feed_leaves_out_is_derived(tmp_path: Path) -> None:
    """Days to expiry, vol/OI, percent out of the money, bias, sector, premium, and a score of our own."""
    found = one(tmp_path, "size: 200, price: 5, volume: 3000, open_interest: 300, spot: 100, strike: 110")
    assert (found.dte, found.vol_oi, found.otm_pct, found.premium) == (11, 10.0, 10.0, 100_000.0)
    assert (found.bias, found.sector) == ("bull", "Information Technology")
    assert found.score_is_local


def test_a_side_follows_from_the_quote_and_a_contract_from_its_symbol(tmp_path: Path) -> None:
    """What a feed may send beside the vocabulary, a test may say."""
    text = "side: null, type: null, strike: null, expiry: null, option_symbol: NVDA260821P00150000"
    found = one(tmp_path, f"{text}, bid: 1.00, ask: 1.20, price: 1.02")
    assert (found.type, found.strike, found.expiry) == ("put", 150.0, date(2026, 8, 21))
    assert (found.side, found.bias) == ("bid", "bull")


def test_a_leg_bets_on_nothing(tmp_path: Path) -> None:
    """As where a feed says so."""
    assert one(tmp_path, "multi_leg: true").bias == "neutral"


def test_null_takes_a_default_back(tmp_path: Path) -> None:
    """The feed leaves the fact out: it is missing, and not zero."""
    found = one(tmp_path, "side: null, time: null")
    assert (found.side, found.bias, found.time) == (None, None, None)


def test_a_tests_defaults_lie_over_the_files(tmp_path: Path) -> None:
    """And the print's own facts over both; a test may take a default back too."""
    text = """\
defaults: {ticker: NVDA, score: 50, side: ask, kind: sweep}
tests: [{name: x, defaults: {score: 60, kind: null, type: put}, prints: [{}, {type: call}], expect: []}]
"""
    (file,) = read_files([written(tmp_path, text)], None, load_rule_set)
    source = file.tests[0].source
    assert isinstance(source, tuple)
    assert [(p.ticker, p.score, p.kind, p.type) for p in source] == [
        ("NVDA", 60, None, "put"),
        ("NVDA", 60, None, "call"),
    ]


# --- the clock ---------------------------------------------------------------------------------------------

NOW = datetime(2026, 7, 6, 14, 31, tzinfo=UTC)
"""10:31 in New York."""


def seconds(found: Print) -> float:
    """Its receipt, in seconds after `NOW`."""
    return found.received_ns / 1e9 - NOW.timestamp()


def test_prints_come_one_after_another(tmp_path: Path) -> None:
    """A second apart unless they say; `after` counts from the print above, `at` is New York's clock."""
    found = prints(tmp_path, '[{}, {}, {after: 1m}, {at: "10:33:30"}, {after: 0s}, {at: 2026-07-07 10:31:00}]')
    assert [seconds(one) for one in found] == [0, 1, 61, 150, 150, 86_400]


def test_a_print_happened_when_it_was_received_unless_it_says(tmp_path: Path) -> None:
    """Its own time may be earlier: a late print."""
    found = prints(tmp_path, '[{after: 5m}, {time: "10:00"}, {time: "2026-07-06T13:59:00Z"}]')
    assert [one.time for one in found] == [
        datetime(2026, 7, 6, 14, 36, tzinfo=UTC),
        datetime(2026, 7, 6, 14, 0, tzinfo=UTC),
        datetime(2026, 7, 6, 13, 59, tzinfo=UTC),
    ]


def test_now_is_new_yorks(tmp_path: Path) -> None:
    """In winter too: 09:30 there is 14:30 UTC."""
    (found,) = prints(tmp_path, "[{ticker: SPY}]", "now: 2026-01-05 09:30:00\n")
    assert found.time == datetime(2026, 1, 5, 14, 30, tzinfo=UTC)


def test_same_as_takes_another_prints_facts_and_not_its_moment(tmp_path: Path) -> None:
    """What it says itself comes on top; a print that is the same as another may be meant again."""
    first, second, third = prints(
        tmp_path, "[{premium: 2M, kind: block}, {same_as: 1, kind: sweep}, {same_as: 2, premium: null}]"
    )
    assert (second.premium, second.kind, second.time) == (2e6, "sweep", datetime(2026, 7, 6, 14, 31, 1, tzinfo=UTC))
    assert (third.premium, third.kind) == (None, "sweep")
    assert len({first.identity, second.identity, third.identity}) == 3


def test_the_first_provider_is_meant(tmp_path: Path) -> None:
    """Where a print names none."""
    assert one(tmp_path, "").provider == "rp"


# --- mistakes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "at", "message"),
    [
        ("{premium: 45x}", "45x", 'premium of print 1 of test "t": expected an amount, such as 500k'),
        ("{side: axe}", "axe", 'side of print 1 of test "t": expected ask, bid or mid, got "axe"'),
        ("{size: 1.5}", "1.5", 'size of print 1 of test "t": expected a whole number, got 1.5'),
        ("{strike: -3}", "-3", 'strike of print 1 of test "t": expected a number that is not negative, got -3'),
        ("{expiry: 7/17}", "7/17", 'expiry of print 1 of test "t": expected a date, such as 2026-07-17, got "7/17"'),
        ("{premuim: 1}", "premuim", 'unknown field "premuim" in print 1 of test "t"; did you mean "premium"?'),
        ("{opening: true}", "opening", 'opening of print 1 of test "t": no feed says it; it follows from size, volume'),
        ("{session: regular}", "session", 'session of print 1 of test "t": no feed says it; it follows from time'),
        ("{provider: rq}", "rq", 'unknown provider "rq" in print 1 of test "t"; known: rp'),
        ("{ticker: null}", "{", 'print 1 of test "t" names no ticker; give one, here or in defaults'),
        ("{option_symbol: X}", "X", 'option_symbol of print 1 of test "t": expected an OCC symbol'),
        ("{multi_leg: 1}", "1", 'multi_leg of print 1 of test "t": expected true or false, got 1'),
        ("{provider_id: true}", "true", 'provider_id of print 1 of test "t": expected the provider\'s own id'),
        ("{expiry: 1900-01-01}", "{", 'print 1 of test "t": expiry 1900-01-01 is not between 1990 and 2100'),
        ("{at: 25:00}", "25:00", 'at of print 1 of test "t": expected a time'),
        ("{time: 9}", "9", 'time of print 1 of test "t": expected a time'),
        ("{after: 3 weeks}", "3 weeks", 'after of print 1 of test "t": expected a duration'),
        ("{at: '9:00'}", "'9:00'", 'at of print 1 of test "t": lies before the print above'),
        ("{at: '10:40', after: 1s}", "after", 'print 1 of test "t": give at (a time) or after'),
        ("{same_as: 1}", "1", 'same_as of print 1 of test "t": expected the number of a print above it, got 1'),
        ("{same_as: true}", "true", 'same_as of print 1 of test "t": expected the number of a print above it'),
    ],
)
def test_a_mistake_names_the_print_and_the_fact(tmp_path: Path, written: str, at: str, message: str) -> None:
    """At its place, with what was expected."""
    text = f"defaults: {{ticker: NVDA}}\ntests: [{{name: t, expect: [], prints: [\n{written}\n]}}]\n"
    (problem,) = problems(tmp_path, text)
    assert problem.startswith(f"3:{written.index(at) + 1}: {message}")


def test_a_mistake_in_defaults_is_told_once(tmp_path: Path) -> None:
    """At the defaults, however many prints have them."""
    text = "defaults: {ticker: NVDA, premium: x}\ntests: [{name: t, expect: [], prints: [{}, {}, {}]}]\n"
    (problem,) = problems(tmp_path, text)
    assert problem.startswith("1:35: premium of defaults: expected an amount")


def test_what_providers_say_completes_one_another(tmp_path: Path) -> None:
    """With several of them a print's open interest is known from another's, as live."""
    config = CONFIG.replace("destinations:", "  ow: {type: optionwhales, api_key: x}\ndestinations:", 1)
    tests = """
  - name: vol/OI follows
    prints:
      - {premium: 1M, open_interest: 50}
      - {provider: ow, premium: 2M, size: 500, strike: 145}
    expect:
      - {print: 1}
      - {print: 2, text: ["vol/OI 10×"]}
"""
    config = config.replace("cooldown: 5m", "cooldown: 0s")
    assert tried(tmp_path, tests, config) == (True, "1 passed, 0 failed in 1 file")
