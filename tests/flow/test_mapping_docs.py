"""The page about maps says what is so: its examples are read, and its table shows what comes out."""

import json
import re
from pathlib import Path

from bot.config.check import check
from bot.config.document import parse
from bot.flow.facts import Facts
from bot.flow.mapping.explain import explain_frame
from bot.flow.mapping.expressions import FUNCTIONS
from bot.flow.mapping.reading import Map
from bot.flow.mapping.settings import MapSettings
from bot.providers.mapped_settings import MappedSettings
from bot.providers.maps import names

PAGE = (Path(__file__).parents[2] / "docs" / "maps.md").read_text(encoding="utf-8")
NS = 1_784_217_600_000_000_000
KEYS = dict.fromkeys(("UNUSUAL_WHALES_KEY", "MASSIVE_KEY", "TRADIER_KEY", "HOUSE_KEY"), "fake")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)


def test_the_worked_example_comes_out_as_shown() -> None:
    """Frame, map and table belong together."""
    document = parse(blocks("yaml")[0], "docs/maps.md", {})
    found, problems = check(MapSettings, document.value, (), document)
    assert problems == []
    assert found is not None
    told = explain_frame(Map(found), json.dumps(json.loads(blocks("json")[0])), NS)
    assert told == blocks("text")[0].splitlines()


def test_every_provider_that_is_shown_is_accepted() -> None:
    """Copied from the page, it works."""
    document = parse(blocks("yaml")[1], "docs/maps.md", KEYS)
    assert document.problems == ()
    providers = document.at(("providers",))
    assert isinstance(providers, dict)
    for name, settings in providers.items():
        assert check(MappedSettings, settings, ("providers", name), document)[1] == []


def test_every_word_of_the_language_is_on_the_page() -> None:
    """Maps, functions, names and settings."""
    words = {*names(), *Facts.__struct_fields__, *MapSettings.model_fields, *MappedSettings.model_fields}
    assert [word for word in sorted(words) if f"`{word}`" not in PAGE and f"`{word}:" not in PAGE] == []
    assert all(f"`{function}(" in PAGE for function in FUNCTIONS)
