"""The day until now: where the money went, what was posted of it, and what was not."""

import asyncio
from collections.abc import Sequence
from heapq import nlargest
from typing import Final

from bot.commands.answers.empty import no_prints
from bot.commands.answers.facts import Facts
from bot.commands.answers.painting import timeline
from bot.commands.answers.status import deliveries_line, held_back_line
from bot.commands.answers.ticker import contract_flow_line, totals_lines
from bot.commands.answers.wording import THIS_SESSION, bias_line, parts_of, print_lines, shared, short_day, tone_of
from bot.engine.session import TickerFlow
from bot.engine.today import DayCounts
from bot.flow.market import is_open
from bot.model.answers import Answer, Part
from bot.model.heat import Heat
from bot.render.words import clock, dotted, new_york, one_line

MOST_LINES: Final = 5
"""Of each sort."""
LOOKED_AT: Final = 40
"""The busiest tickers, among whose contracts and prints the biggest are sought. A big print of a ticker that has
hardly any other could be missed; to look at all of them would hold up the prints that come meanwhile."""


async def recap(facts: Facts, today: DayCounts) -> Answer:
    """Of this session's prints; what became of alerts is counted since `today.since_ns`."""
    session, now_ns = facts.session, facts.now_ns
    totals = session.summary().totals
    if session.day is None or not totals.prints:
        return no_prints(facts)
    await asyncio.sleep(0)  # a whole market's sums take some ten milliseconds each, and prints come meanwhile
    heats = session.by_ticker(LOOKED_AT)
    await asyncio.sleep(0)
    flows = [flow for heat in heats if (flow := session.ticker(heat.name)) is not None]
    now = new_york(now_ns)
    is_over = session.day < now.date() or not is_open(now)
    title = f"{'Recap' if is_over else f'Recap until {now:%H:%M} ET'}, {short_day(session.day)}"
    return Answer(
        title,
        parts_of(
            Part("The market", totals_lines(totals)),
            Part("Top tickers", tuple(_ticker_line(heat, totals.premium_usd) for heat in heats[:MOST_LINES])),
            Part("Top contracts", _contracts(flows, now_ns)),
            Part("Biggest prints", _biggest(facts, flows)),
            Part("Alerts", _alerts(facts, today)),
        ),
        tone_of(totals.bull_usd, totals.bear_usd),
        source=THIS_SESSION,
        picture=await timeline(session, None, title),
    )


def _ticker_line(heat: Heat, whole_usd: float) -> str:
    """`NVDA · $50M (12%) · 🐂 BULL $40M (80%) · 🐻 BEAR $10M (20%)`."""
    return dotted(one_line(heat.name, 20), shared(heat.premium_usd, whole_usd), bias_line(heat.bull_usd, heat.bear_usd))


def _contracts(flows: Sequence[TickerFlow], now_ns: int) -> tuple[str, ...]:
    lines = ((flow.ticker, line) for flow in flows for line in flow.most_active)
    top = nlargest(MOST_LINES, lines, key=lambda each: each[1].premium_usd)
    return tuple(f"{place}. {contract_flow_line(*each, now_ns)}" for place, each in enumerate(top, 1))


def _biggest(facts: Facts, flows: Sequence[TickerFlow]) -> tuple[str, ...]:
    prints = (found for flow in flows for found in flow.biggest)
    return print_lines(nlargest(MOST_LINES, prints, key=lambda each: each.premium or 0.0), facts.bands, facts.now_ns)


def _alerts(facts: Facts, today: DayCounts) -> tuple[str, ...]:
    """What was posted, digested or missed, of the day that is told of."""
    since, now_ns = new_york(today.since_ns), facts.now_ns
    if since.date() != facts.session.day:  # the counts are of another day: past midnight, say
        return ()
    delivered, held_back = deliveries_line(today), held_back_line(today)
    lines = (
        delivered or "None posted.",
        f"kept quiet: {held_back}" if held_back else "",
        f"counted since {clock(since, now_ns)}" if (since.hour, since.minute) > (9, 30) else "",
    )
    return tuple(line for line in lines if line)
