"""`flowbot test` from the command line: exit codes, the configuration it is about, secrets, and the example's tests."""

import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from bot.cli import main
from bot.settings import EXAMPLE
from bot.trials import load_rule_set
from bot.workbench.rule_tests.reading import RuleTestFile, read_files
from bot.workbench.rule_tests.settings import CountSettings
from bot.workbench.rule_tests.trial import Happened, Stage, empty_store

CONFIG = """\
providers: {rp: {type: radarpulse, api_key: "${TRIALS_KEY}"}}
destinations: {terminal: {type: console}}
rules: [{name: whales, when: {premium: ">= 1M"}, send_to: [terminal]}]
"""
PASSES = "tests: [{name: a, prints: [{ticker: X, premium: 1M}], expect: [{rules: [whales]}]}]\n"
FAILS = "tests: [{name: b, prints: [{ticker: X, premium: 1M}], expect: []}]\n"
EXAMPLE_TESTS = Path(__file__).parents[1] / "config.example.tests.yaml"

Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, own_logs: None) -> Cli:
    """`cli("rules.yaml", …)` of `flowbot test`, in a folder with a configuration: code, output, errors."""
    monkeypatch.chdir(tmp_path)
    for name in ("TRIALS_KEY", "RADARPULSE_API_KEY", "DISCORD_WEBHOOK_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, text in {"config.yaml": CONFIG, "good.yaml": PASSES, "bad.yaml": FAILS}.items():
        (tmp_path / name).write_text(text, "utf-8")

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["flowbot", "test", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        assert isinstance(ended.value.code, int)
        said = capsys.readouterr()
        return ended.value.code, said.out, said.err

    return run


def test_all_that_pass_are_0(cli: Cli) -> None:
    """One line sums up."""
    assert cli("good.yaml") == (0, "1 passed, 0 failed in 1 file\n", "")


def test_one_that_fails_is_1(cli: Cli) -> None:
    """The report is no error message: it stands on standard output."""
    code, out, err = cli("good.yaml", "bad.yaml")
    assert (code, err) == (1, "")
    assert out.startswith("FAILED bad.yaml:1: b\n  print 1, X · $1M, at 10:31:00 ET: nobody expected an alert\n")
    assert out.endswith("\n1 passed, 1 failed in 2 files\n")


def test_a_mistake_is_1_and_nothing_runs(cli: Cli, tmp_path: Path) -> None:
    """Those of all files together, each with file, line and column."""
    (tmp_path / "broken.yaml").write_text("tests: [\n")
    (tmp_path / "odd.yaml").write_text(PASSES.replace("rules:", "rule:"))
    code, out, err = cli("broken.yaml", "odd.yaml", "good.yaml")
    assert (code, out) == (1, "")
    first, second = err.splitlines()
    assert first.startswith("broken.yaml:2:1: ")
    assert second.startswith('odd.yaml:1:65: unknown field "rule" in expectation 1 of test "a"')


def test_no_such_file_is_usage(cli: Cli) -> None:
    """As for every command."""
    assert cli("none.yaml")[0] == 2


# --- which configuration -----------------------------------------------------------------------------------


def test_the_configuration_is_the_files_own_the_options_or_the_one_beside_it(cli: Cli, tmp_path: Path) -> None:
    """In this order; relative to the file of tests, wherever flowbot is called."""
    other = CONFIG.replace("whales", "minnows")
    folder = tmp_path / "deep"
    folder.mkdir()
    (folder / "config.yaml").write_text(other)
    (folder / "beside.yaml").write_text(PASSES.replace("whales", "minnows"))
    (folder / "named.yaml").write_text(f"config: ../config.yaml\n{PASSES}")
    (folder / "option.yaml").write_text(PASSES)
    assert cli("deep/beside.yaml", "deep/named.yaml")[0] == 0
    assert cli("deep/option.yaml")[0] == 1
    assert cli("-c", "config.yaml", "deep/option.yaml")[0] == 0
    assert cli("-c", "deep/config.yaml", "deep/named.yaml")[0] == 0


def test_no_secret_is_needed(tmp_path: Path) -> None:
    """Whatever form the value must have; how a destination is served is known all the same."""
    path = tmp_path / "config.yaml"
    path.write_text(
        """\
providers:
  rp: {type: radarpulse, api_key: "${UNSET_1}", ws_url: "${UNSET_2}", rest_url: "https://${UNSET_3}/v1"}
  uw: {type: mapped, map: thetadata_trades, url: "${UNSET_4}"}
destinations:
  hook: {type: discord_webhook, url: "${UNSET_6}", thread_id: "${UNSET_7}", repeats: post}
  room: {type: discord_channel, channel: "${UNSET_8}"}
  desk: {type: slack_channel, channel: "${UNSET_9}"}
discord: {token: "${UNSET_10}"}
slack: {bot_token: "${UNSET_11}"}
rules: [{name: whales, when: {premium: ">= 1M"}, send_to: [hook, room, desk]}]
"""
    )
    found = load_rule_set(path)
    assert {name: (terms.can_edit, terms.repeats) for name, terms in found.terms.items()} == {
        "hook": (True, "post"),
        "room": (True, "edit"),
        "desk": (True, "edit"),
    }
    assert list(found.readers) == ["rp", "uw"]


def test_watchlists_hold_what_the_file_puts_on_them(cli: Cli, tmp_path: Path) -> None:
    """Lists, definitions and included files are as live; a failure names the watchlist."""
    (tmp_path / "config.yaml").write_text("""\
include: more.yaml
providers: {rp: {type: radarpulse, api_key: "${TRIALS_KEY}"}}
destinations: {terminal: {type: console}}
watchlists: {mine: [NVDA, AMD]}
""")
    (tmp_path / "more.yaml").write_text("""\
define: {whale: {premium: ">= 1M"}}
rules: [{name: watched, when: {all: [whale, {ticker: mine}]}, send_to: [terminal]}]
""")
    (tmp_path / "good.yaml").write_text("""\
defaults: {premium: 1M}
tests: [{name: a, prints: [{ticker: AMD}, {ticker: SPY}], expect: [{print: 1, rules: [watched]}, {print: 2}]}]
""")
    code, out, err = cli("good.yaml")
    assert (code, err) == (1, "")
    assert "print 2, SPY · $1M, at 10:31:01 ET: an alert did not come" in out
    assert "✓ premium >= $1M  ($1M)" in out
    assert "✗ ticker in mine" in out
    assert "print 1" not in out


def test_what_is_set_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the environment, or in .env beside the configuration."""
    monkeypatch.setenv("TRIALS_REPEATS", "post")
    monkeypatch.delenv("TRIALS_LIMIT", raising=False)
    path = tmp_path / "config.yaml"
    (tmp_path / ".env").write_text("TRIALS_LIMIT=>= 7M\n")
    limit = CONFIG.replace('">= 1M"', '"${TRIALS_LIMIT}"')
    path.write_text(limit.replace("type: console", 'type: console, repeats: "${TRIALS_REPEATS}"'))
    found = load_rule_set(path)
    assert found.terms["terminal"].repeats == "post"
    assert "7000000" in repr(found.rules["whales"].when)


def test_what_a_rule_uses_must_be_set(cli: Cli, tmp_path: Path) -> None:
    """Nobody can know what it would have been."""
    (tmp_path / "config.yaml").write_text(CONFIG.replace('">= 1M"', '"${TRIALS_LIMIT}"'))
    code, _, err = cli("good.yaml")
    assert code == 1
    assert "the variable TRIALS_LIMIT is not set" in err


# --- JUnit -------------------------------------------------------------------------------------------------


def test_junit_is_written_whatever_failed(cli: Cli, tmp_path: Path) -> None:
    """A suite for each file."""
    assert cli("good.yaml", "bad.yaml", "--junit", "out.xml")[0] == 1
    root = ET.parse(tmp_path / "out.xml").getroot()  # noqa: S314 - our own words
    assert [(suite.attrib["name"], suite.attrib["failures"]) for suite in root] == [
        ("good.yaml", "0"),
        ("bad.yaml", "1"),
    ]


def test_junit_that_cannot_be_written_is_unavailable(cli: Cli) -> None:
    """Exit code 69, after the report."""
    code, out, err = cli("good.yaml", "--junit", "no/folder/out.xml")
    assert (code, out) == (69, "1 passed, 0 failed in 1 file\n")
    assert "cannot write no/folder/out.xml" in err


# --- the example -------------------------------------------------------------------------------------------


def example() -> RuleTestFile:
    (file,) = read_files([EXAMPLE_TESTS], None, load_rule_set)
    return file


def happened() -> list[Happened]:
    """What comes of each of the example's tests."""
    file = example()
    with empty_store() as db:
        stage = Stage(file.rule_set, db)
        return [stage.run(test) for test in file.tests]


def test_the_example_passes_its_own_tests(cli: Cli) -> None:
    """Without keys."""
    code, out, _ = cli(str(EXAMPLE_TESTS))
    assert code == 0, out


def test_every_rule_of_the_example_fires_and_does_not() -> None:
    """In the tests that it ships with, each rule is expected by name, and is kept from firing on some print."""
    file = example()
    expected = {
        rule
        for test in file.tests
        if not isinstance(test.expect, CountSettings)
        for alert in test.expect
        for rule in alert.rules or ()
    }
    rules = set(load_rule_set(EXAMPLE).rules)
    assert expected == rules
    quiet = {
        rule
        for one in happened()
        for rule in rules
        if not any(rule == hit.rule for told in one.told for hit in told.alert.hits)
    }
    assert quiet == rules


# --- the document ------------------------------------------------------------------------------------------

DOCUMENT = (Path(__file__).parents[1] / "docs" / "testing-rules.md").read_text("utf-8")


def block(language: str, number: int = 0) -> str:
    return DOCUMENT.split(f"```{language}\n")[number + 1].split("```")[0]


def test_what_the_document_shows_is_what_happens(cli: Cli, tmp_path: Path) -> None:
    """Its test passes with the example's rules, and fails in the words that it quotes."""
    (tmp_path / "config.yaml").write_bytes(EXAMPLE.read_bytes())
    tests = block("yaml")
    (tmp_path / "rules.tests.yaml").write_text(tests, "utf-8")
    assert cli("rules.tests.yaml")[:2] == (0, "1 passed, 0 failed in 1 file\n")
    (tmp_path / "rules.tests.yaml").write_text(tests.replace("600k", "450k"), "utf-8")
    code, out, _ = cli("rules.tests.yaml")
    assert code == 1
    assert out.startswith(block("text"))
