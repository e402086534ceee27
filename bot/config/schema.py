"""Composes the JSON Schema of a whole file from the models of its sections."""

from collections.abc import Collection, Mapping
from typing import Any

from pydantic import TypeAdapter

DIALECT = "https://json-schema.org/draft/2020-12/schema"


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
