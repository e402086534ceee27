"""The names that an admin gives to providers, destinations and rules: they label metrics and commands."""

import re
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

from bot.config.document import Document
from bot.config.tree import PathTo
from bot.model.errors import Problem

NAME_PATTERN = r"^[a-z0-9][a-z0-9_-]{0,39}$"

_NAME = re.compile(NAME_PATTERN)


def parse_name(text: str) -> str:
    """`text` itself. Raises ValueError where it cannot be a name."""
    if not _NAME.fullmatch(text):
        raise ValueError("expected a name of at most 40 small letters, digits, - and _, with no - or _ in front")
    return text


def check_name(name: str, path: PathTo, document: Document) -> list[Problem]:
    """The problem, if any, with the key at `path` as a name."""
    try:
        parse_name(name)
    except ValueError as error:
        return [document.problem(path, f'"{name}": {error}', at_key=True)]
    return []


# Inside `allOf`, for pydantic turns a key's own pattern into `patternProperties`, which lets other names pass.
Name = Annotated[
    str,
    AfterValidator(parse_name),
    WithJsonSchema({"type": "string", "allOf": [{"pattern": NAME_PATTERN}]}),
]
