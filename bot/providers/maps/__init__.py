"""Maps that come with flowbot: one YAML file for each feed, read like any admin's own."""

from functools import cache
from pathlib import Path

from bot.config.check import check
from bot.config.document import read
from bot.flow.mapping.settings import MapSettings
from bot.model.errors import InputError

_FOLDER = Path(__file__).parent


def names() -> tuple[str, ...]:
    """What `map:` can name."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.yaml")))


@cache
def ready_map(name: str) -> MapSettings:
    """The map of that name. Raises KeyError where there is none, InputError where the file is broken."""
    if name not in names():
        raise KeyError(name)
    document = read(_FOLDER / f"{name}.yaml", {})
    found, problems = check(MapSettings, document.value, (), document)
    if found is None:
        raise InputError(*document.problems, *problems)
    return found
