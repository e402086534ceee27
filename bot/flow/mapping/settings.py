"""A map as an admin writes it. Reading it finds every flaw at once, each at its place in the file."""

from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from bot.config.units import PLACEHOLDER
from bot.flow.facts import Facts
from bot.flow.mapping.expressions import Path
from bot.flow.mapping.forms import UNITS, Flaw, read_expression, read_source
from bot.flow.mapping.sources import Source, Written

FACTS: tuple[str, ...] = Facts.__struct_fields__
"""What a map can fill: the print vocabulary, and what prints are derived from."""

MAX_CONDITIONS = 20
_EACH = "[]"


class Records(NamedTuple):
    """Where in a frame the records are that become prints."""

    path: Path
    is_list: bool
    """Every item of the list there is one; a lone object in the list's place is one, too."""

    def __str__(self) -> str:
        return f"{self.path}{_EACH if self.is_list else ''}" or "the whole frame"


class Condition(NamedTuple):
    """One clause of only, skip or cancels."""

    source: Written
    values: frozenset[tuple[bool, object]]
    """Each with whether it is true or false: to Python, 1 is true."""
    is_present: bool | None = None
    """Asks whether there is a value at all, whatever it is."""


Conditions = tuple[Condition, ...]


def _refuse(flaws: list[Flaw]) -> ValidationError:
    """Pydantic puts our paths behind its own, so that `bot.config.check` finds the line and the column."""
    details = [
        InitErrorDetails(
            type=PydanticCustomError("map", "{message}", {"message": message}) if message else "extra_forbidden",
            loc=path,
            input=None,
        )
        for path, message in flaws
    ]
    return ValidationError.from_exception_data("map", details)


def _read_records(raw: object) -> Records:
    if isinstance(raw, Records):
        return raw
    if not isinstance(raw, str):
        raise ValueError("expected a path, such as data, [1] or data[]")  # noqa: TRY004 pydantic reports ValueError
    text = raw.strip()
    is_list = text.endswith(_EACH)
    text = text.removesuffix(_EACH)
    expression = read_expression(text).expression if text else Path(())
    if not isinstance(expression, Path):
        raise ValueError("expected a path alone, such as data, [1] or data[]")  # noqa: TRY004 as above
    return Records(expression, is_list)


def _read_path(raw: object) -> Path:
    expression = read_expression(raw).expression
    if not isinstance(expression, Path):
        raise ValueError("expected a path alone, such as stream.sessionid")  # noqa: TRY004 as above
    return expression


def _read_fields(raw: object) -> dict[str, Source]:
    if not isinstance(raw, Mapping) or not raw:
        raise ValueError("expected a mapping of our names to where they stand, such as premium: total_premium")
    flaws: list[Flaw] = []
    fields: dict[str, Source] = {}
    for name, value in raw.items():
        if name not in FACTS:
            flaws.append(Flaw((name,), ""))
            continue
        source, found = read_source(name, value)
        flaws += [Flaw((name, *flaw.path), flaw.message) for flaw in found]
        if source is not None:
            fields[name] = source
    if flaws:
        raise _refuse(flaws)
    return fields


def read_conditions(raw: object) -> Conditions:
    """Clauses such as {ev: T, status: [ok, connected], occ(symbol): {present: true}}. Raises ValueError."""
    if not isinstance(raw, Mapping) or len(raw) > MAX_CONDITIONS:
        raise ValueError(f"expected a mapping of at most {MAX_CONDITIONS} paths to values, such as {{ev: T}}")
    flaws: list[Flaw] = []
    conditions = []
    for text, value in raw.items():
        try:
            conditions.append(_condition(read_expression(text), value))
        except ValueError as error:
            flaws.append(Flaw((text,), str(error)))
    if flaws:
        raise _refuse(flaws)
    return tuple(conditions)


def _condition(source: Written, raw: object) -> Condition:
    if isinstance(raw, Mapping):
        if set(raw) != {"present"} or not isinstance(raw["present"], bool):
            raise ValueError("expected a value, a list of values, or {present: true} or {present: false}")
        return Condition(source, frozenset(), raw["present"])
    values = raw if isinstance(raw, list) else [raw]
    if not values or not all(isinstance(value, (str, int, float)) for value in values):
        raise ValueError("expected a value, a list of values, or {present: true} or {present: false}")
    return Condition(source, frozenset((isinstance(value, bool), value) for value in values))


_EXPRESSION_SCHEMA = {"type": "string", "minLength": 1, "description": "A path into the frame, or an expression."}


def _source_schema(fact: str) -> dict[str, Any]:
    table = {"type": "object", "minProperties": 1, "additionalProperties": {"type": ["string", "number", "boolean"]}}
    properties: dict[str, Any] = {
        "from": {"description": "Where it stands: an expression, or a list of them."},
        "map": {**table, "description": "The feed's words and ours; of a list, the first that is in it."},
        "else": {"type": ["string", "number", "boolean"], "description": "For a word that the map lacks."},
        "flags": {**table, "description": "Flags and the word for each; the first that is up counts."},
        "constant": {"type": ["string", "number", "boolean"], "description": "The same for every print."},
    }
    if fact in UNITS:
        choices = {"anyOf": [{"enum": list(UNITS[fact])}, {"type": "string", "pattern": PLACEHOLDER}]}
        properties["unit"] = {**choices, "description": "The unit in which the feed tells it."}
    words = fact.replace("_", " ")
    return {
        "description": f"Where the print's {words} stands in the frame; docs/vocabulary.md tells what it is.",
        "anyOf": [
            _EXPRESSION_SCHEMA,
            {"type": ["number", "boolean"], "description": "The same for every print."},
            {"type": "array", "minItems": 1, "description": "The first of these that is there."},
            {"type": "object", "properties": properties, "additionalProperties": False, "minProperties": 1},
        ],
    }


def _object(properties: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": dict(properties), "additionalProperties": False, **more}


_CONDITIONS_SCHEMA = {
    "type": "object",
    "maxProperties": MAX_CONDITIONS,
    "additionalProperties": {
        "anyOf": [
            {"type": ["string", "number", "boolean"]},
            {"type": "array", "minItems": 1, "items": {"type": ["string", "number", "boolean"]}},
            _object(
                {"present": {"type": "boolean", "description": "Whether it must be there, whatever it says."}},
                required=["present"],
            ),
        ]
    },
}

# Without a serializer of their own, the schema of a whole configuration would show how they are made inside.
RecordsPath = Annotated[
    Records,
    PlainValidator(_read_records),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "description": "A path, or a path[]."}),
]
JsonPath = Annotated[
    Path,
    PlainValidator(_read_path),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "minLength": 1, "description": "A path."}),
]
ConditionMap = Annotated[Any, PlainValidator(read_conditions), WithJsonSchema(_CONDITIONS_SCHEMA)]
FieldMap = Annotated[
    Any,
    PlainValidator(_read_fields),
    WithJsonSchema(_object({name: _source_schema(name) for name in FACTS}, minProperties=1)),
]


class MapSettings(BaseModel):
    """How the frames of one feed become prints."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    about: str = Field("", description="For people: the feed, and where its format is documented.")
    records: RecordsPath = Field(
        "",
        validate_default=True,
        description="Where the prints are in a frame: a path; with [] behind it, each item of the list there.",
    )
    only: ConditionMap = Field((), description="What a record must be, all of it; others are passed over in silence.")
    skip: ConditionMap = Field((), description="Records of which any of this is true are passed over in silence.")
    cancels: ConditionMap = Field((), description="Records of which any of this is true withdraw an earlier print.")
    fields: FieldMap = Field(description="Our name of a fact -> where it stands.")

    @model_validator(mode="after")
    def _names_its_underlying(self) -> Self:
        if not {"ticker", "option_symbol"} & set(self.fields):
            raise ValueError("fields must say where the ticker is, or the option_symbol, from which it follows")
        return self
