"""What the doctor found, and how it is told. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Health = Literal["good", "doubt", "bad", "unreachable"]
"""doubt: it works, or cannot be known; somebody should look. unreachable: it did not answer, and may later."""

_MARKS: dict[Health, str] = {"good": "✓", "doubt": "?", "bad": "✗", "unreachable": "✗"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    subject: str
    """`discord`, or a provider's or destination's name."""
    health: Health
    what: str
    """What is so, in a line."""
    remedy: str = ""
    """What to do about it."""


def good(subject: str, what: str) -> Finding:
    return Finding(subject, "good", what)


def told(findings: Sequence[Finding]) -> str:
    """The findings in their order, one a line, each remedy under its own; then the sum."""
    width = max((len(found.subject) for found in findings), default=0)
    lines = []
    for found in findings:
        lines.append(f"{_MARKS[found.health]} {found.subject:<{width}}  {found.what}")
        lines += [f"  {'':<{width}}  → {found.remedy}"] if found.remedy else []
    return "\n".join((*lines, "", _sum(findings)))


def worst(findings: Iterable[Finding]) -> Health:
    """bad before unreachable, for a remedy helps more than waiting; doubt is no failure."""
    seen = {found.health for found in findings}
    return "bad" if "bad" in seen else "unreachable" if "unreachable" in seen else "good"


def _sum(findings: Sequence[Finding]) -> str:
    wrong = sum(found.health in ("bad", "unreachable") for found in findings)
    doubts = sum(found.health == "doubt" for found in findings)
    if not wrong:
        return "all is well" if not doubts else f"all is well, as far as one can see; {doubts} to look at"
    return f"{wrong} of {len(findings)} need mending"
