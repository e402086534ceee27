"""The JSON Schema of clauses: every field's accepted forms, for editors. The grammar alone decides what is accepted."""

from functools import cache
from typing import Annotated, Any, Union

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, WithJsonSchema, create_model
from pydantic_core import core_schema

from bot.config.names import NAME_PATTERN
from bot.config.units import CLOCK_PATTERN, PLACEHOLDER
from bot.rules.vocabulary import FACTS, Fact

_ORDER = r"^\s*(>=|<=|>|<)\s*"
_OPERATOR = r"^\s*(>=|<=|>|<|==|=|!=)?\s*"
_NUMBER = r"-?\s*\$?\s*[0-9.][0-9.,_]*([eE][+-]?[0-9]+)?\s*[kKmMbB]?\s*%?\s*$"
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}\s*$"
_CLOCK = CLOCK_PATTERN.removeprefix("^")

_DEFINITION = {"type": "string", "pattern": NAME_PATTERN, "description": "The name of a definition: see define."}
_Definition = Annotated[str, WithJsonSchema(_DEFINITION)]

Schema = dict[str, Any]


class ClausesSchema:
    """Gives a field of type Any the JSON Schema of `when`, or of the name of a definition in its place."""

    def __get_pydantic_json_schema__(self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler) -> Schema:
        return {"anyOf": [handler(_when().__pydantic_core_schema__), dict(_DEFINITION)]}


@cache
def _when() -> type[BaseModel]:
    """A model that only describes: it nests as `when` does, so that pydantic writes the recursion down."""
    fields: dict[str, Any] = {
        fact.name: (Annotated[Any, WithJsonSchema(_forms(fact))], Field(None, description=fact.about))
        for fact in FACTS.values()
    }
    clauses = Union["When", _Definition]  # type: ignore[name-defined]  # noqa: F821 the model being made
    names = _Definition | Annotated[list[_Definition], Field(min_length=1)]
    groups: dict[str, Any] = {
        "any": (list[clauses], Field([], min_length=1, description="At least one of these must hold.")),
        "all": (list[clauses], Field([], min_length=1, description="All of these must hold.")),
        "not": (clauses, Field(None, description="This must not hold.")),
        "use": (names, Field(None, description="Definitions whose clauses count as if they stood here: see define.")),
    }
    return create_model(
        "When",
        __config__=ConfigDict(extra="forbid", json_schema_extra={"minProperties": 1}),
        __doc__="Clauses, all of which must hold. A clause on a fact that the print lacks is neither true nor false.",
        **fields,
        **groups,
    )


def _forms(fact: Fact) -> Schema:
    """Everything that may stand behind the fact's name."""
    forms = [
        *_scalars(fact),
        {"type": "array", "minItems": 1, "description": "Any of these."},
        _object({"not": {"description": "Any form; it must not hold."}}, required=["not"]),
    ]
    if fact.is_ordered:
        value = {"anyOf": _values(fact)}
        forms.append(
            _object({"min": {**value, "description": "At least."}, "max": {**value, "description": "At most."}})
        )
        ends = {"type": "array", "minItems": 2, "maxItems": 2, "items": value, "description": _between(fact)}
        forms.append(_object({"between": ends}, required=["between"]))
    return {"anyOf": forms}


def _between(fact: Fact) -> str:
    if fact.kind == "clock":
        return 'From the first to before the second, past midnight if that is earlier: ["09:30", "16:00"].'
    return "From the first to the second, both included."


def _object(properties: Schema, *, required: list[str] | None = None) -> Schema:
    return {
        "type": "object",
        "minProperties": 1,
        "properties": properties,
        "additionalProperties": False,
        **({"required": required} if required else {}),
    }


def _scalars(fact: Fact) -> list[Schema]:
    """A value, or a comparison with one."""
    if fact.kind == "number":
        return [{"type": "number"}, _text(_OPERATOR + _NUMBER)]
    if fact.kind == "date":
        return [_text(_OPERATOR + _DATE)]
    if fact.kind == "clock":
        return [_text(_ORDER + _CLOCK)]
    if fact.kind == "flag":
        return [{"type": "boolean"}, _text(r"^\s*(==|=|!=)?\s*([tT][rR][uU][eE]|[fF][aA][lL][sS][eE])\s*$")]
    if fact.choices:  # the first for completion, the second for any case, other names, and those of lists
        return [{"enum": list(fact.choices)}, {"type": "string", "minLength": 1}]
    return [{"type": "string", "minLength": 1}]


def _values(fact: Fact) -> list[Schema]:
    """One end of a range."""
    if fact.kind == "number":
        return [{"type": "number"}, _text(r"^\s*" + _NUMBER)]
    return [_text(CLOCK_PATTERN if fact.kind == "clock" else r"^\s*" + _DATE)]


def _text(pattern: str) -> Schema:
    return {"type": "string", "pattern": f"{pattern}|{PLACEHOLDER}"}
