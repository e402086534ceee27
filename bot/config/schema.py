"""Composes the JSON Schema of a whole file from the models of its sections."""

from collections.abc import Collection, Mapping
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_Path = Annotated[str, Field(min_length=1, description="A file, or a pattern such as rules/*.yaml.")]
Include = Annotated[
    _Path | list[_Path] | None,
    Field(
        description="Files whose sections belong to this one, such as rules/*.yaml; they begin at this file's folder."
    ),
]
"""The key `include`, which `bot.config.include` follows before anything else is checked."""


def json_schema(
    sections: Mapping[str, type | TypeAdapter[Any]], *, title: str, required: Collection[str] = ()
) -> dict[str, Any]:
    """The schema of a mapping with these sections and no others; models they share appear once, in `$defs`."""
    adapters = {
        name: section if isinstance(section, TypeAdapter) else TypeAdapter(section)
        for name, section in sections.items()
    }
    schemas, shared = TypeAdapter.json_schemas([(name, "validation", adapter) for name, adapter in adapters.items()])
    return {
        "$schema": DIALECT,
        "title": title,
        "type": "object",
        "properties": {name: schemas[name, "validation"] for name in adapters},
        "required": sorted(required),
        "additionalProperties": False,
        **shared,
    }
