"""`/flow congress`: what members of Congress disclosed under the STOCK Act, as RadarPulse tells it."""

from datetime import date
from typing import Final

from msgspec.structs import replace

from bot.commands.answers.empty import no_page, no_vendor, untold
from bot.commands.answers.facts import Facts, ask, source_of
from bot.commands.answers.pages import paged
from bot.commands.answers.wording import MAX_LINE, on_page, trouble
from bot.commands.requests import Congress
from bot.commands.vendors import Untold
from bot.model.answers import Answer, Part
from bot.providers.radarpulse_answers import Disclosure
from bot.render.words import counted, dotted, new_york, one_line

PAGE: Final = 10
TERMS: Final = (
    "Filings come up to 45 days after the trade, give amounts as ranges, and may be of a spouse's or a child's trade.",
)
"""STOCK Act of 2012, section 6."""


async def congress(facts: Facts, request: Congress) -> Answer:
    """In the vendor's order."""
    told = await ask(facts.vendors.congress(request.ticker))
    if told is None:
        return no_vendor("disclosures of Congress", "RadarPulse (Pro+)", "radarpulse")
    if isinstance(told, Untold):
        return untold("disclosures of Congress", told)
    of = f" in {one_line(request.ticker, 20)}" if request.ticker else ""
    if not told.value:
        return trouble(
            f"No Congress trades{of}",
            f"{source_of(told)} has no disclosure of any." if of else f"{source_of(told)} has no disclosures now.",
            "/flow congress shows all that it has." if of else "Try again tomorrow.",
        )
    today = new_york(facts.now_ns).date()
    lines = [disclosure_line(row, today) for row in told.value]
    page = paged(lines, request.page, PAGE, lambda number: replace(request, page=number))
    if page is None:
        return no_page(request.page, replace(request, page=1))
    parts = (Part("", page.lines), Part("", TERMS))
    return Answer(on_page(f"Congress trades{of}", request.page), parts, source=source_of(told), buttons=page.buttons)


def disclosure_line(row: Disclosure, today: date) -> str:
    """`Jane Doe (House, D) · NVDA · purchase · $1,001 - $15,000 · traded 7/1, disclosed 7/15 (14 days later)`."""
    about = ", ".join(one_line(word, 20) for word in (row.chamber, row.party) if word)
    member = one_line(row.member or "somebody", 60)
    what = (row.ticker and one_line(row.ticker, 20)) or one_line(row.asset or "", 80)
    return one_line(
        dotted(
            f"{member} ({about})" if about else member,
            what,
            one_line(row.transaction or "", 40),
            one_line(row.amount or "", 40),
            _when(row, today),
        ),
        MAX_LINE,
    )


def _when(row: Disclosure, today: date) -> str:
    traded = "" if row.traded is None else f"traded {_day(row.traded, today)}"
    disclosed = "" if row.disclosed is None else f"disclosed {_day(row.disclosed, today)}"
    later = ""
    if row.traded is not None and row.disclosed is not None and row.disclosed > row.traded:
        later = f" ({counted((row.disclosed - row.traded).days, 'day')} later)"
    return ", ".join(each for each in (traded, disclosed) if each) + later


def _day(day: date, today: date) -> str:
    shown = f"{day.month}/{day.day}"
    return shown if day.year == today.year else f"{shown}/{day:%y}"
