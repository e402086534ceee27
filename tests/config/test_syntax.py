"""YAML as the core schema of YAML 1.2 reads it, and what is said where it is no YAML."""

import math

import pytest
import yaml

from bot.config.syntax import read_events, scalar
from bot.model.errors import Problem


def read_scalar(text: str) -> object:
    events = read_events(f"- {text}", "f.yaml")
    assert isinstance(events, list)
    (event,) = (event for event in events if isinstance(event, yaml.ScalarEvent))
    return scalar(event)


@pytest.mark.parametrize(
    "text",
    ["ON", "on", "off", "NO", "no", "Yes", "y", "16:00", "1:30:00", "0123", "00.5", "1_000", "2026-07-17", "1e", ".",
     "tRUE", "nULL"],
)  # fmt: skip
def test_words_that_yaml_1_1_would_change_stay_text(text: str) -> None:
    """ON is a ticker, 16:00 the close, 0123 somebody's id."""
    assert read_scalar(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1e6", 1_000_000.0), ("12", 12), ("-3", -3), ("+5", 5), ("0", 0), ("1.5", 1.5), (".5", 0.5), ("-.5", -0.5),
        ("5.", 5.0), ("2.5e-1", 0.25), ("0x1F", 31), ("0o17", 15), ("true", True), ("False", False), ("null", None),
        ("~", None), ("", None), (".inf", math.inf), ("-.INF", -math.inf), ('"12"', "12"), ("'true'", "true"),
        ("!!str 12", "12"), ("!!int '12'", 12),
    ],
)  # fmt: skip
def test_scalars_of_the_core_schema(text: str, expected: object) -> None:
    found = read_scalar(text)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    "text", ["!!python/object:os.system x", "!mine x", "!!binary eA==", "!!int x", "!!bool maybe", "9" * 5000]
)
def test_other_tags_and_misfits_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"tag|not a number"):
        read_scalar(text)


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("a: 1\n---\nb: 2\n", 2, 1, "a second document begins here; one file holds one, so delete this line of dashes"),
        ("a:\n\t- b\n", 2, 1, "a tab cannot indent YAML; use spaces"),
        ("a: b\n\tc: 1\n", 2, 1, "a tab cannot indent YAML; use spaces"),
        ("a: [1, 2\nb: 3", 2, 2, "the list that begins at line 1 wants a comma or its closing ] here"),
        ("a: {b: 1\n", 2, 1, "the mapping that begins at line 1 wants a comma or its closing } here"),
        ("é: 'x'\nb: \x01", 2, 4, "a file of YAML holds no character U+0001; delete it"),
        ('a: "x', 1, 6, "the text that begins at line 1 lacks its closing quote"),
        ("a: b: c", 1, 5, "a colon where none can stand: put text that holds one in quotes, or check the indentation"),
        ("a:\n  b: 1\n c: 2", 3, 2, "this line's indentation fits nothing above it; line it up with its neighbours"),
        ("- a\nb: 1", 2, 1, "this line is no item of the list that begins at line 1; check the indentation"),
        ("a: {b: ${X}}", 1, 9, "between [ ] or { }, put text with ${…} in quotes"),
        ("a: @x", 1, 4, "put text with @ in quotes"),
        ("[" * 100_000, 1, 65, "nested more than 64 levels deep"),
    ],
)  # fmt: skip
def test_what_is_no_yaml_is_reported_at_its_place(text: str, line: int, column: int, message: str) -> None:
    """Plain words, with the line and column of the fault; deep nesting is refused before anybody recurses."""
    assert read_events(text, "f.yaml") == Problem("f.yaml", line, column, message)


def test_an_empty_file_has_no_document() -> None:
    assert read_events("# only a comment\n", "f.yaml") == []
