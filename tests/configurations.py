"""Configurations written to a file and loaded, each a small change of one good example."""

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

from bot.settings import Settings, load

GOOD: Mapping[str, Any] = {
    "providers": {"radarpulse": {"type": "radarpulse", "api_key": "fake-key"}},
    "destinations": {"terminal": {"type": "console"}, "second": {"type": "console"}},
    "rules": [
        {"name": "whales", "when": {"premium": ">= 1M"}, "send_to": ["terminal"]},
        {"name": "sweeps", "when": {"kind": "sweep"}, "send_to": ["terminal", "second"]},
    ],
}


def settings(folder: Path, changes: Mapping[str, Any] | None = None) -> Settings:
    """The good example with `changes` merged in; a value of None takes a key away."""
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(_merged(GOOD, changes or {}), sort_keys=False), "utf-8")
    return load(path, {})


def _merged(good: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    whole = deepcopy(dict(good))
    for name, value in changes.items():
        if isinstance(value, Mapping) and isinstance(whole.get(name), Mapping):
            whole[name] = _merged(whole[name], value)
        else:
            whole[name] = value
    return {name: value for name, value in whole.items() if value is not None}
