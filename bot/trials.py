"""`flowbot test`: unit tests of rules, run without secrets, without a store and without the network."""

from collections.abc import Callable, Sequence
from pathlib import Path

from bot.model.errors import UnavailableError
from bot.providers.taped import reader_of, sort_of
from bot.secretless import load_without_secrets
from bot.workbench.rule_tests.reading import read_files
from bot.workbench.rule_tests.report import report
from bot.workbench.rule_tests.rule_set import RuleSet
from bot.workbench.rule_tests.running import run_tests


def run(
    files: Sequence[Path], *, config: Path | None = None, junit: Path | None = None, write: Callable[[str], None]
) -> bool:
    """Run the tests in these files; whether all passed. `config` is what they are about where they name nothing.

    `write` takes the report, `junit` is a file for the results as XML. Raises InputError with every problem in the
    files and their configurations, before anything is run; UnavailableError where the XML cannot be written.
    """
    results = run_tests(read_files(files, config, load_rule_set))
    write(report(results))
    if junit is not None:
        from bot.workbench.rule_tests.junit import junit as as_xml

        try:
            junit.write_bytes(as_xml(results))
        except OSError as error:
            raise UnavailableError(f"cannot write {junit}: {error.strerror}") from error
    return not any(file.failed for file in results)


def load_rule_set(path: Path) -> RuleSet:
    """What the configuration at `path` says of rules; watchlists hold what the file puts on them.

    A secret that is not set counts as any. Raises InputError.
    """
    settings = load_without_secrets(path)
    return RuleSet(
        rules={rule.name: rule.resolved(settings.watchlists) for rule in settings.rules},
        terms={name: settings.lane_options(name).terms for name in settings.destinations},
        looks={name: settings.look_at(name) for name in settings.destinations},
        readers={name: reader_of(sort_of(own)) for name, own in settings.providers.items()},
    )
