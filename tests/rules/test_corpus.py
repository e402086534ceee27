"""What docs/rules.md shows, and what admins get wrong: `check` and an editor with the JSON Schema agree on it."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import TypeAdapter

from bot.config.document import parse
from bot.config.schema import json_schema
from bot.rules.definitions import read_vocabulary
from bot.rules.rule import read_rules
from bot.rules.sections import Definitions, Lists, Watchlists
from bot.rules.settings import RuleSettings
from bot.rules.vocabulary import FACTS

GUIDE = (Path(__file__).parents[2] / "docs" / "rules.md").read_text()
SECTIONS = ("rules", "lists", "define", "watchlists")
BLOCKS = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)
NAMES = next(block for block in BLOCKS if block.startswith("lists:"))


@cache
def schema() -> dict[str, Any]:
    adapters: dict[str, TypeAdapter[Any]] = {
        "lists": TypeAdapter(Lists),
        "define": TypeAdapter(Definitions),
        "watchlists": TypeAdapter(Watchlists),
        "rules": TypeAdapter(list[RuleSettings]),
    }
    return json_schema(adapters, title="t")


def is_valid(value: object) -> bool:
    return jsonschema.Draft202012Validator(schema()).is_valid(value)


def told(text: str) -> tuple[object, list[str]]:
    """The file's value, and what `check` says about it."""
    document = parse(text, "c", {})
    vocabulary, problems = read_vocabulary(document)
    value = document.value
    assert isinstance(value, dict)
    _, others = read_rules(value.get("rules", []), ("rules",), document, vocabulary=vocabulary)
    return value, [str(problem) for problem in sorted([*document.problems, *problems, *others])]


def rule(keys: str) -> str:
    """A file with one rule of these keys, in the place of the usual ones."""
    fields = {"name": "name: r", "when": "when: {side: ask}", "send_to": "send_to: [d]"}
    if re.search(r"^silence:", keys, re.MULTILINE):
        del fields["when"]
    lines = [line for name, line in fields.items() if not re.search(rf"^{name}:", keys, re.MULTILINE)]
    body = "\n".join([*lines, keys.rstrip()]).replace("\n", "\n    ")
    return f"rules:\n  - {body}\n"


@pytest.mark.parametrize("block", BLOCKS)
def test_the_guide_is_right(block: str) -> None:
    """Every example in it is accepted, by an editor too."""
    text = block if block.startswith(SECTIONS) else rule(block)
    value, problems = told(text if text == NAMES else NAMES + text)
    assert problems == []
    assert is_valid(value)


def test_the_guide_knows_every_key() -> None:
    """Those of a rule, and those of its memory."""
    keys = set(RuleSettings.model_fields)
    described = set(re.findall(r"`([a-z_]+)`", GUIDE)) | set(re.findall(r"^### (\w+)", GUIDE, re.MULTILINE))
    assert keys <= described


NUMBERS = (
    "5", '"5"', '">= 5"', '"<5"', '"= 5"', '"!= 5"', '[1, "> 5"]', "{min: 1}", "{max: 5}", "{min: 1, max: 5}",
    "{between: [1, 5]}", "{not: 5}", "{not: [1, {min: 9}]}",
)  # fmt: skip
DATES = (
    "2026-07-17", '">= 2026-07-17"', "[2026-07-17, 2026-07-24]", "{min: 2026-07-17}",
    "{between: [2026-07-17, 2026-07-24]}", '{not: "< 2026-07-17"}',
)  # fmt: skip
CLOCKS = (
    '">= 15:30"', '"< 9:30"', '"> 09:30:15"', "{min: 09:30}", '{min: "09:30", max: 16:00}', '{not: ">= 15:30"}',
    '{between: ["09:30", 16:00]}', "{between: [16:00, 09:30]}", '["< 10:00", ">= 15:30"]',
)  # fmt: skip
FLAGS = ("true", "false", '"true"', '"False"', "{not: true}", '"!= true"', "[true, false]")
FORMS = {"number": NUMBERS, "date": DATES, "clock": CLOCKS, "flag": FLAGS}


@pytest.mark.parametrize(
    ("name", "form"), [(fact.name, form) for fact in FACTS.values() for form in FORMS.get(fact.kind, ())]
)
def test_every_form_of_every_fact(name: str, form: str) -> None:
    value, problems = told(rule(f"when: {{{name}: {form}}}"))
    assert problems == []
    assert is_valid(value)


@pytest.mark.parametrize(
    "choice",
    [(fact.name, choice) for fact in FACTS.values() for choice in fact.choices],
    ids=lambda pair: "-".join(pair),
)
def test_every_word(choice: tuple[str, str]) -> None:
    """In any case."""
    name, word = choice
    for form in (word, word.upper(), f'"= {word}"', f"[{word}]", f"{{not: {word}}}"):
        value, problems = told(rule(f"when: {{{name}: {form}}}"))
        assert problems == []
        assert is_valid(value)


def corpus(name: str) -> list[tuple[str, list[str]]]:
    """Snippets, and under each, behind `>>`, what check says from the place on; written by hand."""
    text = (Path(__file__).parent / "corpus" / f"{name}.txt").read_text()
    entries = re.findall(r"((?:^(?!>>|#).+\n)+)((?:^>> .+\n?)+)", text, re.MULTILINE)
    return [(keys, [f"c:{line.removeprefix('>> ')}" for line in told.splitlines()]) for keys, told in entries]


@pytest.mark.parametrize(("keys", "said"), corpus("rules"))
def test_a_broken_rule(keys: str, said: list[str]) -> None:
    """Each problem once, at its place; and an editor underlines it."""
    value, problems = told(rule(keys))
    assert problems == said
    assert not is_valid(value)


@pytest.mark.parametrize(("text", "said"), corpus("files"))
def test_a_broken_file(text: str, said: list[str]) -> None:
    value, problems = told(text)
    assert problems == said
    assert not is_valid(value)


@pytest.mark.parametrize(("keys", "said"), corpus("beyond_schema"))
def test_what_no_schema_can_tell(keys: str, said: list[str]) -> None:
    """One value against another, a name against the file; only check sees these."""
    assert told(rule(keys))[1] == said
