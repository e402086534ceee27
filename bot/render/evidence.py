"""What had accumulated when a rule with memory fired, in a trader's words. Knows no card and no platform."""

from collections.abc import Iterator

from bot.model.memory import Contribution, Evidence
from bot.render import words
from bot.render.spans import lateness, span

_SORTS = {"side = ask": "at ask", "side = bid": "at bid", "side = mid": "at mid"}
"""A share's sort as traders say it; others are shown as they are written."""
_MAX_SORT_CHARS = 60


def evidence_line(seen: Evidence) -> str:
    """`7 prints, $6.2M, 82 % at ask, in 9m40s` · `first in 5d or more` · `4.3× the usual $1.2M: 9 prints, $5.2M, …`"""
    if seen.quiet_s is not None:
        return f"first in {span(seen.quiet_s)} or more"
    unusual = _unusual(seen)
    return f"{unusual}: {_amount(seen)}" if unusual else _amount(seen)


def contribution_lines(seen: Evidence, now_ns: int) -> Iterator[str]:
    """The prints that were counted, one a line, the newest last; then how many more there were."""
    for each in seen.prints:
        yield _contribution(each, now_ns)
    if (more := seen.count - len(seen.prints)) > 0:
        yield f"and {more:,} more before {'it' if len(seen.prints) == 1 else 'them'}"


def _amount(seen: Evidence) -> str:
    parts = [
        words.counted(seen.count, "print"),
        words.money(seen.premium_usd) if seen.premium_usd else "",
        "" if seen.share is None else f"{_percent(seen.share)} {_sort(seen.of or '')}".rstrip(),
        _in(seen.span_s) if seen.count > 1 else "",
    ]
    return ", ".join(part for part in parts if part)


def _in(span_s: float) -> str:
    return f"in {lateness(span_s)}" if span_s >= 1 else "at once"


def _percent(share: float) -> str:
    """Whole, and never more than it is: 99.7 % are not all."""
    return f"{int(share * 100 + 1e-9)} %"


def _sort(of: str) -> str:
    return _SORTS.get(of) or words.one_line(of, _MAX_SORT_CHARS)


def _unusual(seen: Evidence) -> str:
    if seen.usual is None:
        return ""
    if seen.factor is None:
        return "none is usual"
    # A spike counts prints or dollars; which, the numbers say: the usual times the factor is one of the two.
    amount = seen.factor * seen.usual
    is_count = abs(amount - seen.count) < abs(amount - seen.premium_usd)
    usual = f"{words.trimmed(seen.usual, 1)} prints" if is_count else words.money(seen.usual)
    return f"{words.trimmed(seen.factor, 1)}× the usual {usual}"


def _contribution(each: Contribution, now_ns: int) -> str:
    side = "" if each.side is None else words.one_line(f"@{each.side.upper()}", 10)
    size = "" if each.size is None else words.counted(each.size, "contract")
    premium = "" if each.premium_usd is None else words.money(each.premium_usd)
    told = words.dotted(words.one_line(each.title) or "?", size, premium, side)
    return f"{words.clock(words.new_york(each.at_ns), now_ns)}  {told}"
