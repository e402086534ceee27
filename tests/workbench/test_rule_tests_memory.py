"""Rules with memory, legs and derived facts in tests of rules: what the service would have seen."""

from pathlib import Path

import pytest

from tests.workbench.rule_tests import tried

HEAD = """\
providers: {rp: {type: radarpulse, api_key: "${RULE_TESTS_KEY}"}}
destinations: {terminal: {type: console}}
rules:
  - {name: it, send_to: [terminal], """

COUNT = "when: {side: ask}, count: {at_least: 3, within: 10m, by: contract}}"
FIRST = "when: {side: ask}, first: {within: 5d, by: ticker}}"
SPIKE = "when: {side: ask}, spike: {factor: 4, window: 10m, against: 1h, of: count, min: 2}}"


@pytest.mark.parametrize(
    ("rule", "rest"),
    [
        # the third within ten minutes:
        (COUNT, "prints: [{}, {}, {after: 9m}], expect: [{print: 3, text: [3 prints]}]"),
        (COUNT, "prints: [{}, {}, {after: 10m}], expect: []"),
        (COUNT, "prints: [{}, {}, {strike: 150}], expect: []"),
        # one that comes twice counts once:
        (COUNT, "prints: [{}, {}, {same_as: 2, after: 0s}], expect: []"),
        (COUNT, "prints: [{}, {}, {}], expect: [{why: [count at least 3 within 10m by contract]}]"),
        # silent until it has watched for as long as it looks back:
        (FIRST, "prints: [{}], expect: [{print: 1}]"),
        (FIRST, "prints: [{}], memory: covered, expect: [{print: 1}]"),
        (FIRST, "prints: [{}], memory: fresh, expect: []"),
        (FIRST, "prints: [{}, {strike: 150}, {ticker: AMD}], expect: [{print: 1}, {print: 3}]"),
        (FIRST, "prints: [{time: '09:31'}], expect: [{print: 1}]"),
        (FIRST, "prints: [{ticker: AMD}, {at: 2026-07-11 10:30}], memory: fresh, expect: []"),
        (FIRST, "prints: [{ticker: AMD}, {at: 2026-07-11 10:31}], memory: fresh, expect: [{print: 2}]"),
        (FIRST, "prints: [{side: bid}, {at: 2026-07-11 10:31}], memory: fresh, expect: [{print: 2}]"),
        (SPIKE, "prints: [{}, {}], expect: [{print: 2}]"),
        (SPIKE, "prints: [{}, {}], memory: fresh, expect: []"),
        # what follows from a print, and from its neighbours:
        ("when: {session: extended}}", "prints: [{}, {time: '09:29'}], expect: [{print: 2}]"),
        ("when: {time: {between: ['10:00', '10:32']}}}", "prints: [{}, {after: 2m}], expect: [{print: 1}]"),
        ("when: {opening: true}}", "prints: [{size: 500, volume: 500, open_interest: 400}], expect: [{print: 1}]"),
        ("when: {opening: true}}", "prints: [{size: 500, volume: 600, open_interest: 400}], expect: []"),
        (
            "when: {multi_leg: true}}",
            "prints: [{size: 9}, {size: 9, side: bid, strike: 150, after: 0s}], expect: [{print: 2}]",
        ),
        ("when: {multi_leg: true}}", "prints: [{size: 9}, {size: 9, side: bid, strike: 150}], expect: []"),
        ("when: {multi_leg: true}}", "prints: [{multi_leg: true}], expect: [{text: [NEUTRAL]}]"),
    ],
)
def test_rules_see_what_they_would_have_seen(tmp_path: Path, rule: str, rest: str) -> None:
    """Each test begins with rules that remember nothing."""
    good, text = tried(tmp_path, f"  - {{name: one, {rest}}}\n  - {{name: two, {rest}}}\n", f"{HEAD}{rule}\n")
    assert good, text


def test_an_alert_is_amended_once_its_print_is_known_to_be_a_leg(tmp_path: Path) -> None:
    """As first posted it was a bull, in the end it is neutral."""
    tests = """
  - name: a spread
    prints: [{premium: 2M, size: 900}, {same_as: 1, strike: 150, side: bid, after: 0s}]
    expect: [{print: 1, text: [BULL, NEUTRAL]}, {print: 2, text: [NEUTRAL]}]
"""
    good, text = tried(tmp_path, tests, f'{HEAD}when: {{premium: ">= 1M"}}}}\n')
    assert good, text


def test_a_memory_that_has_not_seen_enough_is_told_as_a_clause(tmp_path: Path) -> None:
    """Behind those of `when`, which hold."""
    text = tried(tmp_path, "  - {name: t, prints: [{}, {}], expect: [{print: 2}]}\n", f"{HEAD}{COUNT}\n").text
    assert (
        "    rule it: its when holds, and it has not seen enough\n"
        "      ✓ side = ask  (ask)\n"
        "      ✗ count at least 3 within 10m by contract\n"
    ) in text


def test_a_memory_that_fired_is_told_with_what_it_had_seen(tmp_path: Path) -> None:
    """Where nobody expected it."""
    text = tried(tmp_path, "  - {name: t, prints: [{}, {}, {}], expect: []}\n", f"{HEAD}{COUNT}\n").text
    assert "      ✓ count at least 3 within 10m by contract  (3 prints)\n" in text


def test_no_print_makes_a_rule_about_silence_fire(tmp_path: Path) -> None:
    """And a failure says so."""
    tests = "  - {name: t, prints: [{}], expect: [{rules: [it]}]}\n"
    text = tried(tmp_path, tests, f"{HEAD}silence: {{for: 10m}}}}\n").text
    assert "    rule it is about silence: no print makes it fire\n" in text
