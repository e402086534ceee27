"""Reads a file of tests, and checks it against the configuration that it is about: every problem has its place."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.config.check import check
from bot.config.document import Document, read
from bot.config.tree import PathTo
from bot.config.wording import suggest
from bot.model.errors import InputError, Problem
from bot.model.prints import Print
from bot.providers.decoders import VENDORS
from bot.providers.maps import names as map_names
from bot.workbench.rule_tests.facts import Said, read_facts
from bot.workbench.rule_tests.prints import PrintReader, Setting
from bot.workbench.rule_tests.rule_set import RuleSet
from bot.workbench.rule_tests.settings import AlertSettings, CountSettings, FileSettings, RuleTestSettings

Load = Callable[[Path], RuleSet]
"""The rules of a configuration file. Raises InputError."""


@dataclass(frozen=True, slots=True)
class TapeToPlay:
    """Prints that a test takes from a tape."""

    path: Path
    frames_of: str | None
    """Whose the frames of an unknown name are; None: the first provider's."""
    now_ns: int
    """When a line is received that does not say, unix nanoseconds."""


@dataclass(frozen=True, slots=True)
class RuleTest:
    """One test, checked."""

    name: str
    line: int
    source: tuple[Print, ...] | TapeToPlay
    expect: tuple[AlertSettings, ...] | CountSettings
    is_covered: bool = True
    """Rules with memory have watched for as long as they need."""


@dataclass(frozen=True, slots=True)
class RuleTestFile:
    """One file's tests, and the rules that they are about."""

    path: str
    rule_set: RuleSet
    tests: tuple[RuleTest, ...]


def read_files(paths: Iterable[Path], config: Path | None, load: Load) -> list[RuleTestFile]:
    """The tests in these files; `config` is what they are about unless a file says. Raises InputError with every
    problem in all of them, and in their configurations.
    """
    known: dict[Path, RuleSet | InputError] = {}

    def load_once(path: Path) -> RuleSet:
        own = path.resolve()
        if own not in known:
            try:
                known[own] = load(path)
            except InputError as error:
                known[own] = error
                raise
        found = known[own]
        if isinstance(found, InputError):
            raise InputError  # told with the first file that names it
        return found

    files, problems = [], []
    for path in paths:
        try:
            files.append(_read(path, config, load_once))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(*problems)
    return files


def _read(path: Path, config: Path | None, load: Load) -> RuleTestFile:
    if not path.exists():
        raise InputError(Problem(str(path), 0, 0, "there is no such file of tests"))
    document = read(path, {})
    settings, problems = check(FileSettings, document.value, (), document)
    problems = [*document.problems, *problems]
    if settings is None:
        raise InputError(*problems)
    if settings.config is not None:
        config = path.parent / settings.config
    rule_set = load(config or path.parent / "config.yaml")
    reader = _Reader(document, settings, rule_set)
    tests = reader.tests()
    if problems := [*problems, *reader.problems]:
        raise InputError(*problems)
    return RuleTestFile(str(path), rule_set, tuple(tests))


class _Reader:
    """Goes on after a problem, to find them all."""

    def __init__(self, document: Document, settings: FileSettings, rule_set: RuleSet) -> None:
        self.problems: list[Problem] = []
        self._document = document
        self._settings = settings
        self._rule_set = rule_set
        self._defaults = self._facts(settings.defaults, ("defaults",), "defaults")

    def tests(self) -> list[RuleTest]:
        first: dict[str, int] = {}
        found = []
        for index, raw in enumerate(self._settings.tests):
            path: PathTo = ("tests", index)
            name = raw.get("name") if isinstance(raw, Mapping) else None
            what = f'test "{name}"' if isinstance(name, str) else f"test {index + 1}"
            settings, problems = check(RuleTestSettings, raw, path, self._document, what=what)
            self.problems += problems
            if isinstance(name, str) and first.setdefault(name, index) != index:
                _, line, _ = self._document.mark(("tests", first[name]))
                self._problem((*path, "name"), f'two tests are called "{name}"; the first is at line {line}')
            if settings is not None and (test := self._test(settings, path, what)) is not None:
                found.append(test)
        return found

    def _test(self, settings: RuleTestSettings, path: PathTo, what: str) -> RuleTest | None:
        defaults = {**self._defaults, **self._facts(settings.defaults, (*path, "defaults"), f"defaults of {what}")}
        source = self._source(settings, path, what, defaults)
        expect = self._expect(settings, path, what)
        if expect is None:
            return None
        _, line, _ = self._document.mark(path)
        return RuleTest(settings.name, line, source, expect, is_covered=settings.memory == "covered")

    def _source(
        self, settings: RuleTestSettings, path: PathTo, what: str, defaults: Said
    ) -> tuple[Print, ...] | TapeToPlay:
        now = settings.now or self._settings.now
        if settings.tape is None:
            reader = PrintReader(self._document, Setting(what, now, defaults, self._rule_set.readers.keys()))
            prints = reader.prints(settings.prints or [], (*path, "prints"))
            self.problems += reader.problems
            return tuple(prints)
        tape = Path(self._document.file).parent / settings.tape
        if not tape.exists():
            self._problem((*path, "tape"), f"tape of {what}: there is no {tape}")
        if settings.frames_of is not None:
            self._known((settings.frames_of,), (*VENDORS, *map_names()), (*path, "as"), "vendor or map", what)
        return TapeToPlay(tape, settings.frames_of, int(now.timestamp()) * 1_000_000_000)

    # --- what is to come ---

    def _expect(
        self, settings: RuleTestSettings, path: PathTo, what: str
    ) -> tuple[AlertSettings, ...] | CountSettings | None:
        here = (*path, "expect")
        if isinstance(settings.expect, list):
            found = [
                self._alert(raw, settings, (*here, index), f"expectation {index + 1} of {what}")
                for index, raw in enumerate(settings.expect)
            ]
            return tuple(alert for alert in found if alert is not None)
        what = f"expect of {what}"
        counts, problems = check(CountSettings, settings.expect, here, self._document, what=what)
        self.problems += problems
        if counts is not None:
            self._check_names(counts.rules, counts.send_to, counts.suppressed, here, what)
        return counts

    def _alert(self, raw: object, settings: RuleTestSettings, path: PathTo, what: str) -> AlertSettings | None:
        alert, problems = check(AlertSettings, raw, path, self._document, what=what)
        self.problems += problems
        if alert is None:
            return None
        self._check_names(alert.rules or (), alert.send_to or (), alert.suppressed or (), path, what)
        if alert.print is not None and settings.prints is not None and alert.print > len(settings.prints):
            self._problem((*path, "print"), f"{what}: there is no print {alert.print}; it has {len(settings.prints)}")
        return alert

    def _check_names(
        self, rules: Iterable[str], send_to: Iterable[str], suppressed: Iterable[str], path: PathTo, what: str
    ) -> None:
        self._known(rules, self._rule_set.rules, (*path, "rules"), "rule", what)
        self._known(send_to, self._rule_set.terms, (*path, "send_to"), "destination", what)
        self._known(suppressed, self._rule_set.rules, (*path, "suppressed"), "rule", what)

    def _known(self, names: Iterable[str], known: Collection[str], path: PathTo, noun: str, what: str) -> None:
        """Items of a list, keys of a mapping, or a single text that name nothing."""
        for index, name in enumerate(names):
            if name not in known:
                raw = self._document.at(path)
                here = path if isinstance(raw, str) else (*path, index if isinstance(raw, list) else name)
                message = f'unknown {noun} "{name}" in {what}{suggest(name, known)}'
                self._problem(here, message, at_key=isinstance(raw, Mapping))

    # --- the rest ---

    def _facts(self, raw: Mapping[str, Any], path: PathTo, what: str) -> dict[str, object]:
        said, problems = read_facts(raw, path, self._document, what, self._rule_set.readers)
        self.problems += problems
        return said

    def _problem(self, path: PathTo, message: str, *, at_key: bool = False) -> None:
        self.problems.append(self._document.problem(path, message, at_key=at_key))
