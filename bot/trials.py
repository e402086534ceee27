"""`flowbot test`: unit tests of rules, run without secrets, without a store and without the network."""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from bot import logs
from bot.config.document import Document, read
from bot.config.tree import PathTo
from bot.flow.mapping.reading import Map
from bot.model.errors import UnavailableError
from bot.providers.catalog import ProviderSettings
from bot.providers.decoders import VENDORS
from bot.providers.inbound import InboundSettings
from bot.providers.mapped_settings import MappedSettings
from bot.providers.maps import ready_map
from bot.providers.replay import Read, ReplaySettings, vendor_reader
from bot.settings import load
from bot.workbench.rule_tests.reading import read_files
from bot.workbench.rule_tests.report import report
from bot.workbench.rule_tests.rule_set import RuleSet
from bot.workbench.rule_tests.running import run_tests

_SECTIONS: Final = ("providers", "destinations", "discord", "slack", "http", "store", "log")
"""Where a test does not need what a placeholder stands for. A rule does."""
_NAME: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def run(
    files: Sequence[Path], *, config: Path | None = None, junit: Path | None = None, write: Callable[[str], None]
) -> bool:
    """Run the tests in these files; whether all passed. `config` is what they are about where they name nothing.

    `write` takes the report, `junit` is a file for the results as XML. Raises InputError with every problem in the
    files and their configurations, before anything is run; UnavailableError where the XML cannot be written.
    """
    logs.configure(logs.LogSettings(level="warning", format="console"))
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

    A variable that is not set counts as any where no rule uses it. Raises InputError.
    """
    settings = load(path, {**_stand_ins(read(path, os.environ)), **os.environ})
    return RuleSet(
        rules={rule.name: rule.resolved(settings.watchlists) for rule in settings.rules},
        terms={name: settings.lane_options(name).terms for name in settings.destinations},
        looks={name: settings.look_at(name) for name in settings.destinations},
        readers={name: _reader(own) for name, own in settings.providers.items()},
    )


def _reader(own: ProviderSettings) -> Read:
    """How the provider's frames are read from a tape."""
    match own:
        case MappedSettings():
            return Map(own.map).read
        case InboundSettings():
            return vendor_reader(VENDORS[own.of][0])
        case ReplaySettings() if own.frames_of not in VENDORS:
            return Map(ready_map(own.frames_of)).read
        case ReplaySettings():
            return vendor_reader(VENDORS[own.frames_of][0])
        case _:
            return vendor_reader(VENDORS[own.type][0])


# --- secrets that are not set ------------------------------------------------------------------------------


def _stand_ins(document: Document) -> dict[str, str]:
    """A value for every variable that is not set, of a form that fits where it stands."""
    found: dict[str, str] = {}
    for path in sorted(document.unfilled, key=document.mark):
        if path and path[0] in _SECTIONS:
            text = str(document.at(path))
            for name in _NAME.findall(text):
                found.setdefault(name, _stand_in(path, document) if text == f"${{{name}}}" else "unset")
    return found


def _stand_in(path: PathTo, document: Document) -> str:
    """For the whole of the value at `path`."""
    owner, key = document.at(path[:-1]), str(path[-1])
    kind, transport = (owner.get("type"), owner.get("transport")) if isinstance(owner, Mapping) else (None, None)
    if key.endswith("url"):
        is_stream = key == "ws_url" or (kind == "mapped" and transport in (None, "websocket"))
        return "wss://unset.invalid/unset" if is_stream else "https://unset.invalid/unset"
    if key == "channel" and kind == "slack_channel":
        return "C0UNSET"
    return "1" if key in ("channel", "thread_id") else "unset"
