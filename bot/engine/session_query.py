"""Which of a day's prints somebody asks for."""

from dataclasses import dataclass

from bot.engine.session_day import Sort
from bot.model.prints import Kind, OptionType, Print, Side


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for; None asks nothing. A print that lacks a fact that is asked for does not qualify."""

    limit: int = 10
    min_score: float | None = None
    min_premium: float | None = None
    """US dollars."""
    ticker: str | None = None
    side: Side | None = None
    kind: Kind | None = None
    type: OptionType | None = None
    sector: str | None = None
    dte: tuple[int, int] | None = None
    """Calendar days to expiry, both ends in."""


def fits(sort: Sort, wanted: Sort) -> bool:
    return all(want is None or has == want for has, want in zip(sort, wanted, strict=True))


def qualifies(found: Print, query: Query) -> bool:
    """Whether a print has everything that the query asks for; a fact that it lacks does not qualify."""
    if query.min_score is not None and (found.score is None or found.score < query.min_score):
        return False
    if query.min_premium is not None and (found.premium is None or found.premium < query.min_premium):
        return False
    if query.ticker is not None and found.ticker != query.ticker:
        return False
    if query.sector is not None and found.sector != query.sector:
        return False
    if query.dte is not None and (found.dte is None or not query.dte[0] <= found.dte <= query.dte[1]):
        return False
    return fits((found.type, found.side, found.kind), (query.type, query.side, query.kind))
