"""The published vocabulary and the code say the same."""

import re
from pathlib import Path

from bot.flow.facts import ALIASES, Facts
from bot.model.prints import Print

PAGE = (Path(__file__).parents[2] / "docs" / "vocabulary.md").read_text(encoding="utf-8")
ROWS = {
    row[0]: row[3] for row in re.findall(r"^\| `(\w+)` \|(.*)\|(.*)\|(.*)\|$", PAGE.split("\n## ")[0], re.MULTILINE)
}


def test_every_fact_of_a_print_is_published() -> None:
    """What rules can ask for is in the table, and nothing else is."""
    inner = {
        "provider",
        "received_ns",
        "provider_id",
        "score_is_local",
        "score_parts",
        "notes",
        "is_recovered",
        "is_delayed",
    }
    assert set(ROWS) == set(Print.__struct_fields__) - inner


def test_every_alias_is_published() -> None:
    """In the order in which the reader believes them."""
    for name, aliases in ROWS.items():
        published = tuple(re.findall(r"`(\w+)`", aliases.split(";")[0]))
        read = ALIASES.get(name, ())
        flags = {"side": ("tags",), "kind": ("has_sweep",), "multi_leg": ("has_multileg",)}.get(name, ())
        assert published == read + flags, name


def test_the_reader_knows_every_fact() -> None:
    """A name in the table that `Facts` lacks would never be read; some are ours alone to derive."""
    derived = {"session", "time_of_day", "opening", "multi_leg"}
    assert {*ROWS, *ALIASES} - set(Facts.__struct_fields__) == derived
