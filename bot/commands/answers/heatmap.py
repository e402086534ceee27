"""`/flow heatmap`: where the premium went, as a picture and in words."""

from collections.abc import Sequence
from typing import Final

from bot.commands.answers.empty import no_prints
from bot.commands.answers.facts import Facts, ask, source_of, why_untold
from bot.commands.answers.painting import heatmap as painted
from bot.commands.answers.wording import THIS_SESSION, bias_line, day_words, parts_of, shared, tone_of
from bot.commands.requests import By
from bot.commands.vendors import Told, Untold
from bot.model.answers import Answer, Part
from bot.model.heat import Heat
from bot.render.words import counted, dotted, one_line

MOST_TICKERS: Final = 24
"""More tiles cannot be read on a phone."""


async def heatmap(facts: Facts, by: By) -> Answer:
    """The vendor's, else this session's."""
    told = await ask(facts.vendors.heat(by))
    heats = _warm(told.value) if isinstance(told, Told) else ()
    if isinstance(told, Told) and heats:
        return await _answer(facts, by, heats, source_of(told))
    own = facts.session.by_sector() if by == "sector" else facts.session.by_ticker(MOST_TICKERS)
    note = why_untold(told) if isinstance(told, Untold) else ""
    if not own:
        return _cold(facts, by, note)
    return await _answer(facts, by, _warm(own), THIS_SESSION, note)


async def _answer(facts: Facts, by: By, heats: Sequence[Heat], source: str, note: str = "") -> Answer:
    title = f"Premium by {by}, {day_words(facts.session.day, facts.now_ns)}"
    whole = sum(heat.premium_usd for heat in heats)
    bull, bear = sum(heat.bull_usd for heat in heats), sum(heat.bear_usd for heat in heats)
    lines = tuple(f"{place}. {_line(heat, whole)}" for place, heat in enumerate(heats, 1))
    return Answer(
        title,
        parts_of(
            Part("", (_line(Heat("All", whole, bull, bear), whole=0),)), Part("", lines), Part("", (note,) * bool(note))
        ),
        tone_of(bull, bear),
        source=source,
        picture=await painted(heats, title, f"from {source}"),
    )


def _warm(heats: Sequence[Heat]) -> tuple[Heat, ...]:
    """Those with premium, the largest first, as many as can be drawn."""
    return tuple(sorted((heat for heat in heats if heat.premium_usd > 0), key=lambda heat: -heat.premium_usd))[
        :MOST_TICKERS
    ]


def _line(heat: Heat, whole: float) -> str:
    """`Energy · $2.4M (12%) · 🐂 BULL $1.5M (75%) · 🐻 BEAR $500K (25%) · 31 prints`."""
    return dotted(
        one_line(heat.name, 60),
        shared(heat.premium_usd, whole),
        bias_line(heat.bull_usd, heat.bear_usd),
        counted(heat.prints, "print") if heat.prints else None,
    )


def _cold(facts: Facts, by: By, note: str) -> Answer:
    """Premium without sectors is no reason to wait for prints."""
    if by == "ticker" or not facts.session.summary().totals.prints:
        return no_prints(facts, note)
    lines = ("None of the prints so far belongs to a sector that is known.", "Try /flow heatmap by=ticker.")
    day = day_words(facts.session.day, facts.now_ns)
    return Answer(
        f"No sectors, {day}", parts_of(Part("", tuple(line for line in (note, *lines) if line))), is_private=True
    )
