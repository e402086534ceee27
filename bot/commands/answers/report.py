"""What a schedule posts: the same answers, for all to read, without buttons that turn pages."""

from typing import Final

import msgspec

from bot.commands.answers.empty import nothing_like
from bot.commands.answers.facts import Facts
from bot.commands.answers.heatmap import heatmap
from bot.commands.answers.recap import recap
from bot.commands.answers.top import best, own_best, top, unusual
from bot.commands.answers.wording import THIS_SESSION, asked_words, parts_of, print_lines, short_day
from bot.commands.requests import Report, Top, Unusual
from bot.engine.session import Query
from bot.engine.today import DayCounts
from bot.model.answers import Answer, Part
from bot.render.words import counted, new_york

FEW: Final = 5
"""With fewer prints the stream has not warmed up, and the vendor's best are shown."""


async def report(facts: Facts, request: Report, today: DayCounts) -> Answer:
    """An answer that asks nothing of whoever reads it."""
    return msgspec.structs.replace(await _shown(facts, request, today), is_private=False, buttons=())


async def _shown(facts: Facts, request: Report, today: DayCounts) -> Answer:
    match request.show:
        case "opening":
            return await _opening(facts, request.query)
        case "recap":
            return await recap(facts, today)
        case "top":
            return await top(facts, Top(request.query))
        case "unusual":
            return await unusual(facts, Unusual(request.query))
        case "heatmap":
            return await heatmap(facts, request.by)


async def _opening(facts: Facts, query: Query) -> Answer:
    """The best prints so far; of the vendor's where this session has hardly any."""
    session, now_ns = facts.session, facts.now_ns
    today = new_york(now_ns).date()
    prints = session.summary().totals.prints if session.day == today else 0
    found = await (best(facts, query) if prints < FEW else own_best(facts, query))
    is_vendors = found.source != THIS_SESSION
    if not found.prints:
        return await nothing_like(facts, query, session.top, found.note)
    asked = asked_words(query)
    notes = (
        f"Filter: {asked}." if asked else "",
        f"{counted(prints, 'print')} so far{': these are the best that the vendor has.' if is_vendors else '.'}",
        found.note,
        f"None of today yet: these are of {short_day(found.day)}." if found.day and found.day != today else "",
    )
    return Answer(
        f"Opening scan, {short_day(today)}",
        parts_of(
            Part("", print_lines(found.prints, facts.bands, now_ns)),
            Part("", tuple(note for note in notes if note)),
        ),
        source=found.source,
    )
