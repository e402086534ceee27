"""Files of tests: every mistake at its place, tapes, and JUnit's XML."""

import gzip
import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from bot.trials import load_rule_set
from bot.workbench.rule_tests.junit import junit
from bot.workbench.rule_tests.reading import read_files
from tests.workbench.rule_tests import CONFIG, problems, results, tried, written

# --- mistakes ----------------------------------------------------------------------------------------------


def test_every_mistake_is_told_at_its_place(tmp_path: Path) -> None:
    """Unknown keys with a suggestion; what a test needs; names of rules and destinations that nobody has."""
    text = """\
tests:
  - name: one
    prnts: []
    expect: []
  - name: two
    prints: [{ticker: X}]
  - {name: three, prints: [{ticker: X}], tape: x.jsonl, expect: []}
  - {name: four, expect: []}
  - name: five
    prints: [{ticker: X}]
    expect:
      - {print: 2, rules: [whale, sweeps], send_to: [hok]}
      - {suppressed: {whales: repeat}}
      - {print: 1, suppressed: {whals: repeat, sweeps: cool}}
      - {prnt: 1}
      - {print: 1, suppressed: {whals: repeat}}
  - {name: five, prints: [{ticker: X}], expect: {alert: 1}}
  - {name: six, prints: [{ticker: X}], expect: {rules: {whale: 1}, send_to: {hok: 1}, suppressed: {whals: {}}}}
  - {name: seven, tape: none.jsonl, as: radarpuls, expect: {}}
  - 8
"""
    found = problems(tmp_path, text)
    lines = text.splitlines()
    for number, at, words in [
        (3, "prnts", 'unknown field "prnts" in test "one"; did you mean "prints"?'),
        (5, "name", 'missing field "expect" in test "two"'),
        (7, "{", 'test "three": give either prints: or tape:'),
        (8, "{", 'test "four": give either prints: or tape:'),
        (12, "2", 'expectation 1 of test "five": there is no print 2; it has 1'),
        (12, "whale", 'unknown rule "whale" in expectation 1 of test "five"; did you mean "whales"?'),
        (12, "hok", 'unknown destination "hok" in expectation 1 of test "five"; did you mean "hook"?'),
        (13, "{", 'expectation 2 of test "five": suppressed is about one print: add print: and its number'),
        (14, "cool", 'suppressed.sweeps of expectation 3 of test "five": expected duplicate, twin, cooldown or repeat'),
        (15, "prnt", 'unknown field "prnt" in expectation 4 of test "five"; did you mean "print"?'),
        (16, "whals", 'unknown rule "whals" in expectation 5 of test "five"; did you mean "whales"?'),
        (17, "five", 'two tests are called "five"; the first is at line 9'),
        (17, "alert", 'unknown field "alert" in expect of test "five"; did you mean "alerts"?'),
        (18, "whale", 'unknown rule "whale" in expect of test "six"; did you mean "whales"?'),
        (18, "hok", 'unknown destination "hok" in expect of test "six"; did you mean "hook"?'),
        (18, "whals", 'unknown rule "whals" in expect of test "six"; did you mean "whales"?'),
        (19, "none.jsonl", f'tape of test "seven": there is no {tmp_path}/none.jsonl'),
        (19, "radarpuls", 'unknown vendor or map "radarpuls" in test "seven"; did you mean "radarpulse"?'),
        (20, "8", "test 9: expected a mapping, got a number"),
    ]:
        place = f"{number}:{lines[number - 1].index(at) + 1}"
        assert any(problem.startswith(f"{place}: {words}") for problem in found), (place, words, found)
    assert len(found) == 19


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tests: [\n", "2:1: not YAML"),
        ("", "the file is empty"),
        ("tests: []", "expected a list that is not empty"),
        ("{}", 'missing field "tests"'),
        ("test: [{}]", 'unknown field "test"; did you mean "tests"?'),
        ("now: yesterday\ntests: [{}]", "expected a time, such as 2026-07-06 10:31:00"),
        ("config: none.yaml\ntests: [{}]", "none.yaml: there is no such file"),
    ],
)
def test_a_broken_file_is_told(tmp_path: Path, text: str, message: str) -> None:
    """Broken YAML, a file without tests, a configuration that is not there."""
    assert message in " ".join(problems(tmp_path, text))


def test_a_broken_configuration_is_told_once(tmp_path: Path) -> None:
    """However many files of tests are about it."""
    broken = CONFIG.replace("premium:", "premuim:")
    first = written(tmp_path, "tests: [{name: a, prints: [{ticker: X}], expect: []}]", broken)
    second = first.with_name("more.tests.yaml")
    second.write_text(first.read_text())
    with pytest.raises(Exception, match='unknown field "premuim"') as told:
        read_files([first, second], None, load_rule_set)
    assert str(told.value).count("premuim") == 1


# --- tapes -------------------------------------------------------------------------------------------------

TRADE = {
    "ticker": "NVDA", "type": "CALL", "strike": 145, "expiry": "2026-07-17", "premium": 2_000_000, "side": "ASK",
    "timestamp": 1_783_348_260_000,
}  # fmt: skip
"""Of 10:31:00 New York time on Monday, 2026-07-06."""


def line(seconds: float, provider: str, raw: object) -> str:
    received_ns = 1_783_348_260_000_000_000 + int(seconds * 1e9)
    return json.dumps({"t": received_ns, "p": provider, "raw": raw if isinstance(raw, str) else json.dumps(raw)}) + "\n"


def with_tape(folder: Path, *lines: str) -> None:
    (folder / "day.jsonl.gz").write_bytes(gzip.compress("".join(lines).encode()))


def test_a_tape_is_read_by_the_providers_own_decoders(tmp_path: Path) -> None:
    """Prints are received when they were; a name that no provider has counts as the first one's."""
    later = TRADE | {"premium": 1_000_000, "timestamp": TRADE["timestamp"] + 60_000}  # type: ignore[operator]
    with_tape(tmp_path, line(0, "old-name", TRADE), line(60, "rp", later), line(61, "rp", "not json"))
    tests = """
  - name: counts
    tape: day.jsonl.gz
    expect: {alerts: 1, rules: {whales: 1}, suppressed: {whales: {repeat: 1}}}
  - name: alerts
    tape: day.jsonl.gz
    expect:
      - {print: 1, text: ["10:31:00 ET", "0 ms · rp", "🔁 ×2 · $3M in 1m"]}
      - {print: 2, suppressed: {whales: repeat}}
"""
    assert tried(tmp_path, tests) == (True, "2 passed, 0 failed in 1 file")


def test_each_providers_frames_are_read_as_its_own(tmp_path: Path) -> None:
    """And count as its prints: what the first one tells of again is a twin."""
    config = CONFIG.replace("destinations:", "  ow: {type: optionwhales, api_key: x}\ndestinations:", 1)
    with_tape(tmp_path, line(0, "ow", {"type": "abnormal_trade", "data": TRADE}), line(1, "rp", TRADE))
    tests = """
  - name: t
    tape: day.jsonl.gz
    expect: [{print: 1, text: ["0 ms · ow"]}, {print: 2, suppressed: {whales: twin}}]
"""
    good, text = tried(tmp_path, tests, config)
    assert good, text


def test_as_says_whose_frames_an_unknown_name_has(tmp_path: Path) -> None:
    """A vendor's envelope, or a map that comes with flowbot."""
    with_tape(tmp_path, line(0, "theirs", {"type": "abnormal_trade", "data": TRADE}))
    tests = "  - {name: t, tape: day.jsonl.gz, as: optionwhales, expect: [{print: 1, rules: [whales]}]}\n"
    assert tried(tmp_path, tests).is_good


def test_a_tapes_failure_says_what_became_no_print(tmp_path: Path) -> None:
    """Else nobody sees why a count is short."""
    with_tape(tmp_path, line(0, "rp", "not json"), line(1, "rp", "not json"))
    text = tried(tmp_path, "  - {name: t, tape: day.jsonl.gz, expect: {alerts: 2}}\n").text
    assert "no alert came" in text
    assert "2 frames of the tape are no prints: not_json" in text


def test_a_tape_that_breaks_off_fails_its_test(tmp_path: Path) -> None:
    """And no other."""
    with_tape(tmp_path, line(0, "rp", TRADE))
    tape = tmp_path / "day.jsonl.gz"
    tape.write_bytes(tape.read_bytes()[:-12])
    text = tried(
        tmp_path,
        "  - {name: t, tape: day.jsonl.gz, expect: {alerts: 1}}\n  - {name: u, prints: [{}], expect: []}\n",
    ).text
    assert "the tape cannot be read" in text
    assert text.endswith("1 passed, 1 failed in 1 file")


# --- JUnit -------------------------------------------------------------------------------------------------


def test_junit_has_a_suite_for_each_file_and_a_case_for_each_test(tmp_path: Path) -> None:
    """With counts, seconds, and each failure's text; what XML cannot hold is replaced, the rest escaped."""
    tests = r"""
defaults: {ticker: NVDA, side: ask}
tests:
  - {name: "good & <quick>", prints: [{premium: 2M}], expect: [{}]}
  - {name: "bad \e[1m \" ]]>", prints: [{premium: 2M}], expect: [{text: ["<b>"]}]}
"""
    root = ET.fromstring(junit(results(tmp_path, tests)))  # noqa: S314 - our own words
    assert root.tag == "testsuites"
    (suite,) = root
    for element in (root, suite):
        counts = {name: element.attrib[name] for name in ("tests", "failures", "errors", "skipped")}
        assert counts == {"tests": "2", "failures": "1", "errors": "0", "skipped": "0"}
        assert float(element.attrib["time"]) > 0
    assert (suite.tag, suite.attrib["name"]) == ("testsuite", f"{tmp_path}/rules.tests.yaml")
    good, bad = suite
    assert (good.tag, good.attrib["name"], list(good)) == ("testcase", "good & <quick>", [])
    assert (good.attrib["classname"], good.attrib["line"]) == (f"{tmp_path}/rules.tests.yaml", "4")
    assert bad.attrib["name"] == 'bad �[1m " ]]>'
    assert float(bad.attrib["time"]) > 0
    (failure,) = bad
    assert failure.tag == "failure"
    assert failure.attrib["message"] == "print 1, NVDA · $2M, at 10:31:00 ET: the alert is another"
    assert failure.text is not None
    assert "  - <b>\n" in failure.text
