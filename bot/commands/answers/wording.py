"""What several answers say alike: a print in a line, the day, premium with its share, and an answer that is none."""

from collections.abc import Iterable
from datetime import date

from bot.commands.values import LONGEST_DTE
from bot.engine.session import Query
from bot.model.answers import Answer, Part, Tone
from bot.model.prints import Bias, Print
from bot.render.look import Bands
from bot.render.words import (
    BIAS_TAGS,
    KIND_TAGS,
    SIDE_TAGS,
    clock,
    contract_line,
    dotted,
    money,
    new_york,
    one_line,
    score_tag,
    trimmed,
)

MAX_LINE = 300
"""Characters; a line is cut before it is escaped, so that no escape is cut in two."""
THIS_SESSION = "this session's prints"
"""The source of what was counted here."""


def trouble(title: str, *lines: str) -> Answer:
    """An answer that is none: what went wrong, and what to try."""
    return Answer(title, (Part("", lines),), "trouble", is_private=True)


def print_line(found: Print, bands: Bands, now_ns: int) -> str:
    """`NVDA 145C 7/17 (21d) · $2.4M · ⚡ SWEEP @ASK · 🐂 BULL · 94 EXTREME · 10:31:05 ET`, without what is missing."""
    kind = KIND_TAGS[found.kind] if found.kind else ""
    side = SIDE_TAGS[found.side] if found.side else ""
    facts = (
        contract_line(found, now_ns),
        "" if found.premium is None else money(found.premium),
        f"{kind} {side}".strip(),
        BIAS_TAGS[found.bias] if found.bias else "",
        "" if found.score is None else score_tag(found.score, bands, is_local=found.score_is_local),
        clock(found.time or new_york(found.received_ns), now_ns),
    )
    return one_line(dotted(*facts), MAX_LINE)


def print_lines(prints: Iterable[Print], bands: Bands, now_ns: int, *, after: int = 0) -> tuple[str, ...]:
    """Numbered, from `after` + 1 on."""
    return tuple(f"{place}. {print_line(each, bands, now_ns)}" for place, each in enumerate(prints, after + 1))


def parts_of(*parts: Part) -> tuple[Part, ...]:
    """Those that have something to say."""
    return tuple(part for part in parts if part.lines)


def on_page(title: str, page: int) -> str:
    """`Top flow, today · page 2`; the first page does not say so."""
    return title if page == 1 else f"{title} · page {page:,}"


def day_words(day: date | None, now_ns: int) -> str:
    """`today`, or which day it was."""
    if day is None or day == new_york(now_ns).date():
        return "today"
    return f"{short_day(day)} (the last day with prints)"


def short_day(day: date) -> str:
    """`Fri 7/17`."""
    return f"{day:%a} {day.month}/{day.day}"


def shared(usd: float, of_usd: float) -> str:
    """`$2.4M (62%)`; nothing, and of nothing, is no share."""
    if not usd:
        return "$0"
    return f"{money(usd)} ({_percent(usd / of_usd)})" if of_usd > 0 else money(usd)


def _percent(share: float) -> str:
    """Whole; only nothing is 0%, and only all of it is 100%."""
    if share < 0.005:
        return "<1%"
    return ">99%" if 0.995 <= share < 1 else f"{100 * share:.0f}%"


def bias_line(bull_usd: float, bear_usd: float, neutral_usd: float = 0.0) -> str:
    """`🐂 BULL $2.5M (33%) · 🐻 BEAR $5M (67%)`, neutral only where there is any; empty where there is none at all."""
    by_bias: dict[Bias, float] = {"bull": bull_usd, "bear": bear_usd, "neutral": neutral_usd}
    whole = sum(by_bias.values())
    if not whole > 0:
        return ""
    return dotted(
        *(f"{BIAS_TAGS[bias]} {shared(usd, whole)}" for bias, usd in by_bias.items() if usd or bias != "neutral")
    )


def tone_of(bull_usd: float, bear_usd: float) -> Tone:
    """The larger side's."""
    return "bull" if bull_usd > bear_usd else "bear" if bear_usd > bull_usd else "neutral"


def asked_words(query: Query) -> str:
    """What a query asks, in words; empty where it asks nothing."""
    asked = (
        query.ticker,
        query.type and f"{query.type}s",
        query.side and f"at the {query.side}",
        query.kind and (f"{query.kind}s" if query.kind != "single" else "single prints"),
        query.sector,
        query.dte and _dte_words(*query.dte),
        None if query.min_score is None else f"score {trimmed(query.min_score, 2)}+",
        None if query.min_premium is None else f"premium {money(query.min_premium)}+",
    )
    return one_line(", ".join(words for words in asked if words), 200)


def _dte_words(first: int, last: int) -> str:
    if first == last:
        return f"{first}DTE"
    return f"{first}+ days to expiry" if last >= LONGEST_DTE else f"{first} to {last} days to expiry"
