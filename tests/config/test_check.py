"""Every problem of a section in plain words, at the right line and column, with no secret in it."""

from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, field_validator

from bot.config.check import check, check_type
from bot.config.document import Document, parse
from bot.config.names import Name, check_name
from bot.config.units import Duration, Money, SecretUrl, VendorUrl
from bot.model.secret import Secret

FAKE = "planted-fake-secret-51423"

A_DURATION = "expected a duration: seconds, or a number with ms, s, m, h or d, such as 30s, 5m or 1.5h"
A_NAME = "expected a name of at most 40 small letters, digits, - and _, with no - or _ in front"
AN_ENCRYPTED_URL = "expected https:// or wss://; http:// and ws:// are for this machine only (localhost, 127.x.x.x)"
FIELDS = "active_hours, backlog, digest, footer, hook, least, max_age, notify, pace, ratio and token"


class Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Pulse(Strict):
    type: Literal["radarpulse"]
    api_key: Secret
    ws_url: VendorUrl = "wss://api.example.com/"


class Whales(Strict):
    type: Literal["optionwhales"]
    api_key: Secret
    tickers: list[str] = []


class Pace(Strict):
    per_minute: int


class Hours(Strict):
    start: str = Field(alias="from")
    to: str


class Delivery(Strict):
    max_age: Duration = 120
    least: Money = 0
    pace: Literal["auto", "none"] | Pace = "auto"
    backlog: int = Field(50, ge=1)
    ratio: float = 1
    digest: bool = True
    notify: list[str] = Field(default=["a"], min_length=1)
    footer: str = Field("x", min_length=1, max_length=5)
    active_hours: Hours | None = None
    token: Secret | None = None
    hook: SecretUrl | None = None

    @field_validator("footer")
    @classmethod
    def no_shouting(cls, footer: str) -> str:
        if footer.isupper():
            raise ValueError(f"do not shout {footer}")
        return footer


PROVIDERS: TypeAdapter[object] = TypeAdapter(
    dict[Name, Annotated[Pulse | Whales, Field(discriminator="type")]],
)


def delivery(text: str, **variables: str) -> list[str]:
    """The problems of a `delivery:` section with this text, each with its place."""
    document = parse(f"delivery:\n{text}", "c.yaml", variables)
    return problems(Delivery, "delivery", document)


def problems(model: type | TypeAdapter[object], section: str, document: Document) -> list[str]:
    assert isinstance(document.value, dict)
    adapter = model if isinstance(model, TypeAdapter) else TypeAdapter[object](model)
    _, found = check(adapter, document.value[section], (section,), document)
    return [str(problem) for problem in sorted([*document.problems, *found])]


def test_what_is_right_becomes_the_settings() -> None:
    """Text from placeholders is converted like any other."""
    document = parse("delivery:\n  max_age: 5m\n  backlog: ${N}\n  pace: {per_minute: 30}\n", "c", {"N": "7"})
    assert isinstance(document.value, dict)
    found, wrong = check(Delivery, document.value["delivery"], ("delivery",), document)
    assert wrong == []
    assert found == Delivery(max_age=300, backlog=7, pace=Pace(per_minute=30))


@pytest.mark.parametrize(
    ("line", "place", "message"),
    [
        ("max_age: 5 mins", "2:12", f'delivery.max_age: {A_DURATION}, got "5 mins"'),
        ("least: -5", "2:10", "delivery.least: expected an amount that is finite and not negative, got -5"),
        ("pace: fast", "2:9", 'delivery.pace: expected auto, none or a mapping, got "fast"'),
        ("pace: [1]", "2:9", "delivery.pace: expected auto, none or a mapping, got a list"),
        ("pace: {per_minut: 3, per_minute: 4}", "2:10",
         'unknown field "per_minut" in delivery.pace; did you mean "per_minute"?'),
        ("pace: {}", "2:3", 'missing field "per_minute" in delivery.pace'),
        ("backlog: lots", "2:12", 'delivery.backlog: expected a whole number, got "lots"'),
        ("backlog: 1.5", "2:12", "delivery.backlog: expected a whole number, got 1.5"),
        ("backlog: 0", "2:12", "delivery.backlog: expected at least 1, got 0"),
        ("backlog:", "2:11", "delivery.backlog: expected a whole number, got nothing"),
        ("ratio: [2]", "2:10", "delivery.ratio: expected a number, got a list"),
        ("digest: maybe", "2:11", 'delivery.digest: expected true or false, got "maybe"'),
        ("notify: desk", "2:11", "delivery.notify: expected a list, got text"),
        ("notify: []", "2:11", "delivery.notify: expected a list that is not empty"),
        ("notify: [a, 5]", "2:15", "delivery.notify[1]: expected text, got 5; put it in quotes"),
        ("footer: ''", "2:11", "delivery.footer: expected text that is not empty"),
        ("footer: abcdef", "2:11", 'delivery.footer: expected at most 5 characters, got "abcdef"'),
        ("footer: LOUD", "2:11", "delivery.footer: do not shout LOUD"),
        ("active_hours: {from: 09:25}", "2:3", 'missing field "to" in delivery.active_hours'),
        ("active_hours: {form: 09:25, to: x}", "2:18",
         'unknown field "form" in delivery.active_hours; did you mean "from"?'),
        ("zebra: 1", "2:3", f'unknown field "zebra" in delivery; known: {FIELDS}'),
        ("max-age: 5m", "2:3", 'unknown field "max-age" in delivery; did you mean "max_age"?'),
    ],
)  # fmt: skip
def test_one_problem(line: str, place: str, message: str) -> None:
    """The value's place for a bad value, the key's for an unknown key, the parent's key for a missing one."""
    found = delivery(f"  {line}\n")
    assert f"c.yaml:{place}: {message}" in found
    assert len(found) == (2 if "form:" in line else 1)


def test_all_problems_at_once() -> None:
    """Syntax-level problems and those of the model come together."""
    found = delivery("  backlog: lots\n  backlog: 3\n  digets: true\n  token: ${NOPE}\n  max_age: ${WAIT}\n", WAIT="x")
    assert found == [
        'c.yaml:2:12: delivery.backlog: expected a whole number, got "lots"',
        'c.yaml:3:3: duplicate key "backlog"; it stands first at line 2',
        'c.yaml:4:3: unknown field "digets" in delivery; did you mean "digest"?',
        "c.yaml:5:10: the variable NOPE is not set; set it in the environment or in .env beside this file",
        "c.yaml:6:12: the value that comes from ${WAIT} is not accepted here",
    ]


def test_a_value_that_could_not_be_filled_in_is_one_problem() -> None:
    """The unset variable is reported; that its placeholder is no number is not."""
    assert [line.split(": ", 1)[1] for line in delivery("  backlog: ${NOPE}\n")] == [
        "the variable NOPE is not set; set it in the environment or in .env beside this file"
    ]


def test_a_variable_that_is_there_and_empty_is_named() -> None:
    """The first thing that a newcomer sees: .env is copied from the example and not yet filled in."""
    assert [line.split(": ", 1)[1] for line in delivery("  backlog: ${NOPE}\n", NOPE="")] == [
        "the variable NOPE is empty; set it in the environment or in .env beside this file"
    ]


def test_members_of_a_union_by_type() -> None:
    """The chosen member alone speaks; an unknown type suggests, a missing one lists."""
    document = parse(
        "providers:\n"
        "  radar: {type: radarpulse, api_key: 5, tickers: [A]}\n"
        "  whales: {type: optionwhale, api_key: x}\n"
        "  none: {api_key: x}\n"
        "  text: radarpulse\n"
        "  Bad Name: {type: optionwhales, api_key: x}\n",
        "c.yaml",
        {},
    )
    assert problems(PROVIDERS, "providers", document) == [
        "c.yaml:2:38: providers.radar.api_key: expected text, got a number; put it in quotes",
        'c.yaml:2:41: unknown field "tickers" in providers.radar; known: api_key, type and ws_url',
        'c.yaml:3:18: unknown type "optionwhale" in providers.whales; did you mean "optionwhales"?',
        'c.yaml:4:3: missing field "type" in providers.none: one of optionwhales or radarpulse',
        "c.yaml:5:9: providers.text: expected a mapping, got text",
        f"c.yaml:6:3: providers.Bad Name: {A_NAME}",
    ]


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("p: {type: replay}", "replay", None),
        ("p: {type: repaly}", None, 'c.yaml:1:11: unknown type "repaly" in p; did you mean "replay"?'),
        ("p: {type: x}", None, 'c.yaml:1:11: unknown type "x" in p; known: replay and webhook'),
        ("p: {type: 5}", None, "c.yaml:1:11: unknown type in p; known: replay and webhook, got 5"),
        ("p: {}", None, 'c.yaml:1:1: missing field "type" in p: one of replay or webhook'),
        ("p: token", None, "c.yaml:1:4: p: expected a mapping with a type: replay or webhook, got text"),
        ("p: {type: '${T}'}", None,
         "c.yaml:1:11: unknown type in p; known: replay and webhook (the value comes from ${T})"),
    ],
)  # fmt: skip
def test_the_type_of_a_section(text: str, kind: str | None, message: str | None) -> None:
    """For sections whose models are loaded only when their type is named."""
    document = parse(text, "c.yaml", {"T": FAKE})
    assert isinstance(document.value, dict)
    found, wrong = check_type(document.value["p"], ("p",), document, ["webhook", "replay"])
    assert (found, [str(problem) for problem in wrong]) == (kind, [message] if message else [])


def test_a_name_of_ones_own() -> None:
    document = parse("a-1_b: 1\n-a: 2\n" + "x" * 41 + ": 3\n", "c", {})
    assert check_name("a-1_b", ("a-1_b",), document) == []
    assert [str(p).split(": ")[0] for p in check_name("-a", ("-a",), document)] == ["c:2:1"]
    assert len(check_name("x" * 41, ("x" * 41,), document)) == 1


def test_what_names_the_thing_in_messages() -> None:
    document = parse("- {max_age: x, zebra: 1}", "c", {})
    assert isinstance(document.value, list)
    _, found = check(Delivery, document.value[0], (0,), document, what='destination "desk"')
    assert [problem.message.split(";")[0].split(": expected")[0] for problem in found] == [
        'max_age of destination "desk"',
        'unknown field "zebra" in destination "desk"',
    ]


def test_nothing_is_said_about_a_file_that_is_no_yaml() -> None:
    """Its one problem is known already."""
    assert check(Delivery, None, (), parse("a: [", "c", {})) == (None, [])


@pytest.mark.parametrize("field", ["max_age", "least", "pace", "backlog", "ratio", "digest", "notify", "footer", "hook",
                                   "active_hours", "token", "zebra"])  # fmt: skip
def test_a_planted_secret_is_in_no_message(field: str) -> None:
    """Whatever field a secret is put in by mistake, even one whose validator repeats its value."""
    secret = FAKE.upper()
    found = delivery(f"  {field}: ${{KEY}}\n", KEY=secret)
    assert field == "token" or found
    assert not any(secret[i : i + 9] in line for line in found for i in range(len(secret) - 8))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (f"hook: http://example.com/{FAKE}", f"delivery.hook: {AN_ENCRYPTED_URL}, got text"),
        ("token: 123456789", "delivery.token: expected text, got a number; put it in quotes"),
        (f"token: [{FAKE}]", "delivery.token: expected text, got a list"),
        (f"active_hours: {FAKE}", "delivery.active_hours: expected a mapping, got text"),
    ],
)  # fmt: skip
def test_a_secret_written_into_the_file_is_not_repeated(line: str, message: str) -> None:
    """Secret fields are never quoted, nor text where a section was expected."""
    assert [text.split(": ", 1)[1] for text in delivery(f"  {line}\n")] == [message]
