"""What passes, what fails, and the words in which a failure is told."""

from pathlib import Path
from textwrap import dedent

import pytest

from tests.workbench.rule_tests import CONFIG, results, tried

WHALE = "{premium: 2M}"


def failed(folder: Path, prints: str, expect: str, config: str = CONFIG) -> str:
    """The lines below the test's name."""
    is_good, text = tried(folder, f"  - {{name: t, prints: {prints}, expect: {expect}}}\n", config)
    assert not is_good
    first, *lines, blank, summary = text.splitlines()
    assert (first, blank) == ("FAILED rules.tests.yaml:3: t", "")
    assert summary == "0 passed, 1 failed in 1 file"
    return dedent("\n".join(lines))


# --- what passes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prints", "expect"),
    [
        ("[{premium: 999k}]", "[]"),
        ("[{premium: 2M}]", "[{}]"),
        ("[{premium: 2M}]", "[{print: 1, rules: [whales], send_to: [terminal, hook], priority: high}]"),
        ("[{premium: 2M}]", "[{mention: [123456], why: ['premium >= $1M', 'SIDE in ask,  bid']}]"),
        ("[{premium: 2M}]", "[{text: ['NVDA 145C 7/17 (11d) · $2M', '🐂 bull', 'Rule: whales']}]"),
        ("[{kind: sweep, score: 80}]", "[{rules: [sweeps], why: ['score >= 80', 'not sector = Energy']}]"),
        ("[{kind: sweep, score: 80, premium: 2M}]", "[{rules: [sweeps, whales]}]"),
        ("[{premium: 2M}, {strike: 150, premium: 3M}]", "[{text: [150C]}, {text: [145C]}]"),
        ("[{premium: 2M}, {strike: 150, premium: 3M}]", "[{}, {print: 1}]"),
        ("[{premium: 2M}, {}]", "[{print: 1}, {print: 1, suppressed: {}}]"),
        # the same contract and side within five minutes is told by editing where the platform lets us:
        ("[{premium: 2M}, {premium: 1M}]", "[{print: 1}, {print: 2, suppressed: {whales: repeat}}]"),
        (
            "[{premium: 2M}, {premium: 1M, after: 1m}]",
            "[{text: ['🔁 ×2 · $3M in 1m']}]",
        ),
        # another side is no repeat, a minute's cooldown on a terminal drops one:
        ("[{premium: 2M}, {premium: 1M, side: bid}]", "[{}, {print: 2, suppressed: {whales: cooldown}}]"),
        ("[{kind: sweep, score: 90}, {same_as: 1}]", "[{}, {print: 2, suppressed: {sweeps: cooldown}}]"),
        ("[{premium: 2M}, {same_as: 1, after: 0s}]", "[{}, {print: 2, suppressed: {whales: duplicate}}]"),
        ("[{premium: 2M}, {same_as: 1, after: 5m}]", "[{print: 1}, {print: 2}]"),
        # one rule may be held back while another fires:
        (
            "[{premium: 2M}, {premium: 2M, kind: sweep, score: 99}]",
            "[{print: 1}, {print: 2, rules: [sweeps], suppressed: {whales: repeat}}]",
        ),
        ("[{premium: 2M}]", "{alerts: 1, rules: {whales: 1, sweeps: 0}, send_to: {hook: 1, terminal: 1}}"),
        ("[{premium: 2M}, {same_as: 1}]", "{suppressed: {whales: {repeat: 1, twin: 0}}}"),
        ("[{premium: 2M}, {same_as: 1}]", "{}"),
    ],
)
def test_what_happens_as_expected_passes(tmp_path: Path, prints: str, expect: str) -> None:
    """What an expectation does not mention may be anything; suppressions may be left out."""
    is_good, text = tried(tmp_path, f"  - {{name: t, prints: {prints}, expect: {expect}}}\n")
    assert is_good, text
    assert text == "1 passed, 0 failed in 1 file"


def test_a_rules_own_repeats_decide(tmp_path: Path) -> None:
    """As live: posted anew, it is another alert."""
    config = CONFIG.replace("    priority: high", "    repeats: post\n    priority: high")
    text = "  - {name: t, prints: [{premium: 2M}, {premium: 1M}], expect: [{print: 1}, {print: 2}]}\n"
    assert tried(tmp_path, text, config).is_good


def test_two_providers_tell_of_one_trade(tmp_path: Path) -> None:
    """The second telling is a twin."""
    config = CONFIG.replace("destinations:", "  ow: {type: optionwhales, api_key: x}\ndestinations:", 1)
    prints = "[{premium: 2M, size: 100}, {same_as: 1, provider: ow, after: 1s}]"
    expect = "[{print: 1}, {print: 2, suppressed: {whales: twin}}]"
    assert tried(tmp_path, f"  - {{name: t, prints: {prints}, expect: {expect}}}\n", config).is_good


def test_each_test_begins_with_an_empty_store(tmp_path: Path) -> None:
    """The same print is an alert in each."""
    tests = "".join(f"  - {{name: t{n}, prints: [{WHALE}], expect: [{{print: 1}}]}}\n" for n in range(3))
    assert tried(tmp_path, tests) == (True, "3 passed, 0 failed in 1 file")


# --- what fails --------------------------------------------------------------------------------------------


def test_an_alert_that_does_not_come_shows_the_clause_that_decided(tmp_path: Path) -> None:
    """All of the rule's clauses, each with the print's own value; unknown is no."""
    assert failed(tmp_path, "[{premium: 999k, side: null}]", "[{print: 1, rules: [whales]}]") == dedent("""\
        print 1, NVDA 145C 7/17 (11d) · $999K, at 10:31:00 ET: an alert by whales did not come
          - an alert by whales
          + no alert
          rule whales does not match
            ✗ premium >= $1M  ($999K)
            ? side in ask, bid  (missing)""")


def test_without_a_rule_the_nearest_is_explained(tmp_path: Path) -> None:
    """The one that the fewest clauses keep from firing."""
    text = failed(tmp_path, "[{kind: sweep, score: 79}]", "[{print: 1}]")
    assert "did not come\n  - an alert\n  + no alert\n  rule sweeps does not match\n" in text
    assert "    ✗ any\n      ✗ score >= 80  (79)\n      ✗ dte = 0  (11)" in text


def test_without_a_print_the_nearest_is_explained(tmp_path: Path) -> None:
    """With its number."""
    text = failed(tmp_path, "[{premium: 1k, side: mid}, {premium: 2k}]", "[{rules: [whales]}]")
    assert text.startswith("an alert by whales did not come, of 2 prints\n")
    assert "print 2, NVDA 145C 7/17 (11d) · $2,000, at 10:31:01 ET\n  rule whales does not match" in text


def test_an_alert_that_was_held_back_says_by_what(tmp_path: Path) -> None:
    """The reason, and since which print."""
    text = failed(tmp_path, "[{premium: 2M}, {premium: 1M}]", "[{print: 1}, {print: 2, rules: [whales]}]")
    assert text.splitlines()[-1] == "  rule whales matched and kept quiet: repeat, since the alert of print 1"


def test_one_alert_does_for_one_expectation(tmp_path: Path) -> None:
    """The second one is missing."""
    text = failed(tmp_path, "[{premium: 2M}]", "[{rules: [whales]}, {rules: [whales]}]")
    assert text.splitlines()[-1] == "  rule whales fired: that alert is another expectation's"


def test_an_alert_that_nobody_expected_shows_why_it_fired(tmp_path: Path) -> None:
    """Its rules, where it went, and their clauses."""
    assert failed(tmp_path, "[{premium: 2M}]", "[]") == dedent("""\
        print 1, NVDA 145C 7/17 (11d) · $2M, at 10:31:00 ET: nobody expected an alert
          - no alert
          + an alert by whales to hook, terminal
          rule whales fired
            ✓ premium >= $1M  ($2M)
            ✓ side in ask, bid  (ask)""")


def test_another_alert_is_a_diff(tmp_path: Path) -> None:
    """Key by key, expected and actual; and why the rules are others."""
    expect = "[{print: 1, rules: [sweeps], send_to: [hook], priority: low, mention: [], why: [dte = 0], text: [BEAR]}]"
    text = failed(tmp_path, "[{premium: 2M}]", expect)
    assert text.startswith(
        dedent("""\
        print 1, NVDA 145C 7/17 (11d) · $2M, at 10:31:00 ET: the alert is another
          rules
            - sweeps
            + whales
          send_to
            - hook
            + hook, terminal
          priority
            - low
            + high
          mention
            - none
            + 123456
          why
            - dte = 0
            + premium >= $1M
            + side in ask, bid
          text
            - BEAR
            + NVDA 145C 7/17 (11d) · $2M
        """)
    )
    assert "\n  rule whales fired\n    ✓ premium >= $1M  ($2M)" in text
    assert "\n  rule sweeps does not match\n    ? kind = sweep  (missing)" in text


def test_a_clause_that_does_not_hold_is_no_reason(tmp_path: Path) -> None:
    """One of several would do; the one that is expected did not."""
    text = failed(tmp_path, "[{kind: sweep, score: 80}]", "[{why: [score >= 80, dte = 0]}]")
    assert "  why\n    - dte = 0\n    + kind = sweep\n    + not sector = Energy\n    + score >= 80" in text


@pytest.mark.parametrize(
    ("prints", "expect", "came"),
    [
        ("[{premium: 2M}, {premium: 1M}]", "[{}, {print: 2, suppressed: {whales: cooldown}}]", "whales: repeat, since"),
        ("[{premium: 2M}]", "[{print: 1, rules: [whales], suppressed: {whales: repeat}}]", "whales: an alert"),
        ("[{premium: 2k}]", "[{print: 1, suppressed: {whales: repeat}}]", "whales: no match"),
    ],
)
def test_a_rule_that_is_not_suppressed_as_expected(tmp_path: Path, prints: str, expect: str, came: str) -> None:
    """Suppressed for another reason, fired, or never matched."""
    text = failed(tmp_path, prints, expect)
    assert "whales is not suppressed as expected\n  - whales: " in text
    assert f"\n  + {came}" in text


def test_counts_that_are_others_list_what_came(tmp_path: Path) -> None:
    """With those that are right left out."""
    text = failed(tmp_path, "[{premium: 2M}, {same_as: 1}]", "{alerts: 2, rules: {whales: 1, sweeps: 3}}")
    assert text == dedent("""\
        the counts are others
          alerts
            - 2
            + 1
          rules.sweeps
            - 3
            + 0
          the alerts that came
            print 1, NVDA 145C 7/17 (11d) · $2M, at 10:31:00 ET: whales""")


def test_the_summary_counts_files_and_tests(tmp_path: Path) -> None:
    """A failure does not end the run."""
    tests = f"  - {{name: a, prints: [{WHALE}], expect: [{{}}]}}\n  - {{name: b, prints: [{WHALE}], expect: []}}\n"
    assert tried(tmp_path, tests).text.endswith("\n\n1 passed, 1 failed in 1 file")


def test_every_result_has_its_time(tmp_path: Path) -> None:
    """For reports that show it."""
    (file,) = results(tmp_path, "tests: [{name: a, prints: [{ticker: X}], expect: []}]")
    assert file.took_s == sum(result.took_s for result in file.results) > 0
