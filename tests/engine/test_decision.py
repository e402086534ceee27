"""The retry policy as a table: what follows from each outcome."""

import pytest

from bot.engine.decision import Decision, backoff_s, decide
from bot.model.outcomes import DestinationDead, Outcome, Permanent, Retry, Sent, Unknown

CASES: list[tuple[Outcome, dict[str, object], Decision]] = [
    (Sent(), {}, Decision("settle")),
    (Retry("429", after_s=3.5, is_asked=True), {}, Decision("again", 3.5, counts=False)),
    (Retry("429", is_asked=True), {"failures": 9}, Decision("again", 1.0, counts=False)),
    (Retry("503"), {}, Decision("again", 1.0)),
    (Retry("503"), {"failures": 3}, Decision("again", 8.0)),
    (Retry("503"), {"failures": 30}, Decision("again", 60.0)),
    (Retry("503", after_s=90.0), {}, Decision("again", 90.0)),
    (Permanent("400"), {"alerts": 1}, Decision("settle")),
    (Permanent("400"), {"alerts": 2}, Decision("split")),
    (DestinationDead("404"), {}, Decision("park", 300.0)),
    (DestinationDead("404"), {"failures": 1}, Decision("park", 600.0)),
    (DestinationDead("404"), {"failures": 9}, Decision("park", 3600.0)),
    (Unknown("reset"), {"on_unknown": "resend"}, Decision("again", 1.0)),
    (Unknown("reset"), {"on_unknown": "drop"}, Decision("settle")),
    (Unknown("reset"), {"on_unknown": "drop", "is_idempotent": True}, Decision("again", 1.0)),
    (Unknown("reset"), {"on_unknown": "drop", "is_idempotent": True, "age_s": 121.0}, Decision("settle")),
    (Unknown("reset"), {"on_unknown": "resend", "is_idempotent": True, "age_s": 121.0}, Decision("again", 1.0)),
]


@pytest.mark.parametrize(("outcome", "given", "expected"), CASES)
def test_what_follows(outcome: Outcome, given: dict[str, object], expected: Decision) -> None:
    facts: dict[str, object] = {
        "failures": 0, "alerts": 1, "age_s": 0.0, "is_idempotent": False, "on_unknown": "resend", "jitter": 0.0,
    }  # fmt: skip
    assert decide(outcome, **{**facts, **given}) == expected  # type: ignore[arg-type]  # a table of keywords


def test_jitter_takes_away_at_most_half() -> None:
    assert (backoff_s(2, 0.0), backoff_s(2, 0.5), backoff_s(2, 1.0)) == (4.0, 3.0, 2.0)
