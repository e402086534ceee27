"""What had accumulated, in a trader's words: on the card, in `explain`, and as facts for programs."""

from typing import Any

import msgspec
import pytest

from bot.model.alerts import Alert, Clause, Delivery, Explanation, RuleHit
from bot.model.memory import Contribution, Evidence
from bot.render import payload
from bot.render.card import card
from bot.render.evidence import contribution_lines, evidence_line
from bot.render.explanation import explain_text
from bot.render.look import Look
from tests.render.samples import HOSTILE_TEXT, NOW_NS, NVDA, RECEIVED_NS, SECOND, batch

SEEN = Evidence("count at least 3 within 10m by contract", 7, 6_200_000.0, 580.0)
FIRST = Evidence("first within 5d by ticker", 1, 2_400_000.0, 0.0, quiet_s=5 * 86_400.0)


def seen(**changes: Any) -> Evidence:
    return msgspec.structs.replace(SEEN, **changes)


def alert(*hits: tuple[str, Evidence | None]) -> Alert:
    why = (Clause("premium >= $500K", "$2.4M", verdict=True),)
    return Alert("a1b2c3d4", NVDA, tuple(RuleHit(rule, why, evidence) for rule, evidence in hits), RECEIVED_NS)


def lines(*hits: tuple[str, Evidence | None], rules: tuple[str, ...] = ()) -> tuple[str, ...]:
    """What follows the facts on the card."""
    delivery = Delivery(alert(*hits), "room", rules or tuple(rule for rule, _ in hits))
    return card(delivery, Look(), NOW_NS).lines[3:]


# --- the line ---


@pytest.mark.parametrize(
    ("evidence", "line"),
    [
        (SEEN, "7 prints, $6.2M, in 9m40s"),
        (seen(share=0.82, of="side = ask"), "7 prints, $6.2M, 82 % at ask, in 9m40s"),
        (seen(share=0.7, of="kind in sweep, block"), "7 prints, $6.2M, 70 % kind in sweep, block, in 9m40s"),
        (seen(share=1.0, of="side = bid"), "7 prints, $6.2M, 100 % at bid, in 9m40s"),
        (seen(share=0.29, of=None), "7 prints, $6.2M, 29 %, in 9m40s"),
        (seen(share=0.9999, of="side = mid"), "7 prints, $6.2M, 99 % at mid, in 9m40s"),
        (seen(premium_usd=0.0, count=1234, span_s=3600.0), "1,234 prints, in 1h"),
        (seen(count=1, span_s=0.0), "1 print, $6.2M"),
        (seen(count=2, span_s=0.2), "2 prints, $6.2M, at once"),
        (FIRST, "first in 5d or more"),
        (seen(factor=4.3, usual=1_441_860.5), "4.3× the usual $1.4M: 7 prints, $6.2M, in 9m40s"),
        (seen(factor=3.5, usual=2.0), "3.5× the usual 2 prints: 7 prints, $6.2M, in 9m40s"),
        (seen(factor=None, usual=0.0), "none is usual: 7 prints, $6.2M, in 9m40s"),
    ],
)
def test_what_accumulated_in_one_line(evidence: Evidence, line: str) -> None:
    assert evidence_line(evidence) == line


def test_a_sort_of_many_words_stays_short_and_on_its_line() -> None:
    line = evidence_line(seen(share=0.8, of="ticker in\n" + "NVDA, " * 100))
    assert line.isprintable()
    assert len(line) < 110


# --- the card ---


def test_one_rule_needs_no_name() -> None:
    assert lines(("busy", SEEN)) == ("Rule: busy", "7 prints, $6.2M, in 9m40s")


def test_among_several_rules_each_line_says_whose_it_is() -> None:
    assert lines(("busy", SEEN), ("big", None), ("new", FIRST)) == (
        "Rules: busy, big, new",
        "busy: 7 prints, $6.2M, in 9m40s",
        "new: first in 5d or more",
    )


def test_a_room_is_told_of_its_own_rules_only() -> None:
    assert lines(("busy", SEEN), ("new", FIRST), rules=("new",)) == ("Rule: new", "first in 5d or more")


def test_a_card_has_room_for_a_few_of_many() -> None:
    shown = lines(*((f"rule-{n}", FIRST) for n in range(7)))
    assert shown[1:] == (*(f"rule-{n}: first in 5d or more" for n in range(5)), "and what 2 more rules saw")


# --- explain ---

PRINTS = (
    Contribution(RECEIVED_NS - 580 * SECOND, "NVDA 145C 7/17", 950_000.0, 500, "ask"),
    Contribution(RECEIVED_NS - 60 * SECOND, HOSTILE_TEXT, None, None, None),
    Contribution(RECEIVED_NS, "NVDA 145C 7/17", 2_400_000.0, 1200, "bid"),
)


def test_explain_lists_the_prints_the_newest_last() -> None:
    told = explain_text(Explanation(alert(("busy", seen(prints=PRINTS))), ()), NOW_NS).splitlines()
    begins = told.index("rule busy")
    assert told[begins : begins + 4] == [
        "rule busy",
        "  ✓ premium >= $500K  ($2.4M)",
        "  ✓ count at least 3 within 10m by contract  (7 prints, $6.2M, in 9m40s)",
        "    10:21:25 ET  NVDA 145C 7/17 · 500 contracts · $950K · @ASK",
    ]
    assert told[begins + 4].startswith("    10:30:05 ET  @everyone ")
    assert told[begins + 5 : begins + 8] == [
        "    10:31:05 ET  NVDA 145C 7/17 · 1,200 contracts · $2.4M · @BID",
        "    and 4 more before them",
        "",
    ]
    assert all(line.isprintable() for line in told)


def test_explain_says_nothing_more_where_all_are_listed() -> None:
    assert list(contribution_lines(seen(count=1, prints=PRINTS[:1]), NOW_NS)) == [
        "10:21:25 ET  NVDA 145C 7/17 · 500 contracts · $950K · @ASK"
    ]
    assert list(contribution_lines(seen(count=2, prints=PRINTS[:1]), NOW_NS))[-1] == "and 1 more before it"


# --- programs ---


def test_a_program_gets_the_facts() -> None:
    shown = seen(share=0.82, of="side = ask", prints=PRINTS[:1])
    body = msgspec.json.decode(payload.body(batch(Delivery(alert(("busy", shown), ("big", None)), "room", ("busy",)))))
    ((why),) = body["alerts"][0]["why"]
    assert why["evidence"] == {
        "text": "count at least 3 within 10m by contract",
        "count": 7,
        "premium": 6_200_000.0,
        "span_s": 580.0,
        "share": 0.82,
        "of": "side = ask",
        "factor": None,
        "usual": None,
        "quiet_s": None,
        "prints": [
            {
                "time": "2026-06-26T14:21:25Z",
                "title": "NVDA 145C 7/17",
                "premium": 950_000.0,
                "size": 500,
                "side": "ask",
            }
        ],
    }
