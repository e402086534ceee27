"""`/flow top` and `/flow unusual`: prints in order, page by page."""

from dataclasses import dataclass, replace
from datetime import date

import msgspec

from bot.commands.answers.empty import Find, no_page, nothing_like
from bot.commands.answers.facts import Facts, ask, source_of, why_untold
from bot.commands.answers.pressing import turning
from bot.commands.answers.wording import (
    THIS_SESSION,
    asked_words,
    day_words,
    on_page,
    parts_of,
    print_line,
    short_day,
)
from bot.commands.requests import Top, Unusual
from bot.commands.vendors import Told
from bot.engine.session import Query
from bot.engine.session_search import in_turns
from bot.flow.market import session_date
from bot.model.answers import Answer, Button, Part
from bot.model.prints import Print
from bot.render.words import dotted, ratio


@dataclass(frozen=True, slots=True)
class Found:
    """One page of prints, and where they come from."""

    prints: tuple[Print, ...]
    has_more: bool
    source: str
    day: date | None
    """The prints' own New York day; None: they do not tell."""
    note: str = ""
    """Why they are not the vendor's."""


async def top(facts: Facts, request: Top) -> Answer:
    """The vendor's best prints, else this session's."""
    query, page = request.query, request.page
    found = await best(facts, query, page)
    if not found.prints:
        return await _empty(facts, request, facts.session.top, found.note)
    return Answer(
        on_page(f"Top flow, {day_words(found.day, facts.now_ns)}", page),
        parts_of(Part("", _lines(facts, found, query, page)), _footnotes(query, found.note)),
        source=found.source,
        buttons=_turns(request, found),
    )


async def unusual(facts: Facts, request: Unusual) -> Answer:
    """This session's prints with the biggest volume over open interest."""
    query, page = request.query, request.page
    found = await _paged(facts.session.unusual, query, page, facts.session.day)
    if not found.prints:
        return await _empty(facts, request, facts.session.unusual)
    return Answer(
        on_page(f"Unusual volume, {day_words(found.day, facts.now_ns)}", page),
        parts_of(Part("", _lines(facts, found, query, page, has_ratio=True)), _footnotes(query)),
        source=found.source,
        buttons=_turns(request, found),
    )


async def best(facts: Facts, query: Query, page: int = 1) -> Found:
    """A page of the day's best prints: the vendor's where one tells any, else this session's."""
    skip, end = (page - 1) * query.limit, page * query.limit
    told = await ask(facts.vendors.top(query, limit=end + 1))
    if told is None:
        return await own_best(facts, query, page)
    if not isinstance(told, Told):
        return replace(await own_best(facts, query, page), note=why_untold(told))
    day, today = _day_of(told.value), facts.session.day
    if not told.value:
        return replace(await own_best(facts, query, page), note=f"{source_of(told)} has none like that.")
    if day is not None and today is not None and day < today and (own := await own_best(facts, query, page)).prints:
        return replace(own, note=f"{source_of(told)} has none later than {short_day(day)}.")
    return Found(told.value[skip:end], len(told.value) > end, source_of(told), day)


async def own_best(facts: Facts, query: Query, page: int = 1) -> Found:
    """A page of this session's best prints."""
    return await _paged(facts.session.top, query, page, facts.session.day)


async def _paged(find: Find, query: Query, page: int, day: date | None) -> Found:
    """One more than a page is asked for: whether there is a next one."""
    prints = await in_turns(find(replace(query, limit=query.limit + 1), skip=(page - 1) * query.limit))
    return Found(prints[: query.limit], len(prints) > query.limit, THIS_SESSION, day)


def _lines(facts: Facts, found: Found, query: Query, page: int, *, has_ratio: bool = False) -> tuple[str, ...]:
    """`1. vol/OI 12.3× · NVDA 145C …`, numbered over the pages."""
    first = (page - 1) * query.limit + 1
    return tuple(
        f"{place}. "
        + dotted(
            ratio(each.vol_oi, each.open_interest) if has_ratio else None,
            print_line(each, facts.bands, facts.now_ns),
        )
        for place, each in enumerate(found.prints, first)
    )


def _footnotes(query: Query, note: str = "") -> Part:
    asked = asked_words(query)
    return Part("", tuple(line for line in (f"Filter: {asked}." if asked else "", note) if line))


def _turns(request: Top | Unusual, found: Found) -> tuple[Button, ...]:
    before = msgspec.structs.replace(request, page=request.page - 1) if request.page > 1 else None
    return turning(before, msgspec.structs.replace(request, page=request.page + 1) if found.has_more else None)


async def _empty(facts: Facts, request: Top | Unusual, find: Find, note: str = "") -> Answer:
    if request.page > 1:
        return no_page(request.page, msgspec.structs.replace(request, page=1))
    return await nothing_like(facts, request.query, find, note)


def _day_of(prints: tuple[Print, ...]) -> date | None:
    """Of the newest."""
    newest = max((each.time for each in prints if each.time is not None), default=None)
    return None if newest is None else session_date(newest)
