"""YAML text as events with marks, and scalars by the core schema of YAML 1.2. Knows no path, secret or setting.

PyYAML speaks YAML 1.1, where `ON` is true, `16:00` is 960, `0123` is 83 and `1e6` is text; a ticker list cannot
live with that. https://yaml.org/spec/1.2.2/#103-core-schema
"""

import re

import yaml

from bot.model.errors import Problem

MAX_DEPTH = 64
"""Lists and mappings within one another; whoever reads them recurses."""

TAG = "tag:yaml.org,2002:"
NULL, BOOL, INT, FLOAT, STR, SEQ, MAP = (TAG + kind for kind in ("null", "bool", "int", "float", "str", "seq", "map"))

MERGE_KEY = "<<"

# Unlike the specification, a number with a leading zero is text: it is somebody's id, never a quantity.
_RESOLVERS = (
    (NULL, r"~|null|Null|NULL", "~nN"),
    (BOOL, r"true|True|TRUE|false|False|FALSE", "tTfF"),
    (INT, r"[-+]?(?:0|[1-9][0-9]*)|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    (
        FLOAT,
        r"[-+]?(?:(?:0|[1-9][0-9]*)?\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.|(?=[eE])))(?:[eE][-+]?[0-9]+)?",
        "-+.0123456789",
    ),
    (FLOAT, r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", "-+."),
)


_TAGS: dict[str, list[tuple[str, re.Pattern[str]]]] = {"": [(NULL, re.compile(""))]}
"""By a scalar's first character, what it may be if it is no text."""
for _tag, _pattern, _first in _RESOLVERS:
    for _character in _first:
        _TAGS.setdefault(_character, []).append((_tag, re.compile(_pattern)))

_NON_PRINTABLE = yaml.reader.Reader.NON_PRINTABLE


def read_events(text: str, file: str) -> list[yaml.Event] | Problem:
    """The one document in `text` as libyaml's events, none if there is no document, or what is wrong with it."""
    if found := _NON_PRINTABLE.search(text):
        line, column = _place(text, found.start())
        return Problem(file, line, column, f"a file of YAML holds no character U+{ord(found[0]):04X}; delete it")
    try:
        return _document(text, file)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        if mark is None:
            return Problem(file, 0, 0, f"not YAML: {error.problem}")
        return Problem(file, mark.line + 1, mark.column + 1, _explain(error, text))


def position(event: yaml.Event) -> tuple[int, int]:
    """Line and column of its beginning; both count from 1."""
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (0, 0)


def scalar(event: yaml.ScalarEvent) -> object:
    """The plain value of a scalar. Raises ValueError where an explicit tag does not fit, or is not of the schema."""
    text, tag = event.value, event.tag
    if tag is None or tag == "!":
        tag = _resolve(text) if event.implicit[0] else STR
    if tag == STR:
        return text
    if tag == NULL:
        return None
    if tag == BOOL and text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        if tag == INT:
            return int(text, {"0o": 8, "0x": 16}.get(text[:2].lower(), 10))
        if tag == FLOAT:
            return float(re.sub(r"\.(?=inf|nan)", "", text.lower()))
    except ValueError:
        raise ValueError("not a number, or one with thousands of digits") from None
    raise ValueError(f"the tag {tag.replace(TAG, '!!')} is not supported; put text in quotes instead")


def _place(text: str, position: int) -> tuple[int, int]:
    return text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position)


def _document(text: str, file: str) -> list[yaml.Event] | Problem:
    found: list[yaml.Event] = []
    depth = 0
    for event in yaml.parse(text, yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                return Problem(file, *position(event), f"nested more than {MAX_DEPTH} levels deep")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.DocumentStartEvent) and found:
            advice = "a second document begins here; one file holds one, so delete this line of dashes"
            return Problem(file, *position(event), advice)
        if isinstance(event, (yaml.NodeEvent, yaml.CollectionEndEvent)):
            found.append(event)
    return found


def _resolve(text: str) -> str:
    for tag, pattern in _TAGS.get(text[:1], ()):
        if pattern.fullmatch(text):
            return tag
    return STR


_ADVICE = (
    ("mapping values", "a colon where none can stand: put text that holds one in quotes, or check the indentation"),
    ("expected key", "this line's indentation fits nothing above it; line it up with its neighbours"),
    ("expected '-'", "this line is no item of the list that begins at line {begun}; check the indentation"),
    ("expected ',' or ']'", "the list that begins at line {begun} wants a comma or its closing ] here"),
    ("expected ',' or '}'", "the mapping that begins at line {begun} wants a comma or its closing } here"),
    ("end of stream", "the text that begins at line {begun} lacks its closing quote"),
    ("tab character", "a tab cannot indent YAML; use spaces"),
)


def _explain(error: yaml.MarkedYAMLError, text: str) -> str:
    """Plain words for what libyaml calls it."""
    problem = error.problem or error.context or "something is wrong here"
    mark, lines = error.problem_mark, text.splitlines()
    before, here = "", ""
    if mark is not None and mark.line < len(lines):
        before, here = lines[mark.line][: mark.column], lines[mark.line][mark.column : mark.column + 1]
    if "cannot start any token" in problem:
        return "a tab cannot indent YAML; use spaces" if here == "\t" else f"put text with {here} in quotes"
    if before.endswith("$") and here == "{":
        return "between [ ] or { }, put text with ${…} in quotes"
    begun = error.context_mark.line + 1 if error.context_mark else 0
    advice = next((words for known, words in _ADVICE if known in problem), f"not YAML: {problem}")
    return advice.replace("{begun}", str(begun))
