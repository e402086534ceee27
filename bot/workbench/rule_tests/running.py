"""Runs files of tests, one after another, and keeps what came of each."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from bot.model.errors import InputError
from bot.workbench.rule_tests.judging import Failure, failures
from bot.workbench.rule_tests.reading import RuleTest, RuleTestFile
from bot.workbench.rule_tests.rule_set import RuleSet
from bot.workbench.rule_tests.trial import Stage, empty_store


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one test."""

    test: RuleTest
    took_s: float
    failures: tuple[Failure, ...]


@dataclass(frozen=True, slots=True)
class FileResult:
    """What came of a file's tests, in its order."""

    path: str
    results: tuple[Result, ...]

    @property
    def failed(self) -> int:
        return sum(bool(result.failures) for result in self.results)

    @property
    def took_s(self) -> float:
        return sum(result.took_s for result in self.results)


def run_tests(files: Sequence[RuleTestFile]) -> list[FileResult]:
    """Run every test of every file."""
    with empty_store() as db:
        stages = {id(file.rule_set): Stage(file.rule_set, db) for file in files}
        return [
            FileResult(file.path, tuple(_result(test, file.rule_set, stages[id(file.rule_set)]) for test in file.tests))
            for file in files
        ]


def _result(test: RuleTest, rule_set: RuleSet, stage: Stage) -> Result:
    began_s = time.perf_counter()
    try:
        found = failures(test, stage.run(test), rule_set)
    except InputError as error:  # the tape breaks off
        found = [Failure("the tape cannot be read", tuple(str(error).splitlines()))]
    return Result(test, time.perf_counter() - began_s, tuple(found))
