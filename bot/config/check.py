"""Checks values against a settings model and reports every problem in plain words, at its place in the file."""

import re
from collections.abc import Collection, Hashable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar, cast

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from bot.config.document import Document
from bot.config.shapes import Shapes
from bot.config.tree import PathTo, child
from bot.config.wording import dotted, join, suggest
from bot.model.errors import Problem

T = TypeVar("T")

_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
    "dict_type": "a mapping",
    "mapping_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "dataclass_type": "a mapping",
    "none_required": "nothing",
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "string_too_short": "at least {min_length} characters",
    "string_too_long": "at most {max_length} characters",
    "too_short": "at least {min_length} of them",
    "too_long": "at most {max_length} of them",
    "string_pattern_mismatch": "text of the form {pattern}",
}
"""What pydantic's error types expected. None of these words, nor their {facts}, comes from the value."""

_EMPTY = {"string_too_short": "text that is not empty", "too_short": "a list that is not empty"}
_CONTAINERS = {"a list", "a mapping", *_EMPTY.values()}


class _Fault(NamedTuple):
    path: PathTo
    """From the root of the document."""
    message: str
    """A whole sentence, or empty where `expected` says it."""
    expected: tuple[str, ...]
    at_key: bool
    is_branch: bool
    """One member of a union said so; another may have come further."""


def check(
    model: type[T] | TypeAdapter[T], value: object, path: PathTo, document: Document, *, what: str = ""
) -> tuple[T | None, list[Problem]]:
    """`value`, which stands at `path` of `document`, as the model's object, or None and every problem with it.

    `what` names the thing in messages: `rule "whales"`; without it they give the path.
    """
    if not document.is_readable:
        return None, []
    adapter = model if isinstance(model, TypeAdapter) else _adapter(cast("Hashable", model))
    try:
        return adapter.validate_python(value), []
    except ValidationError as error:
        reporter = _Reporter(_shapes(adapter), value, path, document, what)
        return None, reporter.report(error.errors(include_url=False))


@lru_cache(maxsize=100)
def _adapter(model: Any) -> TypeAdapter[Any]:
    """Kept: making one takes milliseconds, and a file may hold a thousand rules."""
    return TypeAdapter(model)


@lru_cache(maxsize=100)
def _shapes(adapter: TypeAdapter[Any]) -> Shapes:
    """Kept likewise: a slip that a thousand rules share is described once."""
    return Shapes(adapter)


def check_type(
    value: object, path: PathTo, document: Document, known: Collection[str], *, what: str = ""
) -> tuple[str | None, list[Problem]]:
    """The `type` of the mapping at `path` if it is among `known`: for sections whose models are loaded by type."""
    where = what or dotted(path)
    choices = join(sorted(known))
    got = document.got(path, quote=False)
    if not isinstance(value, Mapping):
        return None, [document.problem(path, f"{where}: expected a mapping with a type: {choices}{got}")]
    if "type" not in value:
        return None, [document.problem(path, f'missing field "type" in {where}: one of {choices}', at_key=True)]
    kind, here = value["type"], (*path, "type")
    if isinstance(kind, str) and kind in known:
        return kind, []
    if here in document.unfilled:
        return None, []
    return None, [document.problem(here, _unknown_type(kind, here, known, where, document))]


def _unknown_type(kind: object, here: PathTo, known: Collection[str], where: str, document: Document) -> str:
    if here in document.fillings or not isinstance(kind, str):
        return f"unknown type in {where}; known: {join(sorted(known), 'and')}{document.got(here)}"
    return f'unknown type "{kind}" in {where}{suggest(kind, known)}'


@dataclass(frozen=True, slots=True)
class _Reporter:
    """Puts pydantic's errors about one value into words and places."""

    shapes: Shapes
    value: object
    path: PathTo
    document: Document
    what: str

    def report(self, errors: list[ErrorDetails]) -> list[Problem]:
        faults = [self._fault(error) for error in errors]
        deeper = {fault.path[:length] for fault in faults for length in range(len(fault.path))}
        by_path: dict[PathTo, list[_Fault]] = {}
        for fault in faults:
            if not (fault.is_branch and fault.path in deeper) and not self._is_unfilled(fault.path):
                by_path.setdefault(fault.path, []).append(fault)
        return [problem for path, group in by_path.items() for problem in self._problems(path, group)]

    def _problems(self, path: PathTo, group: list[_Fault]) -> Iterator[Problem]:
        """One problem for what several members of a union expected; one for each whole sentence."""
        at_key = any(fault.at_key for fault in group)
        expected = list(dict.fromkeys(words for fault in group for words in fault.expected))
        messages = dict.fromkeys(fault.message for fault in group if fault.message)
        if expected:
            got = "" if at_key else self._got(path, expected)
            messages[f"{self._name(path)}: expected {join(expected)}{got}"] = None
        for message in messages:
            yield self.document.problem(path, message, at_key=at_key)

    def _fault(self, error: ErrorDetails) -> _Fault:
        kind, context = error["type"], error.get("ctx", {})
        path, is_branch, at_key = self._locate(error)
        message = ""
        expected: tuple[str, ...] = ()
        if kind == "missing":
            message = f'missing field "{path[-1]}"{self._inside(path[:-1])}'
            at_key = True
        elif kind in ("extra_forbidden", "unexpected_keyword_argument"):
            fields = self.shapes.fields(self._relative(path[:-1]), self.value)
            message = f'unknown field "{path[-1]}"{self._inside(path[:-1])}{suggest(str(path[-1]), fields)}'
            at_key = True
        elif kind in ("union_tag_invalid", "union_tag_not_found"):
            path, message, at_key = self._tag(path, context)
        elif kind in ("literal_error", "enum"):
            expected = tuple(re.findall(r"'([^']*)'", context["expected"])) or (context["expected"],)
        elif kind in _EMPTY and context.get("min_length") == 1:
            expected = (_EMPTY[kind],)
        elif kind in _EXPECTED:
            expected = (_EXPECTED[kind].format_map(context),)
        elif kind != "is_instance_of":  # a secret may be a Secret already: no news to whoever writes YAML
            said = re.sub(r"^(Value error, |Assertion failed, |Input should be )", "", error["msg"])
            expected = (said.removeprefix("expected "),) if said.startswith("expected ") else ()
            message = "" if expected else f"{self._name(path)}: {said}"
        return _Fault(path, message, expected, at_key, is_branch)

    def _tag(self, path: PathTo, context: Mapping[str, Any]) -> tuple[PathTo, str, bool]:
        """A union whose members are told apart by a field: where, what, and whether the key is to be marked."""
        field = str(context.get("discriminator", "")).strip("'") or "type"
        if "tag" not in context:
            tags = self.shapes.tags(self._relative(path), field)
            return (*path, field), f'missing field "{field}"{self._inside(path)}: one of {join(sorted(tags))}', True
        known = re.findall(r"'([^']*)'", context["expected_tags"])
        here = (*path, field)
        return here, _unknown_type(context["tag"], here, known, self._name(path), self.document), False

    def _locate(self, error: ErrorDetails) -> tuple[PathTo, bool, bool]:
        """pydantic's location as a path; it also names union members, which are no part of the file."""
        path: list[str | int] = []
        value, location = self.value, error["loc"]
        for step in location:
            with suppress(KeyError):
                value = child(value, step)
                path.append(step)
        if error["type"] == "missing":
            path.append(location[-1])
        return (*self.path, *path), len(path) < len(location), location[-1:] == ("[key]",)

    def _is_unfilled(self, path: PathTo) -> bool:
        return any(path[: len(unfilled)] == unfilled for unfilled in self.document.unfilled)

    def _got(self, path: PathTo, expected: list[str]) -> str:
        value = self.value
        for step in self._relative(path):
            value = child(value, step)
        if not value and expected[0] in _EMPTY.values():
            return ""
        is_quotable = self.shapes.is_open(self._relative(path), self.value) and not _CONTAINERS.issuperset(expected)
        needs_quotes = expected == ["text"] and isinstance(value, (int, float))
        return self.document.got(path, quote=is_quotable) + ("; put it in quotes" if needs_quotes else "")

    def _name(self, path: PathTo) -> str:
        if not self.what:
            return dotted(path) or "the file"
        relative = dotted(self._relative(path))
        return f"{relative} of {self.what}" if relative else self.what

    def _inside(self, path: PathTo) -> str:
        return f" in {self._name(path)}" if path else ""

    def _relative(self, path: PathTo) -> PathTo:
        return path[len(self.path) :]
