"""The JSON Schema of `when`: every field's accepted forms, for editors. The grammar alone decides what is accepted."""

from functools import cache
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, WithJsonSchema, create_model
from pydantic_core import core_schema

from bot.config.units import PLACEHOLDER
from bot.rules.vocabulary import FACTS, Fact

_NUMBER = r"^\s*(>=|<=|>|<|==|=|!=)?\s*-?\s*\$?\s*[0-9.][0-9.,_]*([eE][+-]?[0-9]+)?\s*[kKmMbB]?\s*%?\s*$"
_DATE = r"^\s*(>=|<=|>|<|==|=|!=)?\s*[0-9]{4}-[0-9]{2}-[0-9]{2}\s*$"


class WhenSchema:
    """Gives a field of type dict the JSON Schema of `when`."""

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return handler(_when().__pydantic_core_schema__)


@cache
def _when() -> type[BaseModel]:
    """A model that only describes: it nests as `when` does, so that pydantic writes the recursion down."""
    fields: dict[str, Any] = {
        fact.name: (Annotated[Any, WithJsonSchema(_forms(fact))], Field(None, description=fact.about))
        for fact in FACTS.values()
    }
    groups: dict[str, Any] = {
        "any": (list["When"], Field([], min_length=1, description="At least one of these must hold.")),  # type: ignore[name-defined]  # noqa: F821 the model being made
        "all": (list["When"], Field([], min_length=1, description="All of these must hold.")),  # type: ignore[name-defined]  # noqa: F821 the model being made
        "not": ("When", Field(None, description="This must not hold.")),
    }
    return create_model(
        "When",
        __config__=ConfigDict(extra="forbid", json_schema_extra={"minProperties": 1}),
        __doc__="Clauses, all of which must hold. A clause on a fact that the print lacks is neither true nor false.",
        **fields,
        **groups,
    )


def _forms(fact: Fact) -> dict[str, Any]:
    scalars = _scalars(fact)
    forms = [
        *scalars,
        {"type": "array", "minItems": 1, "description": "Any of these."},
        {
            "type": "object",
            "required": ["not"],
            "properties": {"not": {"description": "Any form; it must not hold."}},
            "additionalProperties": False,
        },
    ]
    if fact.kind != "text":
        limits = {"min": {"anyOf": scalars}, "max": {"anyOf": scalars}}
        forms.append({"type": "object", "minProperties": 1, "properties": limits, "additionalProperties": False})
    return {"anyOf": forms}


def _scalars(fact: Fact) -> list[dict[str, Any]]:
    if fact.kind == "number":
        return [{"type": "number"}, {"type": "string", "pattern": f"{_NUMBER}|{PLACEHOLDER}"}]
    if fact.kind == "date":
        return [{"type": "string", "pattern": f"{_DATE}|{PLACEHOLDER}"}]
    if fact.choices:  # the first for completion, the second for any case and other names
        return [{"enum": list(fact.choices)}, {"type": "string", "minLength": 1}]
    return [{"type": "string", "minLength": 1}]
