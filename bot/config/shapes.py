"""What a settings model says about the value at a path: its fields, its choices, whether it is secret.

Reads the model's JSON Schema, the one description that aliases, unions and annotated types all pass through.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter

from bot.config.tree import child

Schema = Mapping[str, Any]


class Shapes:
    """The schemas of one model, found by path."""

    def __init__(self, adapter: TypeAdapter[Any]) -> None:
        self._root: Schema = adapter.json_schema()

    def at(self, path: Sequence[str | int], value: object) -> list[Schema]:
        """The schemas that may describe what is at `path` of `value`; several where the model has a union there."""
        shapes = self._open(self._root, value)
        for step in path:
            try:
                value = child(value, step)
            except KeyError:
                value = None
            shapes = [leaf for shape in shapes for leaf in self._open(_step(shape, step), value)]
        return shapes

    def fields(self, path: Sequence[str | int], value: object) -> list[str]:
        return [name for shape in self.at(path, value) for name in shape.get("properties", ())]

    def tags(self, path: Sequence[str | int], field: str) -> list[str]:
        """The constants that `field` may hold at `path`."""
        found = (shape.get("properties", {}).get(field, {}).get("const") for shape in self.at(path, None))
        return [tag for tag in found if tag]

    def is_open(self, path: Sequence[str | int], value: object) -> bool:
        """Whether the value at `path` is known and no secret, so that a message may quote it."""
        shapes = self.at(path, value)
        return bool(shapes) and not any(shape.get("writeOnly") for shape in shapes)

    def _open(self, shape: Schema | None, value: object) -> list[Schema]:
        """References followed, unions spread out; members that carry another tag than `value` fall away."""
        if shape is None:
            return []
        if "$ref" in shape:
            return self._open(self._root["$defs"][shape["$ref"].rpartition("/")[2]], value)
        branches = [branch for kind in ("anyOf", "oneOf", "allOf") for branch in shape.get(kind, ())]
        if branches and "properties" not in shape:
            opened = [leaf for branch in branches for leaf in self._open(branch, value)]
            return [{**leaf, "writeOnly": True} for leaf in opened] if shape.get("writeOnly") else opened
        return [shape] if _has_tag(shape, value) else []


def _has_tag(shape: Schema, value: object) -> bool:
    if not isinstance(value, Mapping):
        return True
    return all(
        value[name] == field["const"]
        for name, field in shape.get("properties", {}).items()
        if "const" in field and name in value
    )


def _step(shape: Schema, step: str | int) -> Schema | None:
    if isinstance(step, int):
        found = shape.get("items")
    else:
        others = [*shape.get("patternProperties", {}).values(), shape.get("additionalProperties")]
        found = shape.get("properties", {}).get(step, others[0])
    return found if isinstance(found, Mapping) else None
