"""Loads a configuration without its secrets: what a placeholder cannot be filled with counts as anything that fits.

For commands that neither connect nor post: rule tests, back-tests.
"""

import os
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Final
from zlib import crc32

from bot.config.document import Document, read
from bot.config.tree import PathTo, child
from bot.model.errors import InputError
from bot.settings import Settings, examine_document

_SECTIONS: Final = ("providers", "destinations", "discord", "slack", "http", "store", "log")
"""Where nobody needs what a placeholder stands for. A rule does."""


def load_without_secrets(path: Path) -> Settings:
    """The configuration at `path`. Raises InputError with every problem but that secrets are not set."""
    found = examine_document(_with_stand_ins(read(path, os.environ)), path.parent)
    if found.settings is None:
        raise InputError(*found.problems)
    return found.settings


def _with_stand_ins(document: Document) -> Document:
    """The same, with a value of a form that fits in the place of each that could not be filled in."""
    paths = [path for path in document.unfilled if path and path[0] in _SECTIONS]
    places = {document.mark(path) for path in paths}
    value = deepcopy(document.value)
    for path in paths:
        owner = value
        for step in path[:-1]:
            owner = child(owner, step)
        owner[path[-1]] = _stand_in(path, document)  # type: ignore[index]  # a mapping or a list: it holds the path
    problems = tuple(p for p in document.problems if (p.file, p.line, p.column) not in places)
    return replace(document, value=value, problems=problems, unfilled=document.unfilled - frozenset(paths))


def _stand_in(path: PathTo, document: Document) -> str:
    """The same for the same placeholder, and for no other: destinations with one URL share a pace."""
    number, key = crc32(str(document.at(path)).encode()), str(path[-1])
    owner = document.at(path[:-1])
    kind, transport = (owner.get("type"), owner.get("transport")) if isinstance(owner, Mapping) else (None, None)
    if key.endswith("url"):
        is_stream = key == "ws_url" or (kind == "mapped" and transport in (None, "websocket"))
        scheme = "wss" if is_stream else "json" if kind == "apprise" else "https"
        return f"{scheme}://unset.invalid/{number}"
    if key in ("channel", "thread_id"):
        return f"C0{number}" if kind == "slack_channel" else str(number)
    return f"unset-{number}"
