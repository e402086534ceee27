"""A map as an admin writes it: every form is read, and every flaw is told at its line and column, all at once."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter

from bot.config.check import check
from bot.config.document import Document, parse
from bot.flow.mapping.reading import Map
from bot.flow.mapping.settings import FACTS, MapSettings
from bot.model.errors import Problem
from bot.model.prints import Print

NS = 1_784_217_600_000_000_000


def checked(text: str) -> tuple[MapSettings | None, list[str]]:
    """What the map in `text` is, and its problems in file order."""
    document: Document = parse(text, "config.yaml", {"HIDDEN": "planted-secret"})
    problems: list[Problem]
    found, problems = check(MapSettings, document.value, (), document, what='map "m"')
    return found, [str(problem) for problem in sorted([*problems, *document.problems])]


def fact(source: object, record: object, name: str = "side") -> Any:
    """What the field `name` becomes, read from `source`."""
    map_ = Map(MapSettings.model_validate({"fields": {"ticker": {"constant": "SPY"}, name: source}}))
    (found,) = map_.read(json.dumps(record), NS, "p")
    assert isinstance(found, Print), found
    return getattr(found, name)


@pytest.mark.parametrize(
    ("name", "source", "record", "expected"),
    [
        ("size", "n", {"n": "12"}, 12),
        ("size", "a.b[1]", {"a": {"b": [1, 12]}}, 12),
        ("size", ["a", "b", "c"], {"b": None, "c": 12}, 12),  # null is not there
        ("size", ["a", "b"], {"a": "", "b": 12}, 12),  # nor is an empty text
        ("open_interest", ["a", "b"], {"a": 0, "b": 12}, 0),  # but a zero is
        ("size", ["a", 3], {}, 3),
        ("size", 3, {}, 3),
        ("size", {"constant": 3}, {}, 3),
        ("size", "n / 100", {"n": 1200}, 12),
        ("strike", "s / 1000", {"s": "145500"}, 145.5),
        ("kind", {"constant": "Sweeps"}, {}, "sweep"),  # any word that we know
        ("side", {"from": "s", "map": {"BUY": "ask", "SELL": "bid"}}, {"s": "SELL"}, "bid"),
        ("side", {"from": "s", "map": {"BUY": "ask", "SELL": "bid"}}, {"s": " sell "}, "bid"),
        ("side", {"from": "s", "map": {"BUY": "ask"}}, {"s": "CROSS"}, None),
        ("side", {"from": "s", "map": {"BUY": "ask"}, "else": "mid"}, {"s": "CROSS"}, "mid"),
        ("side", {"from": "s", "map": {"BUY": "ask"}, "else": "mid"}, {}, None),  # no word is no other word
        ("side", {"from": "s", "map": {"1": "ask", "2": "bid"}}, {"s": 2}, "bid"),
        ("side", {"from": "s", "map": {"true": "ask", "false": "bid"}}, {"s": False}, "bid"),
        ("side", {"from": "s", "map": {"BUY": "ask"}}, {"s": {"BUY": 1}}, None),
        ("side", {"from": ["s", "t"], "map": {"BUY": "ask"}}, {"t": "BUY"}, "ask"),
        ("side", [{"from": "s", "map": {"BUY": "ask"}}, "t"], {"s": "?", "t": "bid"}, "bid"),
        ("side", {"from": "tags", "map": {"bid_side": "bid", "ask_side": "ask"}}, {"tags": ["x", "ask_side"]}, "ask"),
        ("side", {"from": "tags", "map": {"b": "bid", "a": "ask"}}, {"tags": ["a", "b"]}, "bid"),  # the map's order
        ("side", {"from": "tags", "map": {"bid_side": "bid"}}, {"tags": [None, 5, {}]}, None),
        ("kind", {"flags": {"f": "sweep", "g": "block"}}, {"f": False, "g": True}, "block"),
        ("kind", {"flags": {"f": "sweep", "g": "block"}}, {"f": 1, "g": True}, "sweep"),
        ("kind", {"flags": {"f": "sweep"}}, {"f": "Yes"}, "sweep"),
        ("kind", {"flags": {"f": "sweep"}}, {"f": "no"}, None),
        ("kind", {"flags": {"f": "sweep"}}, {"f": []}, None),
        ("iv", {"from": "v", "unit": "percent"}, {"v": "45"}, 0.45),
        ("iv", {"from": "v", "unit": "fraction"}, {"v": 5.2}, 5.2),  # 520 %: the size never tells
        ("otm_pct", {"from": "v", "unit": "fraction"}, {"v": 0.05}, 5.0),
        ("otm_pct", {"from": "v", "unit": "percent"}, {"v": -5}, -5.0),
    ],
)  # fmt: skip
def test_every_form_of_a_source(name: str, source: object, record: object, expected: object) -> None:
    """Paths, aliases, constants, words, tags, flags and units."""
    assert fact(source, record, name) == expected


@pytest.mark.parametrize(
    ("unit", "sent"),
    [
        ("s", 1784217599.9),
        ("ms", 1784217599900),
        ("ms", "1784217599900"),
        ("us", 1784217599900000),
        ("ns", 1784217599900000000),
        ("ns", "1784217599900000000"),
        ("iso", "2026-07-16T15:59:59.900Z"),
        ("iso", "2026-07-16 11:59:59.9-04:00"),
    ],
)
def test_units_of_time(unit: str, sent: object) -> None:
    """All of these are the same moment, to the microsecond."""
    assert fact({"from": "t", "unit": unit}, {"t": sent}, "time").isoformat() == "2026-07-16T15:59:59.900000+00:00"


@pytest.mark.parametrize(
    ("unit", "sent"),
    [
        ("s", 1784217599900), ("ms", 1784217599), ("ns", 12), ("s", "soon"), ("s", "nan"), ("s", []), ("s", True),
        ("ms", 10**39), ("ms", "9" * 100), ("iso", 1784217599), ("iso", "1784217599"), ("iso", "soon"),
    ],
)  # fmt: skip
def test_a_time_of_another_unit_is_refused(unit: str, sent: object) -> None:
    """A stated unit is kept to: the size does not tell then."""
    map_ = Map(MapSettings.model_validate({"fields": {"ticker": "s", "time": {"from": "t", "unit": unit}}}))
    (found,) = map_.read(json.dumps({"s": "SPY", "t": sent}), NS, "p")
    assert str(found).startswith("bad_date: ")


GOOD = """
about: a feed
records: data.items[]
only: {ev: T, "$.v": [1, 2], occ(sym): {present: true}}
skip: {cancel: true}
cancels: {bust: true}
fields: {ticker: sym}
"""


def test_a_whole_map_is_read() -> None:
    """Each section in its place."""
    found, problems = checked(GOOD)
    assert problems == []
    assert found is not None
    assert str(found.records) == "data.items[]"
    assert [str(condition.source) for condition in found.only] == ["ev", "$.v", "occ(sym)"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "fields: {ticker: t, premuim: p}",
            '1:21: unknown field "premuim" in fields of map "m"; did you mean "premium"?',
        ),
        (
            "fields: {ticker: t}\nskipp: {a: b}",
            '2:1: unknown field "skipp"; did you mean "skip"?',
        ),
        (
            "records: a",
            '1:1: missing field "fields"',
        ),
        (
            "fields: {premium: p}",
            '1:1: map "m": fields must say where the ticker is, or the option_symbol, from which it follows',
        ),
        (
            "fields: {}",
            (
                '1:9: fields of map "m": expected a mapping of our names to where they stand, such as premium: '
                "total_premium, got a mapping"
            ),
        ),
        (
            "fields: {ticker: a b}",
            '1:18: fields.ticker of map "m": character 3: an operator, such as * or +, is missing',
        ),
        (
            'fields: {ticker: ""}',
            (
                '1:18: fields.ticker of map "m": expected a path into the frame or an expression, such as price '
                'or price * size * 100, got ""'
            ),
        ),
        (
            "fields: {ticker: }",
            (
                '1:18: fields.ticker of map "m": expected a path into the frame or an expression, such as price '
                "or price * size * 100, got nothing"
            ),
        ),
        (
            "fields: {ticker: t, size: []}",
            (
                '1:27: fields.size of map "m": expected 1 to 100 sources, the first of which that is there '
                "counts, got a list"
            ),
        ),
        (
            "fields: {ticker: t, size: [a, 'b *']}",
            '1:31: fields.size[1] of map "m": character 4: a path, a number or ( is missing',
        ),
        (
            "fields: {ticker: t, size: [[[[[[a]]]]]]}",
            '1:32: fields.size[0][0][0][0][0] of map "m": nested more than 4 levels deep',
        ),
        (
            "fields: {ticker: t, side: {form: s}}",
            '1:28: unknown field "form" in fields.side of map "m"; did you mean "from"?',
        ),
        (
            "fields: {ticker: t, side: {map: {a: ask}}}",
            (
                '1:27: fields.side of map "m": expected from (with map, else or unit if need be), or flags or '
                "constant alone, got a mapping"
            ),
        ),
        (
            "fields: {ticker: t, side: {from: s, map: {BUY: aks}}}",
            '1:48: fields.side.map.BUY of map "m": expected ask, bid or mid, got "aks"',
        ),
        (
            "fields: {ticker: t, side: {from: s, map: {}}}",
            (
                '1:42: fields.side.map of map "m": expected a mapping of 1 to 100 words, such as {BUY: ask, '
                "SELL: bid}, got a mapping"
            ),
        ),
        (
            "fields: {ticker: t, side: {from: s, else: ask}}",
            '1:43: fields.side.else of map "m": else belongs to a map of words; for another source write a list',
        ),
        (
            "fields: {ticker: t, kind: {flags: {'f(': sweep}}}",
            (
                '1:42: fields.kind.flags.f( of map "m": character 1: unknown function "f"; known: et, '
                "et_date_ms, join and occ"
            ),
        ),
        (
            "fields: {ticker: t, size: {constant: many}}",
            '1:38: fields.size.constant of map "m": no value of size (bad_number)',
        ),
        (
            "fields: {ticker: t, side: 5}",
            '1:27: fields.side of map "m": expected ask, bid or mid, got 5',
        ),
        (
            "fields: {ticker: t, time: {from: x, unit: sec}}",
            '1:43: fields.time.unit of map "m": unknown unit; known: iso, ms, ns, s and us',
        ),
        (
            "fields: {ticker: t, iv: {from: x, unit: 5}}",
            '1:41: fields.iv.unit of map "m": expected percent or fraction, got 5',
        ),
        (
            "fields: {ticker: t, strike: {from: x, unit: ms}}",
            '1:45: fields.strike.unit of map "m": strike has one unit only; write an expression, such as strike / 1000',
        ),
        (
            "records: a * 2\nfields: {ticker: t}",
            '1:10: records of map "m": expected a path alone, such as data, [1] or data[], got "a * 2"',
        ),
        (
            "records: a[][]\nfields: {ticker: t}",
            "1:10: records of map \"m\": character 2: a [ that begins neither [0] nor ['key']",
        ),
        (
            "records: 5\nfields: {ticker: t}",
            '1:10: records of map "m": expected a path, such as data, [1] or data[], got 5',
        ),
        (
            "only: {'a b': 1}\nfields: {ticker: t}",
            '1:15: only.a b of map "m": character 3: an operator, such as * or +, is missing',
        ),
        (
            "only: {a: {presnt: true}}\nfields: {ticker: t}",
            (
                '1:11: only.a of map "m": expected a value, a list of values, or {present: true} or {present: '
                "false}, got a mapping"
            ),
        ),
        (
            "skip: {a: }\nfields: {ticker: t}",
            (
                '1:11: skip.a of map "m": expected a value, a list of values, or {present: true} or {present: '
                "false}, got nothing"
            ),
        ),
        (
            "skip: [a]\nfields: {ticker: t}",
            '1:7: skip of map "m": expected a mapping of at most 20 paths to values, such as {ev: T}, got a list',
        ),
    ],
)
def test_a_flaw_is_told_at_its_place(text: str, problem: str) -> None:
    """file:line:col, what is wrong, and what was meant."""
    found, problems = checked(text)
    assert found is None
    assert problems == [f"config.yaml:{problem}"]


def test_every_flaw_is_told_at_once() -> None:
    """An admin wants to see all of them."""
    _, problems = checked(
        "only: {'a b': 1}\nfields:\n  tickr: t\n  size: [a, 'b *']\n  side: {from: s, map: {B: aks}}\n"
    )
    assert [problem.split(": ")[0] for problem in problems] == [
        "config.yaml:1:15", "config.yaml:3:3", "config.yaml:4:13", "config.yaml:5:28",
    ]  # fmt: skip


def test_no_flaw_shows_a_secret() -> None:
    """Whatever the admin put into the wrong place."""
    _, problems = checked("fields: {ticker: t, side: {constant: '${HIDDEN}'}, size: '${HIDDEN} x'}")
    assert len(problems) == 2
    assert "planted" not in "".join(problems)


def test_the_schema_describes_what_is_accepted() -> None:
    """Editors complete every name, and a good map is good there too."""
    schema = TypeAdapter(MapSettings).json_schema()
    assert tuple(schema["properties"]["fields"]["properties"]) == FACTS
    validator = Draft202012Validator(schema)
    assert validator.is_valid(parse(GOOD, "m.yaml", {}).value)
    assert not validator.is_valid({"fields": {"ticker": "t", "premuim": "p"}})
    assert not validator.is_valid({"fields": {"ticker": "t", "time": {"from": "x", "unit": "sec"}}})
