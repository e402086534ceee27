"""`/flow intent`: what the flow is after, as OptionWhales reads it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from bot.commands.answers.empty import no_page, no_vendor, untold
from bot.commands.answers.facts import Facts, ask, source_of
from bot.commands.answers.pages import paged
from bot.commands.answers.rankings import (
    INTENT_TERMS,
    MOMENTUM_TERMS,
    PAGE,
    greeks,
    intent_facts,
    intent_line,
    momentum_line,
)
from bot.commands.answers.wording import MAX_LINE, on_page, parts_of, print_line, short_day, tone_of, trouble
from bot.commands.requests import Intent
from bot.commands.vendors import Untold
from bot.model.answers import Answer, Part
from bot.model.prints import Print
from bot.providers.answers import Scalar
from bot.providers.optionwhales_answers import Ranking, TickerDetail
from bot.render.words import one_line

MOST_CLUSTERS: Final = 5
MOST_TRADES: Final = 5
MOST_HALF_HOURS: Final = 6
MOST_FACTS: Final = 6
"""Of a cluster, whose fields nobody documents."""


async def intent(facts: Facts, request: Intent) -> Answer:
    """The ranking of all, or one ticker in full."""
    told = await ask(facts.vendors.intent(request.ticker))
    if told is None:
        return no_vendor("intent", "OptionWhales", "optionwhales")
    if isinstance(told, Untold):
        return _nothing(request.ticker, told.source) if told.refusal == "not_found" else untold("intent", told)
    if isinstance(told.value, TickerDetail):
        return _of_one(facts, request.ticker, told.value, source_of(told))
    return _of_all(facts, request, told.value, source_of(told))


def _of_all(facts: Facts, request: Intent, rows: Sequence[Ranking], source: str) -> Answer:
    if not rows:
        return _nothing(request.ticker, source)
    lines = [intent_line(row, facts.now_ns) for row in rows]
    page = paged(lines, request.page, PAGE, lambda number: replace(request, page=number))
    if page is None:
        return no_page(request.page, replace(request, page=1))
    title = on_page("Intent" if request.ticker is None else f"Intent of {one_line(request.ticker, 20)}", request.page)
    parts = (Part("", page.lines), Part("How to read it", INTENT_TERMS))
    return Answer(title, parts, source=source, buttons=page.buttons)


def _of_one(facts: Facts, asked: str | None, found: TickerDetail, source: str) -> Answer:
    now_ns = facts.now_ns
    row = found.ranking
    ticker = asked or (row.ticker if row is not None else None)
    about = () if row is None else tuple(line for line in (intent_facts(row), _greeks_line(row)) if line)
    trades = tuple(print_line(each, facts.bands, now_ns) for each in _largest(found))
    lately = tuple(momentum_line(each, now_ns) for each in found.time_series[-MOST_HALF_HOURS:])
    parts = parts_of(
        Part("", about),
        Part("Strategies seen", tuple(line for line in map(_cluster, found.clusters[:MOST_CLUSTERS]) if line)),
        Part("Biggest prints", trades),
        Part("Half hour by half hour", lately),
    )
    if not parts:
        return _nothing(ticker, source)
    day = "" if found.session is None else f", {short_day(found.session)}"
    terms = Part("How to read it", (*INTENT_TERMS, *(MOMENTUM_TERMS if lately else ())))
    said = (row.direction_bias or "").lower() if row is not None else ""
    tone = tone_of(float(said == "bullish"), float(said == "bearish"))
    return Answer(f"Intent of {one_line(ticker or 'it', 20)}{day}", (*parts, terms), tone, source=source)


def _nothing(ticker: str | None, source: str) -> Answer:
    if ticker is None:
        return trouble("No intent yet", f"{source} ranks nothing yet: try again when the market is open.")
    shown = one_line(ticker, 20)
    return trouble(f"No intent of {shown}", f"{source} has nothing of it. /flow intent shows what it ranks.")


def _greeks_line(row: Ranking) -> str:
    told = greeks(row)
    return f"net Greeks: {told}" if told else ""


def _largest(found: TickerDetail) -> list[Print]:
    return sorted(found.trades.prints, key=lambda each: each.premium or 0.0, reverse=True)[:MOST_TRADES]


def _cluster(found: Mapping[str, Scalar]) -> str:
    """Whatever the vendor tells of a strategy: `strategy: call spread · contracts: 1200`."""
    return one_line(" · ".join(_facts(found)), MAX_LINE)


def _facts(found: Mapping[str, Scalar]) -> Iterator[str]:
    for name, value in list(found.items())[:MOST_FACTS]:
        if value is not None and value != "":
            yield f"{one_line(name.replace('_', ' '), 30)}: {one_line(str(value), 60)}"
