"""Answers that have nothing to show: why, and what to try."""

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

from bot.commands.answers.facts import Facts, why_untold
from bot.commands.answers.pressing import button, row
from bot.commands.answers.wording import asked_words, day_words, trouble
from bot.commands.requests import Request
from bot.commands.vendors import Untold
from bot.engine.session import Query
from bot.engine.session_search import Steps, in_turns
from bot.flow.market import is_open
from bot.model.answers import Answer, Part
from bot.model.ports import ProviderStatus
from bot.model.prints import Print
from bot.render.words import age, counted, dotted, new_york, one_line, trimmed

Find = Callable[..., Steps]
"""`Session.top` or `Session.unusual`."""

_LASTING = ("unauthorized", "tier", "rate_limited")
"""Refusals after which it does not help to ask again, or whose words say when it does."""


def no_prints(facts: Facts, note: str = "") -> Answer:
    """Nothing has come yet: whether it should have, and which feed is to blame."""
    if is_open(new_york(facts.now_ns)):
        why = f"The market is open, so the feeds should be talking: see /flow status.{_silent(facts)}"
    else:
        why = "The market is closed. Regular hours are 9:30 to 16:00 ET: try again then."
    return _nothing("No prints yet", note, why)


async def nothing_like(facts: Facts, query: Query, find: Find, note: str = "") -> Answer:
    """The filters let nothing through: which one to loosen."""
    summary = facts.session.summary()
    if not summary.totals.prints:
        return no_prints(facts, note)
    seen = f"{counted(summary.totals.prints, 'print')} on {counted(summary.tickers, 'ticker')}"
    return _nothing(
        f"Nothing like that, {day_words(summary.day, facts.now_ns)}",
        note,
        f"Of {seen} none qualifies: {asked_words(query)}."
        if asked_words(query)
        else f"Of {seen} none tells its volume and open interest.",
        await _advice(query, find),
    )


def no_ticker(facts: Facts, symbol: str, note: str = "") -> Answer:
    """Nothing of one underlying."""
    summary = facts.session.summary()
    if not summary.totals.prints:
        return no_prints(facts, note)
    return _nothing(
        f"No {one_line(symbol, 20)} prints, {day_words(summary.day, facts.now_ns)}",
        note,
        f"{one_line(symbol, 20)} is not among the {counted(summary.tickers, 'ticker')} seen.",
        "Check the symbol; /flow top shows what is busy.",
    )


def no_page(page: int, first: Request) -> Answer:
    """Somebody turned past the end."""
    back = row((button("◀ First page", first, is_replacing=True),))
    parts = (Part("", ("The list ends before it.",)),)
    return Answer(f"There is no page {page:,}", parts, is_private=True, buttons=back)


def no_vendor(what: str, vendor: str, provider_type: str) -> Answer:
    """No configured vendor can tell."""
    return trouble(
        f"No {what} here",
        f"It comes from {vendor}, and no such provider is configured.",
        f"Whoever runs this bot can add one: a provider of type {provider_type} with its api_key.",
    )


def untold(what: str, said: Untold) -> Answer:
    """A vendor could tell and did not."""
    return trouble(
        f"No {what} now",
        why_untold(said),
        *(() if said.refusal in _LASTING else ("Try again in a minute. /flow status shows how the feeds do.",)),
    )


def _nothing(title: str, *lines: str) -> Answer:
    return Answer(title, (Part("", tuple(line for line in lines if line)),), is_private=True)


def _silent(facts: Facts) -> str:
    """` radarpulse: not connected, the key was refused.`"""
    feeds = facts.status().providers
    return "".join(f" {one_line(feed.name, 60)}: {_heard(feed.status, facts.now_ns)}." for feed in feeds[:3])


def _heard(status: ProviderStatus, now_ns: int) -> str:
    if not status.is_connected:
        return dotted("not connected", one_line(status.last_error, 100).rstrip("."))
    if not status.last_frame_ns:
        return "connected, and silent so far"
    return f"connected, last heard {age((now_ns - status.last_frame_ns) / 1e9)} ago"


async def _advice(query: Query, find: Find) -> str:
    """The options that are each alone to blame: without one of them there is something."""
    asked = [each.name for each in fields(Query) if each.name != "limit" and getattr(query, each.name) is not None]
    if not asked:
        return "Try /flow top."
    without: dict[str, Print] = {}
    for name in asked:
        looser: dict[str, Any] = {name: None}
        for found in await in_turns(find(replace(query, limit=1, **looser))):
            without[name] = found
    if not without:
        return "Leave out more than one of these: no single one is to blame."
    best = without.get("min_score")
    score = "" if best is None or best.score is None else f" The best score otherwise is {trimmed(best.score, 2)}."
    return f"Leave out {' or '.join(without)}, and there are some.{score}"
