"""The retry policy as tables: what follows from each outcome, each look, each edit."""

import pytest

from bot.engine.decision import (
    MOST_EDIT_TRIES,
    MOST_LOOKS,
    Decision,
    OnUnknown,
    backoff_s,
    decide,
    decide_edit,
    decide_sight,
    is_recognised,
)
from bot.model.outcomes import (
    Absent,
    Blind,
    DestinationDead,
    EditOutcome,
    Gone,
    Outcome,
    Permanent,
    Retry,
    Sent,
    Sight,
    Unknown,
)

SENDS: list[tuple[Outcome, dict[str, object], Decision]] = [
    (Sent(), {}, Decision("settle")),
    (Retry("429", after_s=3.5, is_asked=True), {}, Decision("again", 3.5, counts=False)),
    (Retry("429", is_asked=True), {"failures": 9}, Decision("again", 1.0, counts=False)),
    (Retry("503"), {}, Decision("again", 1.0)),
    (Retry("503"), {"failures": 3}, Decision("again", 8.0)),
    (Retry("503"), {"failures": 30}, Decision("again", 60.0)),
    (Retry("503", after_s=90.0), {}, Decision("again", 90.0)),
    (Permanent("400"), {"alerts": 0}, Decision("settle")),
    (Permanent("400"), {"alerts": 1}, Decision("settle")),
    (Permanent("400"), {"alerts": 2}, Decision("split")),
    (DestinationDead("404"), {}, Decision("park", 300.0)),
    (DestinationDead("404"), {"failures": 1}, Decision("park", 600.0)),
    (DestinationDead("404"), {"failures": 9}, Decision("park", 3600.0)),
    (Unknown("reset"), {}, Decision("look", 2.0)),
    (Unknown("reset"), {"failures": 2}, Decision("look", 4.0)),
    (Unknown("reset"), {"is_recognised": True}, Decision("again", 1.0)),
    (Unknown("reset"), {"is_recognised": True, "failures": 2}, Decision("again", 4.0)),
]


@pytest.mark.parametrize(("outcome", "given", "expected"), SENDS)
def test_what_follows_an_attempt(outcome: Outcome, given: dict[str, object], expected: Decision) -> None:
    facts: dict[str, object] = {"failures": 0, "alerts": 1, "is_recognised": False, "jitter": 0.0}
    assert decide(outcome, **{**facts, **given}) == expected  # type: ignore[arg-type]  # a table of keywords


@pytest.mark.parametrize(
    ("age_s", "is_idempotent", "expected"),
    [(0.0, True, True), (119.0, True, True), (120.0, True, False), (0.0, False, False)],
)
def test_a_batch_id_is_recognised_for_two_minutes(age_s: float, is_idempotent: bool, expected: bool) -> None:
    assert is_recognised(age_s=age_s, is_idempotent=is_idempotent) is expected


SIGHTS: list[tuple[Sight, int, OnUnknown, Decision]] = [
    (Sent("m1"), 0, "resend", Decision("settle")),
    (Absent(), 0, "resend", Decision("again")),
    (Absent(), 0, "drop", Decision("again")),
    (Blind("webhook"), 0, "resend", Decision("again")),
    (Blind("webhook"), 0, "drop", Decision("drop")),
    (Retry("429", after_s=30.0, is_asked=True), MOST_LOOKS, "drop", Decision("look", 30.0, counts=False)),
    (Retry("503"), 0, "drop", Decision("look", 2.0)),
    (Retry("503"), 4, "drop", Decision("look", 16.0)),
    (Retry("503"), MOST_LOOKS - 1, "drop", Decision("drop")),
    (Retry("503"), MOST_LOOKS - 1, "resend", Decision("again")),
]


@pytest.mark.parametrize(("sight", "looks", "on_unknown", "expected"), SIGHTS)
def test_what_follows_a_look(sight: Sight, looks: int, on_unknown: OnUnknown, expected: Decision) -> None:
    assert decide_sight(sight, looks=looks, on_unknown=on_unknown, jitter=0.0) == expected


EDITS: list[tuple[EditOutcome, int, Decision]] = [
    (Sent("m1"), 0, Decision("settle")),
    (Gone("Unknown Message"), 0, Decision("settle")),
    (Permanent("400"), 0, Decision("settle")),
    (DestinationDead("403"), 0, Decision("settle")),
    (Retry("429", after_s=7.0, is_asked=True), MOST_EDIT_TRIES, Decision("again", 7.0, counts=False)),
    (Retry("503"), 0, Decision("again", 1.0)),
    (Retry("503", after_s=5.0), 0, Decision("again", 5.0)),
    (Unknown("timeout"), 2, Decision("again", 4.0)),
    (Unknown("timeout"), MOST_EDIT_TRIES - 1, Decision("settle")),
]


@pytest.mark.parametrize(("outcome", "failures", "expected"), EDITS)
def test_what_follows_an_edit(outcome: EditOutcome, failures: int, expected: Decision) -> None:
    assert decide_edit(outcome, failures=failures, jitter=0.0) == expected


def test_jitter_takes_away_at_most_half() -> None:
    assert (backoff_s(2, 0.0), backoff_s(2, 0.5), backoff_s(2, 1.0)) == (4.0, 3.0, 2.0)
