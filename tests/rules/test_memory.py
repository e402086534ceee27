"""Rules with memory: what an admin writes becomes what the engine is told, and every slip is named at its place."""

import pickle
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.config.document import parse
from bot.model.memory import Count, First, Memory, Share, Spike, Steady, Total
from bot.model.prints import Print, Side
from bot.rules.rule import Rule, facts_needed, read_rules, rule_of

A_SORT = "dte = 0 or (side = ask and not (kind = split))"
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


def make(memory: dict[str, object], **keys: object) -> Rule:
    return rule_of({"name": "r", "when": {"side": "ask"}, "send_to": ["d"], **memory, **keys})


@pytest.mark.parametrize(
    ("written", "memory", "text"),
    [
        ({"count": {"at_least": 3, "within": "10m", "by": "contract"}}, Count(3, 10 * MINUTE, "contract"),
         "count at least 3 within 10m by contract"),
        ({"count": {"at_least": "2", "within": 90}}, Count(2, 90, "contract"),
         "count at least 2 within 90s by contract"),
        ({"total": {"premium": ">= 5M", "within": "15m", "by": "ticker"}}, Total(5e6, 15 * MINUTE, "ticker"),
         "total premium >= $5M within 15m by ticker"),
        ({"total": {"premium": "> 1234567", "within": "1.5h", "by": "rule"}}, Total(1_234_567, 5400, "rule", True),
         "total premium > $1,234,567 within 90m by rule"),
        ({"total": {"premium": "5M", "within": "30d"}}, Total(5e6, 30 * DAY),
         "total premium >= $5M within 30d by contract"),
        ({"total": {"premium": 250000, "within": "500ms"}}, Total(250_000, 0.5),
         "total premium >= $250K within 0.5s by contract"),
        ({"first": {"within": "5d", "by": "ticker"}}, First(5 * DAY, "ticker"), "first within 5d by ticker"),
        ({"spike": {"factor": 4, "window": "10m", "against": "1h", "by": "ticker"}},
         Spike(4, 10 * MINUTE, HOUR, "ticker", "premium"),
         "spike of premium to 4 times the usual in 10m against 1h by ticker"),
        ({"spike": {"factor": 2.5, "window": "1h", "against": "1h", "of": "premium", "min": "$1.5M"}},
         Spike(2.5, HOUR, HOUR, "contract", "premium", 1_500_000),
         "spike of premium to 2.5 times the usual in 1h against 1h, at least $1.5M, by contract"),
        ({"spike": {"factor": 4, "window": "10m", "against": "1d", "of": "count", "min": 20}},
         Spike(4, 10 * MINUTE, DAY, "contract", "count", 20),
         "spike of count to 4 times the usual in 10m against 1d, at least 20, by contract"),
        ({"share": {"of": {"side": "ask"}, "at_least": "70%", "within": "10m", "min_count": 20, "by": "ticker"}},
         Share("side = ask", 0.7, 10 * MINUTE, 20, "ticker"),
         "share of side = ask at least 70% within 10m, of 20 prints or more, by ticker"),
        ({"share": {"of": {"any": [{"dte": 0}, {"side": "ask", "not": {"kind": "split"}}]}, "at_least": 0.57,
                    "within": 1, "min_count": 2, "by": "rule"}},
         Share(A_SORT, 0.57, 1, 2, "rule"),
         f"share of {A_SORT} at least 57% within 1s, of 2 prints or more, by rule"),
        ({"share": {"of": {"dte": 0}, "at_least": 1, "within": "2h"}}, Share("dte = 0", 1.0, 2 * HOUR, 10),
         "share of dte = 0 at least 100% within 2h, of 10 prints or more, by contract"),
        ({"steady": {"every": "5m", "for": "60m", "by": "contract"}}, Steady(5 * MINUTE, HOUR),
         "steady every 5m for 1h by contract"),
    ],
)  # fmt: skip
def test_each_memory(written: dict[str, object], memory: Memory, text: str) -> None:
    remembering = make(written).route.remembering
    assert remembering is not None
    assert (remembering.memory, remembering.text) == (memory, text)
    assert remembering.id.startswith("r:")
    assert len(remembering.id) == len("r:") + 16
    assert (remembering.is_of is not None) is isinstance(memory, Share)


def test_silence() -> None:
    """Such a rule has no clauses; it is judged by the market's clock."""
    rule = rule_of({"name": "dead-feed", "silence": {"for": "10m"}, "send_to": ["d"]})
    assert (rule.when, rule.silence_s, rule.route.remembering) == (None, 600, None)
    assert rule.route.explain(Print(provider="p", ticker="NVDA", received_ns=1)) == ()
    assert facts_needed(rule) == frozenset()
    assert make({}).silence_s is None


def test_a_share_tells_its_sort() -> None:
    """Only what is surely of it counts."""
    remembering = make({"share": {"of": {"side": "ask"}, "at_least": "70%", "within": "10m"}}).route.remembering
    assert remembering is not None
    assert remembering.is_of is not None
    sides: tuple[Side | None, ...] = ("ask", "bid", None)
    prints = [Print(provider="p", ticker="NVDA", received_ns=1, side=side) for side in sides]
    assert [remembering.is_of(found) for found in prints] == [True, False, False]


def test_facts_that_a_memory_needs() -> None:
    assert facts_needed(make({"total": {"premium": "5M", "within": "1h"}})) == {"side", "premium"}
    assert facts_needed(make({"spike": {"factor": 2, "window": 1, "against": 2}})) == {"side", "premium"}
    assert facts_needed(make({"spike": {"factor": 2, "window": 1, "against": 2, "of": "count"}})) == {"side"}
    share: dict[str, object] = {"share": {"of": {"iv": "> 1"}, "at_least": "70%", "within": "10m"}}
    assert facts_needed(make(share)) == {"side", "iv"}


COUNT: dict[str, object] = {"count": {"at_least": 3, "within": "10m"}}


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        (make(COUNT), make({"count": {"within": 600, "at_least": 3, "by": "contract"}}), True),
        (make(COUNT), make(COUNT, cooldown="5m", priority="high", mention=["S0WHALES"]), True),
        (make(COUNT), make(COUNT, when={"side": ["ask"]}), True),
        (make(COUNT), make(COUNT, when={"side": "bid"}), False),
        (make(COUNT), make(COUNT, exclude={"dte": 0}), False),
        (make(COUNT), make(COUNT, name="other"), False),
        (make(COUNT), make({"count": {"at_least": 4, "within": "10m"}}), False),
        (make({"share": {"of": {"dte": list(range(20))}, "at_least": 0.5, "within": 9}}),
         make({"share": {"of": {"dte": [*range(19), 99]}, "at_least": 0.5, "within": 9}}), False),
        (make({"share": {"of": {"dte": 0}, "at_least": 0.5, "within": 9}}),
         make({"share": {"of": {"dte": 1}, "at_least": 0.5, "within": 9}}), False),
    ],
)  # fmt: skip
def test_what_is_remembered_holds_while_the_rule_says_the_same(one: Rule, other: Rule, is_same: bool) -> None:
    """The name, the clauses and the memory; not who is told, or how often."""
    ids = [rule.route.remembering.id for rule in (one, other) if rule.route.remembering]
    assert (ids[0] == ids[1]) is is_same


def test_an_id_is_the_same_in_another_process() -> None:
    """A restart finds what was remembered; hashes of text differ from process to process."""
    program = (
        "from tests.rules.test_memory import *; import pickle, sys\n"
        "rule = make(COUNT, when={'ticker': ['NVDA', 'SPY'], 'expiry': '> 2026-07-17'})\n"
        "sys.stdout.buffer.write(pickle.dumps(rule))"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, timeout=60).stdout
    theirs = pickle.loads(told)  # noqa: S301 ours
    ours = make(COUNT, when={"ticker": ["NVDA", "SPY"], "expiry": "> 2026-07-17"})
    assert isinstance(theirs, Rule)
    assert (theirs.settings, theirs.when) == (ours.settings, ours.when)
    assert theirs.route.remembering == ours.route.remembering


def test_every_rule_survives_pickle() -> None:
    """A configuration is read in another process."""
    share = make({"share": {"of": {"side": "ask"}, "at_least": "70%", "within": "10m"}})
    again = pickle.loads(pickle.dumps(share))  # noqa: S301 ours
    asked = Print(provider="p", ticker="NVDA", received_ns=1, side="ask")
    assert again.route.remembering.is_of(asked) is True
    assert again.route.explain(asked) == share.route.explain(asked)


@settings(max_examples=50, deadline=None)
@given(st.text("0123456789.%$kM<>= -", max_size=8))
def test_whatever_is_typed_is_read_or_refused(text: str) -> None:
    """Never another error, and no bound of nothing."""
    document = parse(f"r: {text!r}", "c.yaml", {})
    body = {"premium": document.at(("r",)), "within": "10m"}
    raw = [{"name": "r", "when": {"side": "ask"}, "send_to": ["d"], "total": body}]
    rules, problems = read_rules(raw, ("rules",), document)
    for rule in rules:
        assert isinstance(rule.route.remembering and rule.route.remembering.memory, Total)
    assert len(rules) + len(problems) == 1
