"""A file of tests against a small configuration, run as `flowbot test` runs it."""

from pathlib import Path
from typing import NamedTuple

from bot.model.errors import InputError
from bot.model.prints import Print
from bot.trials import load_rule_set
from bot.workbench.rule_tests.reading import read_files
from bot.workbench.rule_tests.report import report
from bot.workbench.rule_tests.running import FileResult, run_tests

CONFIG = """\
providers:
  rp: {type: radarpulse, api_key: "${RULE_TESTS_KEY}"}
destinations:
  hook: {type: discord_webhook, url: "${RULE_TESTS_HOOK}"}
  terminal: {type: console}
rules:
  - name: whales
    when: {premium: ">= 1M", side: [ask, bid]}
    send_to: [hook, terminal]
    cooldown: 5m
    priority: high
    mention: ["123456"]
  - name: sweeps
    when: {kind: sweep, sector: {not: Energy}, any: [{score: ">= 80"}, {dte: 0}]}
    send_to: [terminal]
    cooldown: 1m
"""
DEFAULTS = "defaults: {ticker: NVDA, type: call, strike: 145, expiry: 2026-07-17, side: ask}\n"


class Tried(NamedTuple):
    """What came of a file."""

    is_good: bool
    text: str


def written(folder: Path, tests: str, config: str = CONFIG) -> Path:
    """The file of tests, with its configuration beside it."""
    (folder / "config.yaml").write_text(config, "utf-8")
    path = folder / "rules.tests.yaml"
    path.write_text(tests, "utf-8")
    return path


def results(folder: Path, tests: str, config: str = CONFIG) -> list[FileResult]:
    return run_tests(read_files([written(folder, tests, config)], None, load_rule_set))


def tried(folder: Path, tests: str, config: str = CONFIG) -> Tried:
    """`tests` are the items under `tests:`, or a whole file."""
    text = tests if "tests:" in tests else f"{DEFAULTS}tests:\n{tests}"
    files = results(folder, text, config)
    return Tried(not any(file.failed for file in files), report(files).replace(f"{folder}/", ""))


def prints(folder: Path, text: str, head: str = DEFAULTS, config: str = CONFIG) -> list[Print]:
    """What the list `text` of prints is read as."""
    path = written(folder, f"{head}tests: [{{name: one, prints: {text}, expect: []}}]", config)
    ((test,),) = [file.tests for file in read_files([path], None, load_rule_set)]
    assert isinstance(test.source, tuple)
    return list(test.source)


def problems(folder: Path, text: str, config: str = CONFIG) -> list[str]:
    """What is wrong with the file `text`, without the file's name."""
    path = written(folder, text, config)
    try:
        read_files([path], None, load_rule_set)
    except InputError as error:
        return [str(problem).removeprefix(f"{path}:") for problem in error.problems]
    return []
