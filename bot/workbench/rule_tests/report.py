"""What came of tests, in text: every failure, then one line that sums up."""

from collections.abc import Iterator, Sequence

from bot.render.words import counted
from bot.workbench.rule_tests.judging import Failure
from bot.workbench.rule_tests.running import FileResult, Result


def report(files: Sequence[FileResult]) -> str:
    """`12 passed, 1 failed in 4 files`, and before it each test that failed, with a diff."""
    return "\n".join(_lines(files))


def failure_text(failure: Failure) -> str:
    """A failure's title, and its lines indented under it."""
    return "\n".join((failure.title, *(f"  {line}" for line in failure.lines)))


def _lines(files: Sequence[FileResult]) -> Iterator[str]:
    for file in files:
        for result in file.results:
            if result.failures:
                yield from _failed(file, result)
                yield ""
    failed = sum(file.failed for file in files)
    passed = sum(len(file.results) for file in files) - failed
    yield f"{passed:,} passed, {failed:,} failed in {counted(len(files), 'file')}"


def _failed(file: FileResult, result: Result) -> Iterator[str]:
    yield f"FAILED {file.path}:{result.test.line}: {result.test.name}"
    for failure in result.failures:
        yield from (f"  {line}" for line in failure_text(failure).splitlines())
