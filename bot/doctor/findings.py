"""What the doctor found, and how it is told. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

Health = Literal["good", "doubt", "bad", "unreachable"]
"""doubt: it works, or cannot be known; somebody should look. unreachable: it did not answer, and may later."""

MARKS: Final[Mapping[Health, str]] = {"good": "✓", "doubt": "?", "bad": "✗", "unreachable": "…"}


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


def unseen(destination: str, what: str) -> Finding:
    """Of a destination that only a message can try."""
    return Finding(destination, "doubt", what, f"`flowbot send-test {destination}` tells")


def told(findings: Sequence[Finding]) -> str:
    """The findings in their order, one a line, each remedy under its own; then the sum."""
    width = max((len(found.subject) for found in findings), default=0)
    lines = []
    for found in findings:
        lines.append(f"{MARKS[found.health]} {found.subject:<{width}}  {found.what}")
        lines += [f"  {'':<{width}}  → {found.remedy}"] if found.remedy else []
    return "\n".join((*lines, "", _sum(findings)))


def worst(findings: Iterable[Finding]) -> Health:
    """bad before unreachable, for a remedy helps more than waiting; doubt is no failure."""
    seen = {found.health for found in findings}
    return "bad" if "bad" in seen else "unreachable" if "unreachable" in seen else "good"


def _sum(findings: Sequence[Finding]) -> str:
    """`2 to mend, 1 without an answer, 3 to look at`."""
    sums: Mapping[Health, str] = {"bad": "to mend", "unreachable": "without an answer", "doubt": "to look at"}
    counts = {words: sum(found.health == health for found in findings) for health, words in sums.items()}
    told = ", ".join(f"{count} {words}" for words, count in counts.items() if count)
    is_well = worst(findings) == "good"
    return "; ".join((*(["all is well"] if is_well else []), *([told] if told else [])))
