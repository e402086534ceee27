"""The JSON Schema of a whole file."""

from typing import Any

import jsonschema
import pytest
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from bot.config.names import Name
from bot.config.schema import Include, json_schema
from bot.config.units import Duration, SecretUrl, VendorUrl


class Inner(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    wait: Duration = Field(5, description="How long.")
    url: VendorUrl | None = None
    hook: SecretUrl | None = None


class Outer(BaseModel):
    inner: Inner


SECTIONS: dict[str, TypeAdapter[Any]] = {
    "one": TypeAdapter(Outer),
    "many": TypeAdapter(dict[Name, Inner]),
    "include": TypeAdapter(Include),
}
SCHEMA = json_schema(SECTIONS, title="t", required=["one"])


def test_it_is_of_the_2020_dialect_and_shares_models() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert list(SCHEMA["$defs"]) == ["Inner"] or set(SCHEMA["$defs"]) == {"Inner", "Outer"}
    assert SCHEMA["$defs"]["Inner"]["properties"]["wait"]["description"] == "How long."


@pytest.mark.parametrize(
    ("value", "is_valid"),
    [
        ({"one": {"inner": {"wait": "5m"}}}, True),
        ({"one": {"inner": {"wait": "${WAIT}", "url": "${URL}", "hook": "${HOOK}"}}}, True),
        ({"one": {"inner": {}}, "many": {"a-b": {"wait": 3}}}, True),
        ({"one": {"inner": {}}, "include": "rules/*.yaml"}, True),
        ({"one": {"inner": {}}, "include": ["rules.yaml", "desk/*.yaml"]}, True),
        ({"one": {"inner": {}}, "include": {"rules.yaml": True}}, False),
        ({"one": {"inner": {}}, "include": [5]}, False),
        ({"one": {"inner": {"wait": "5 mins"}}}, False),
        ({"one": {"inner": {"url": "example.com"}}}, False),
        ({"one": {"inner": {}}, "many": {"A B": {}}}, False),
        ({"one": {"inner": {"weight": 1}}}, False),
        ({"one": {"inner": {}}, "three": 1}, False),
        ({}, False),
    ],
)
def test_what_it_accepts(value: object, is_valid: bool) -> None:
    """The file as it is written, with its placeholders."""
    assert jsonschema.Draft202012Validator(SCHEMA).is_valid(value) is is_valid
