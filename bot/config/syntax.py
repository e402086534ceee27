"""YAML text as a tree of nodes with marks, read by the core schema of YAML 1.2. Knows no path, secret or setting.

PyYAML speaks YAML 1.1, where `ON` is true, `16:00` is 960, `0123` is 83 and `1e6` is text; a ticker list cannot
live with that. https://yaml.org/spec/1.2.2/#103-core-schema
"""

import re

import yaml

from bot.model.errors import Problem

MAX_DEPTH = 64
"""libyaml's composer recurses in C and takes the process down at some ten thousand levels."""

TAG = "tag:yaml.org,2002:"
NULL, BOOL, INT, FLOAT, STR, SEQ, MAP = (TAG + kind for kind in ("null", "bool", "int", "float", "str", "seq", "map"))

MERGE_KEY = "<<"

# Unlike the specification, a number with a leading zero is text: it is somebody's id, never a quantity.
_RESOLVERS = (
    (NULL, r"~|null|Null|NULL|", ("~", "n", "N", "")),
    (BOOL, r"true|True|TRUE|false|False|FALSE", "tTfF"),
    (INT, r"[-+]?(?:0|[1-9][0-9]*)|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    (
        FLOAT,
        r"[-+]?(?:(?:0|[1-9][0-9]*)?\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.|(?=[eE])))(?:[eE][-+]?[0-9]+)?",
        "-+.0123456789",
    ),
    (FLOAT, r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", "-+."),
)


class _Loader(yaml.CSafeLoader):
    """libyaml's loader with the resolvers above in place of YAML 1.1's."""


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in _RESOLVERS:
    _Loader.add_implicit_resolver(_tag, re.compile(rf"^(?:{_pattern})$"), list(_first))

_NON_PRINTABLE = yaml.reader.Reader.NON_PRINTABLE


def compose(text: str, file: str) -> yaml.Node | Problem | None:
    """The root node of the one document in `text`, None if there is none, or what is wrong with it."""
    if found := _NON_PRINTABLE.search(text):
        line, column = _place(text, found.start())
        return Problem(file, line, column, f"a file of YAML holds no character U+{ord(found[0]):04X}; delete it")
    try:
        if too_deep := _find_depth(text, file):
            return too_deep
        return yaml.compose(text, _Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        if mark is None:
            return Problem(file, 0, 0, f"not YAML: {error.problem}")
        return Problem(file, mark.line + 1, mark.column + 1, _explain(error, text))


def scalar(node: yaml.ScalarNode) -> object:
    """The plain value of a scalar. Raises ValueError where an explicit tag does not fit, or is not of the schema."""
    text = node.value
    if node.tag == STR:
        return text
    if node.tag == NULL:
        return None
    if node.tag == BOOL and text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        if node.tag == INT:
            return int(text, {"0o": 8, "0x": 16}.get(text[:2].lower(), 10))
        if node.tag == FLOAT:
            return float(re.sub(r"\.(?=inf|nan)", "", text.lower()))
    except ValueError:
        raise ValueError("not a number, or one with thousands of digits") from None
    raise ValueError(f"the tag {node.tag.replace(TAG, '!!')} is not supported; put text in quotes instead")


def _place(text: str, position: int) -> tuple[int, int]:
    return text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position)


def _find_depth(text: str, file: str) -> Problem | None:
    depth = 0
    for event in yaml.parse(text, _Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH and (mark := event.start_mark):
                return Problem(file, mark.line + 1, mark.column + 1, f"nested more than {MAX_DEPTH} levels deep")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return None


_ADVICE = (
    ("another document", "a second document begins here; one file holds one, so delete this line of dashes"),
    ("mapping values", "a colon where none can stand: put text that holds one in quotes, or check the indentation"),
    ("expected key", "this line's indentation fits nothing above it; line it up with its neighbours"),
    ("expected '-'", "this line is no item of the list that begins at line {begun}; check the indentation"),
    ("expected ',' or ']'", "the list that begins at line {begun} wants a comma or its closing ] here"),
    ("expected ',' or '}'", "the mapping that begins at line {begun} wants a comma or its closing } here"),
    ("end of stream", "the text that begins at line {begun} lacks its closing quote"),
    ("undefined alias", "an alias (*name) whose anchor (&name) is not above it; put text with a star in quotes"),
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
