"""An application's commands as Discord keeps them (reference, "Application Commands", 2026-11)."""

import itertools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

EVERYWHERE = ""
CREATES_A_DAY = 200
_NAME = re.compile(r"[-_'a-z0-9]{1,32}")
_SUB, _TEXT, _INTEGER, _NUMBER = 1, 3, 4, 10
_OPTION_KEYS = {
    "type", "name", "description", "options", "choices", "required", "autocomplete", "min_value", "max_value",
    "min_length", "max_length",
}  # fmt: skip
_COMMAND_KEYS = {"type", "name", "description", "options", "default_member_permissions", "nsfw"}
_GLOBAL_KEYS = {"contexts", "integration_types"}


class Commands:
    """By the server they are registered in, or `EVERYWHERE`."""

    def __init__(self) -> None:
        self.by_place: dict[str, list[dict[str, Any]]] = {EVERYWHERE: []}
        self.writes = 0
        """Requests that overwrote a place's commands."""
        self.created: dict[str, int] = {}
        """Commands that were new to their place."""
        self._ids = itertools.count(200)

    def at(self, place: str) -> list[dict[str, Any]]:
        return self.by_place.setdefault(place, [])

    def overwrite(self, place: str, wanted: Sequence[Mapping[str, Any]]) -> list[str]:
        """Bulk overwrite; what is wrong with it, and then nothing was done."""
        problems = [problem for command in wanted for problem in _command_problems(command, place)]
        names = [command["name"] for command in wanted]
        if len(names) != len(set(names)) or len(names) > 100:
            problems.append("100 commands at most, each name once")
        self.writes += 1
        if not problems:
            ids = {command["name"]: command["id"] for command in self.at(place)}
            self.created[place] = self.created.get(place, 0) + len(set(names) - ids.keys())
            if self.created[place] > CREATES_A_DAY:
                problems.append("more than 200 creations a day")
            self.by_place[place] = [
                _as_stored(command, place, ids.get(command["name"]) or str(next(self._ids))) for command in wanted
            ]
        return problems

    def form(self, place: str, command: str, sub: str | None) -> Mapping[str, Any]:
        """The form that a member fills in there. Raises KeyError where none is shown."""
        for each in (*self.at(place), *self.at(EVERYWHERE)):
            if each["name"] == command and (place or 1 in (each["contexts"] or [0, 1, 2])):
                subs = {option["name"]: option for option in each.get("options", []) if option["type"] == _SUB}
                return each if sub is None or not subs else subs[sub]
        raise KeyError(f"/{command} {sub or ''} is not shown there")


def _command_problems(command: Mapping[str, Any], place: str) -> Iterator[str]:
    for key in command.keys() - _COMMAND_KEYS - (set() if place else _GLOBAL_KEYS):
        yield f"{command['name']}: {key} is not for a command registered there"
    if command.get("type", 1) != 1:
        yield f"{command['name']}: a slash command has type 1"
    permissions = command.get("default_member_permissions")
    if permissions is not None and not str(permissions).isdecimal():
        yield f"{command['name']}: default_member_permissions is a bit set as a string"
    if set(command.get("contexts") or []) - {0, 1, 2} or set(command.get("integration_types") or []) - {0, 1}:
        yield f"{command['name']}: contexts or integration_types"
    if _size(command) > 8000:
        yield f"{command['name']}: more than 8000 characters"
    yield from _form_problems(command, depth=0)


def _form_problems(form: Mapping[str, Any], depth: int) -> Iterator[str]:
    name, options = form["name"], form.get("options", [])
    if not _NAME.fullmatch(name) or not 1 <= len(form["description"]) <= 100:
        yield f"{name}: {form['description']}"
    if len(options) > 25 or len({option["name"] for option in options}) != len(options):
        yield f"{name}: 25 options at most, each name once"
    kinds = {option["type"] == _SUB for option in options}
    if len(kinds) > 1 or (depth and True in kinds):
        yield f"{name}: subcommands stand alone, and hold none"
    required = [bool(option.get("required")) for option in options]
    if required != sorted(required, reverse=True):
        yield f"{name}: required options come first"
    for option in options:
        yield from _option_problems(option)
        yield from _form_problems(option, depth + 1)


def _option_problems(option: Mapping[str, Any]) -> Iterator[str]:
    name, kind, choices = option["name"], option["type"], option.get("choices", [])
    for key in option.keys() - _OPTION_KEYS:
        yield f"{name}: an option has no {key}"
    if kind not in (_SUB, _TEXT, _INTEGER, _NUMBER) or (kind == _SUB and option.get("required")):
        yield f"{name}: type {kind}"
    if choices and option.get("autocomplete"):
        yield f"{name}: autocomplete and choices exclude each other"
    if option.get("autocomplete") and kind == _SUB:
        yield f"{name}: a subcommand is not completed"
    if len(choices) > 25 or any(not 1 <= len(choice["name"]) <= 100 for choice in choices):
        yield f"{name}: 25 choices at most, of 1 to 100 characters"
    if {"min_value", "max_value"} & option.keys() and kind not in (_INTEGER, _NUMBER):
        yield f"{name}: bounds are for numbers"


def _size(form: Mapping[str, Any]) -> int:
    """Names, descriptions and values of a command, its options and choices together."""
    choices = sum(len(each["name"]) + len(str(each["value"])) for each in form.get("choices", []))
    own = len(form["name"]) + len(form["description"]) + choices
    return own + sum(map(_size, form.get("options", [])))


def _as_stored(command: Mapping[str, Any], place: str, command_id: str) -> dict[str, Any]:
    """As Discord gives a command back: with what it adds, and without what says nothing."""
    # A server's come back with the application's own integration types, and without contexts.
    where = {"contexts": None, "integration_types": [0]} | ({"guild_id": place} if place else {"dm_permission": True})
    added = {"id": command_id, "application_id": "1000", "version": "1", "nsfw": False}
    stored = {"default_member_permissions": None, **where, **_option_as_stored(command), **added}
    return dict(json.loads(json.dumps(stored)))


def _option_as_stored(option: Mapping[str, Any]) -> dict[str, Any]:
    stored = {key: value for key, value in option.items() if value not in (False, [])}
    stored |= {"name_localizations": None, "description_localizations": None}
    if "options" in option:
        stored["options"] = [_option_as_stored(each) for each in option["options"]]
    if "choices" in stored:
        stored["choices"] = [{"name_localizations": None, **choice} for choice in stored["choices"]]
    return stored
