"""`/flow ticker`: one underlying's day."""

from typing import Final

from bot.commands.answers.empty import no_ticker
from bot.commands.answers.facts import Facts
from bot.commands.answers.painting import timeline
from bot.commands.answers.top import best
from bot.commands.answers.wording import (
    THIS_SESSION,
    bias_line,
    day_words,
    parts_of,
    print_line,
    shared,
    tone_of,
)
from bot.engine.session import LINE_FROM_USD, ContractFlow, Query, TickerFlow, Totals
from bot.model.answers import Answer, Part
from bot.model.prints import Print
from bot.render.words import contract_line, counted, dotted, money, one_line

MOST_LINES: Final = 5
"""Of each sort."""


async def ticker(facts: Facts, symbol: str) -> Answer:
    """Of this session's prints; where they have nothing of it, the vendor's best."""
    flow = facts.session.ticker(symbol)
    if flow is None:
        return await _elsewhere(facts, symbol)
    title = f"{one_line(flow.ticker, 20)}, {day_words(facts.session.day, facts.now_ns)}"
    totals = flow.totals
    return Answer(
        title,
        parts_of(
            Part("", totals_lines(totals)),
            Part("Biggest prints", _biggest(facts, flow)),
            Part(f"Most active contracts (prints of {money(LINE_FROM_USD)}+)", _active(flow, facts.now_ns)),
        ),
        tone_of(totals.bull_usd, totals.bear_usd),
        source=THIS_SESSION,
        picture=await timeline(facts.session, symbol, title),
    )


def totals_lines(totals: Totals) -> tuple[str, ...]:
    """How many prints, calls and puts, bull and bear."""
    whole = totals.premium_usd
    sorts = (f"calls {shared(totals.call_usd, whole)}", f"puts {shared(totals.put_usd, whole)}") if whole else ()
    biased = bias_line(totals.bull_usd, totals.bear_usd, totals.neutral_usd)
    return (dotted(counted(totals.prints, "print"), *sorts), *((biased,) if biased else ()))


def contract_flow_line(ticker: str, line: ContractFlow, now_ns: int) -> str:
    """`NVDA 145C 8/7 · $2.5M · 1,250 contracts in 2 prints`."""
    contract = Print(provider="", ticker=ticker, received_ns=0, type=line.type, strike=line.strike, expiry=line.expiry)
    size = f"{counted(line.contracts, 'contract')} in {counted(line.prints, 'print')}"
    return dotted(contract_line(contract, now_ns), money(line.premium_usd), size)


async def _elsewhere(facts: Facts, symbol: str) -> Answer:
    """The session has nothing of it, so whatever is found is the vendor's."""
    found = await best(facts, Query(ticker=symbol))
    if not found.prints:
        return no_ticker(facts, symbol, found.note)
    lines = tuple(print_line(each, facts.bands, facts.now_ns) for each in found.prints)
    title = f"{one_line(symbol, 20)}, {day_words(found.day, facts.now_ns)}"
    return Answer(title, (Part("Best prints", lines),), source=found.source)


def _biggest(facts: Facts, flow: TickerFlow) -> tuple[str, ...]:
    return tuple(print_line(found, facts.bands, facts.now_ns) for found in flow.biggest[:MOST_LINES])


def _active(flow: TickerFlow, now_ns: int) -> tuple[str, ...]:
    return tuple(contract_flow_line(flow.ticker, line, now_ns) for line in flow.most_active[:MOST_LINES])
