"""`/flow momentum`: where the flow speeds up, as OptionWhales ranks it."""

import msgspec
from msgspec.structs import replace

from bot.commands.answers.empty import no_page, no_vendor, untold
from bot.commands.answers.facts import Facts, ask, source_of
from bot.commands.answers.pages import paged
from bot.commands.answers.rankings import MOMENTUM_TERMS, PAGE, momentum_line
from bot.commands.answers.wording import on_page, trouble
from bot.commands.requests import Momentum
from bot.commands.vendors import Untold
from bot.model.answers import Answer, Part
from bot.render.words import one_line


async def momentum(facts: Facts, request: Momentum) -> Answer:
    """The ranking of all, or one ticker's sessions, in the vendor's order."""
    told = await ask(facts.vendors.momentum(request.ticker))
    if told is None:
        return no_vendor("momentum", "OptionWhales", "optionwhales")
    ticker = None if request.ticker is None else one_line(request.ticker, 20)
    if isinstance(told, Untold):
        return _nothing(ticker, told.source) if told.refusal == "not_found" else untold("momentum", told)
    if not told.value:
        return _nothing(ticker, source_of(told))
    # Of one ticker's history the rows are told apart by their day, not by its name.
    rows = [msgspec.structs.replace(row, ticker=None) if ticker and row.session else row for row in told.value]
    lines = [momentum_line(row, facts.now_ns) for row in rows]
    title = f"Momentum of {ticker}, session by session" if ticker else "Momentum"
    page = paged(lines, request.page, PAGE, lambda number: replace(request, page=number))
    if page is None:
        return no_page(request.page, replace(request, page=1))
    return Answer(
        on_page(title, request.page),
        (Part("", page.lines), Part("How to read it", MOMENTUM_TERMS)),
        source=source_of(told),
        buttons=page.buttons,
    )


def _nothing(ticker: str | None, source: str) -> Answer:
    if ticker is None:
        return trouble("No momentum yet", f"{source} ranks nothing yet: try again when the market is open.")
    return trouble(f"No momentum of {ticker}", f"{source} has nothing of it. /flow momentum shows what it ranks.")
