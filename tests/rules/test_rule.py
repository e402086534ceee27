"""Rules out of a file: what an admin writes becomes rules and routes, and every problem has its place."""

import jsonschema
import pytest
from pydantic import TypeAdapter

from bot.config.document import Document, parse
from bot.config.schema import json_schema
from bot.model.errors import InputError
from bot.model.prints import Print
from bot.rules.clauses import All, Compare
from bot.rules.explain import judge
from bot.rules.index import RuleIndex
from bot.rules.names import Vocabulary
from bot.rules.rule import Rule, explain, facts_needed, read_rules, rule_of, sent_to, watch_rule
from bot.rules.settings import RuleSettings

FAKE = "planted-fake-secret-51423"

GOOD = """\
rules:
  - name: extreme-sweeps
    when:
      score: ">= 85"
      premium: ">= 500k"
      side: ask
      kind: [sweep, block]
      sector: {not: [Utilities]}
      dte: {min: 0, max: 30}
      any:
        - {otm_pct: "<= 10"}
        - {vol_oi: "> 5"}
    send_to: [whale-room, desk, desk]
    cooldown: 5m
    cooldown_by: ticker
    priority: high
    mention: ["123456789012345678", 223456789012345678, S0WHALES]
  - name: on
    when: {ticker: ON, score: '> ${FLOOR}'}
    send_to: [desk]
"""


def load(text: str, **variables: str) -> tuple[tuple[Rule, ...], list[str]]:
    document = parse(text, "c.yaml", variables)
    rules, problems = read_rules(rules_of(document), ("rules",), document, destinations=["whale-room", "desk"])
    return rules, [str(problem) for problem in sorted([*document.problems, *problems])]


def rules_of(document: Document) -> object:
    return document.value["rules"] if isinstance(document.value, dict) else None


def test_good_rules() -> None:
    """Settings, route, match, explanation and needs of a rule that says much, and of one that says little."""
    (sweeps, on), problems = load(GOOD, FLOOR="50")
    assert problems == []
    route = sweeps.route
    assert (route.rule, route.send_to, route.priority) == ("extreme-sweeps", ("whale-room", "desk"), "high")
    assert route.mentions == ("123456789012345678", "223456789012345678", "S0WHALES")
    assert (route.cooldown_s, route.cooldown_by) == (300, "ticker")
    assert (on.route.cooldown_s, on.route.cooldown_by, on.route.priority, on.route.mentions) == (
        0,
        "contract",
        "normal",
        (),
    )

    big = Print(provider="p", ticker="ON", received_ns=1, score=90.0, premium=6e5, side="ask", kind="sweep", dte=3,
                sector="Energy", vol_oi=6.0)  # fmt: skip
    match = RuleIndex.of((rule.name, rule.when, rule) for rule in (sweeps, on) if rule.when).match
    assert match(big) == (sweeps, on)
    assert match(Print(provider="p", ticker="ON", received_ns=1, score=51.0)) == (on,)
    assert route.explain(big) == explain(sweeps, big)
    assert [clause.verdict for clause in explain(on, big)] == [True, True]
    assert facts_needed(sweeps) == {"score", "premium", "side", "kind", "sector", "dte"}
    assert sweeps.name == "extreme-sweeps"


def test_every_problem_at_its_place() -> None:
    """All of them at once, and the good rule beside the bad ones is still read."""
    rules, problems = load(
        """\
rules:
  - name: whales
    when:
      premuim: ">= 500k"
      score: high
      any:
        - side: buy
        - {}
      dte: {min: 30, max: 0}
      ticker: [NVDA, true]
      iv: ${NOPE}
    send_to: [desk, whale-rom]
    cooldown: 5 mins
    cooldown_by: tickers
    mention: ["@everyone", "@here", S0WHALES, 5e3]
    priorty: high
  - name: whales
    when: {}
    send_to: []
  - name: Bad Name
    when: [score]
    send_to: desk
  - send_to: [desk]
  - just text
  - name: fine
    when: {score: 5}
    send_to: [desk]
"""
    )
    assert [rule.name for rule in rules] == ["fine"]
    a_duration = "expected a duration: seconds, or a number with ms, s, m, h or d, such as 30s, 5m or 1.5h"
    a_ticker = "expected a ticker, such as NVDA or BRK.B"
    a_mention = "expected a Discord role id (digits) or a Slack id (S…, U… or W…); nothing else ever pings"
    clauses = "expected clauses, such as score: '>= 85', or the name of a definition"
    a_name = "expected a name of at most 40 small letters, digits, - and _, with no - or _ in front"
    assert problems == [
        'c.yaml:4:7: unknown field "premuim" in rule "whales"; did you mean "premium"?',
        'c.yaml:5:14: when.score of rule "whales": expected a number, such as 30 or 1.5k, got "high"',
        'c.yaml:7:17: when.any[0].side of rule "whales": expected ask, bid or mid, got "buy"',
        'c.yaml:8:11: when.any[1] of rule "whales": there is no clause here, so every print would match',
        'c.yaml:9:7: when.dte of rule "whales": min is above max, so nothing would match',
        f'c.yaml:10:22: when.ticker[1] of rule "whales": {a_ticker}; put it in quotes, got true',
        "c.yaml:11:11: the variable NOPE is not set; set it in the environment or in .env beside this file",
        'c.yaml:12:21: unknown destination "whale-rom" in rule "whales"; did you mean "whale-room"?',
        f'c.yaml:13:15: cooldown of rule "whales": {a_duration}, got "5 mins"',
        'c.yaml:14:18: cooldown_by of rule "whales": expected contract, ticker or rule, got "tickers"',
        f'c.yaml:15:15: mention[0] of rule "whales": {a_mention}, got "@everyone"',
        f'c.yaml:15:28: mention[1] of rule "whales": {a_mention}, got "@here"',
        'c.yaml:15:47: mention[3] of rule "whales": expected text, got 5000.0; put it in quotes',
        'c.yaml:16:5: unknown field "priorty" in rule "whales"; did you mean "priority"?',
        'c.yaml:17:11: two rules are called "whales"; the first is at c.yaml:2:11',
        'c.yaml:18:5: when of rule "whales": there is no clause here, so every print would match',
        'c.yaml:19:14: send_to of rule "whales": expected a list that is not empty',
        f'c.yaml:20:11: name of rule "Bad Name": {a_name}, got "Bad Name"',
        f'c.yaml:21:11: when of rule "Bad Name": {clauses}, got a list',
        'c.yaml:22:14: send_to of rule "Bad Name": expected a list, got text',
        'c.yaml:23:5: missing field "name" in rule 4',
        'c.yaml:23:5: missing field "when" in rule 4',
        "c.yaml:24:5: rule 5: expected a mapping, got text",
    ]  # fmt: skip


def test_what_is_excluded() -> None:
    """Where any of its clauses holds; one on a missing fact is unknown, and then nothing fires."""
    body = {"name": "r", "when": {"side": "ask"}, "exclude": {"dte": 0, "ticker": ["SPY", "QQQ"]}, "send_to": ["desk"]}
    when = rule_of(body).when
    assert when is not None

    def verdict(ticker: str, dte: int | None) -> bool | None:
        return judge(when, Print(provider="p", ticker=ticker, received_ns=1, side="ask", dte=dte))

    assert [verdict("NVDA", 1), verdict("NVDA", 0), verdict("SPY", None), verdict("NVDA", None)] == [
        True,
        False,
        False,
        None,
    ]


def test_the_same_rule_sent_elsewhere() -> None:
    (sweeps, _), _ = load(GOOD, FLOOR="50")
    elsewhere = sent_to(sweeps, ["terminal", "terminal"])
    assert (elsewhere.route.send_to, elsewhere.settings.send_to) == (("terminal",), ["terminal", "terminal"])
    assert (elsewhere.when, elsewhere.route.cooldown_s, elsewhere.name) == (sweeps.when, 300, sweeps.name)
    remembers = rule_of({"name": "r", "when": {"side": "ask"}, "first": {"within": "1d"}, "send_to": ["desk"]})
    assert sent_to(remembers, ["terminal"]).route.remembering == remembers.route.remembering


def test_a_rule_that_a_command_made() -> None:
    """Its name is none that YAML allows, and no file has a place for its problems."""
    rule = watch_rule("watch:7", '{"when": {"ticker": "nvda", "premium": ">= 1M"}, "send_to": ["desk"]}', ["desk"])
    assert (rule.name, rule.route.rule, rule.route.send_to) == ("watch:7", "watch:7", ("desk",))
    assert rule.when == All((Compare("ticker", "==", "NVDA"), Compare("premium", ">=", 1e6)))
    counting = '{"when": {"side": "ask"}, "count": {"at_least": 2, "within": "1h"}, "send_to": ["desk"]}'
    remembering = watch_rule("watch:8", counting).route.remembering
    assert remembering is not None
    assert remembering.id.startswith("watch:8:")


@pytest.mark.parametrize(
    ("body", "messages"),
    [
        ('{"when": {"scor": 5, "side": "buy"}, "send_to": ["dsk"]}',
         ['unknown field "scor" in watch:7; did you mean "score"?',
          'when.side of watch:7: expected ask, bid or mid, got "buy"',
          'unknown destination "dsk" in watch:7; did you mean "desk"?']),
        ('{"send_to": ["desk"]}', ['missing field "when" in watch:7']),
        ("[]", ["watch:7: expected a rule in JSON"]),
        ("{", ["watch:7: expected a rule in JSON"]),
    ],
)  # fmt: skip
def test_a_command_made_it_wrong(body: str, messages: list[str]) -> None:
    """All problems, in words."""
    with pytest.raises(InputError) as caught:
        watch_rule("watch:7", body, ["desk"])
    assert sorted(problem.message for problem in caught.value.problems) == sorted(messages)


def test_a_rule_that_uses_what_is_broken() -> None:
    with pytest.raises(InputError, match="this rule uses what has a problem itself"):
        rule_of({"name": "r", "when": "whale", "send_to": ["d"]}, Vocabulary(definitions={"whale": None}))


def test_rules_that_are_no_list() -> None:
    assert load("rules: {a: 1}\n") == ((), ["c.yaml:1:8: rules: expected a list, got a mapping"])


@pytest.mark.parametrize(
    "line",
    ["name: ${KEY}", "when: {score: '${KEY}'}", "when: {score: '>= ${KEY}'}", "when: {side: '${KEY}'}",
     "when: {any: ['${KEY}']}", "when: {ticker: ['${KEY}']}", "when: {expiry: {min: '${KEY}'}}", "when: '${KEY}'",
     "send_to: ['${KEY}']", "cooldown: ${KEY}", "mention: ['${KEY}']", "priority: ${KEY}", "zebra: ${KEY}"],
)  # fmt: skip
def test_a_planted_secret_is_in_no_message(line: str) -> None:
    """Wherever in a rule a secret is put by mistake."""
    fields = {"name": "name: n", "when": "when: {score: x}", "send_to": "send_to: [desk]"}
    fields[line.split(":")[0]] = line
    lines = list(fields.values())
    _, problems = load("rules:\n  - " + "\n    ".join(lines) + "\n", KEY=FAKE.upper())
    assert problems
    assert not any(FAKE.upper()[i : i + 9] in problem for problem in problems for i in range(len(FAKE) - 8))


def test_the_schema_accepts_what_the_grammar_accepts() -> None:
    """Editors see every field's forms, recursion too."""
    schema = json_schema({"rules": TypeAdapter(list[RuleSettings])}, title="t")
    validator = jsonschema.Draft202012Validator(schema)
    validator.check_schema(schema)
    assert list(validator.iter_errors(parse(GOOD, "c", {"FLOOR": "1"}).value)) == []
    nested = {"not": {"any": [{"all": [{"score": {"not": [1, "> 5"]}}]}]}}
    rule = {"name": "n", "when": nested, "send_to": ["d"]}
    assert validator.is_valid({"rules": [rule]})
    wrong: list[dict[str, object]] = [
        {"premuim": 1}, {"score": "high"}, {"any": []}, {"any": [{"x": 1}]}, {"not": {"x": 1}}, {"expiry": "7/17"}, {},
    ]  # fmt: skip
    for bad in wrong:
        assert not validator.is_valid({"rules": [{**rule, "when": bad}]}), bad
    assert "underlying" in schema["$defs"]["When"]["properties"]["ticker"]["description"]
