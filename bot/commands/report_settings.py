"""What an admin writes about a report: what it shows, when it is made, and where it is posted."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from bot.commands.requests import By, Report, Show
from bot.config.check import check
from bot.config.document import Document
from bot.config.names import Name
from bot.config.tree import PathTo
from bot.config.units import PLACEHOLDER, Money
from bot.config.wording import join, suggest
from bot.engine.session import Query
from bot.flow.schedule import AT_PATTERN, Schedule, parse_at
from bot.model.errors import Problem
from bot.model.prints import Kind, OptionType, Side
from bot.model.sectors import SECTORS, gics_name

MOST_SHOWN = 25
"""Prints in one report: as many lines as one message carries on every platform."""
TradingDay = Literal["mon", "tue", "wed", "thu", "fri"]
TRADING_DAYS: tuple[TradingDay, ...] = get_args(TradingDay)

_SYMBOL = re.compile(r"[A-Z][A-Z0-9./-]{0,9}")
_FILTERS = ("limit", "min_score", "min_premium", "ticker", "sector", "type", "side", "kind")
_TAKES: Mapping[Show, tuple[str, ...]] = {
    "opening": _FILTERS,
    "top": _FILTERS,
    "unusual": _FILTERS,
    "heatmap": ("by",),
    "recap": (),
}
"""What each may be told beside when and where; a recap is of the whole day."""


def _checked_at(text: str) -> str:
    parse_at(text)
    return text.strip()


def _one_or_more(raw: object) -> object:
    return [raw] if isinstance(raw, str) else raw


def _lowered(raw: object) -> object:
    return raw[:3].lower() if isinstance(raw, str) and len(raw) <= len("wednesday") else raw


def _sector(text: str) -> str:
    sector = gics_name(text)
    if sector is None:
        raise ValueError(f"expected a sector: {join(SECTORS)}")
    return sector


def _ticker(text: str) -> str:
    symbol = text.strip().removeprefix("$").upper()
    if not _SYMBOL.fullmatch(symbol):
        raise ValueError("expected a ticker, such as NVDA or BRK.B")
    return symbol


_AT_SCHEMA = {
    "type": "string",
    "pattern": f"{AT_PATTERN}|{PLACEHOLDER}",
    "description": 'A New York time, or a bell: "12:30", open+10m, close, close-30m.',
}
At = Annotated[str, AfterValidator(_checked_at), WithJsonSchema(_AT_SCHEMA)]
Ats = Annotated[
    list[At],
    BeforeValidator(_one_or_more),
    WithJsonSchema({"anyOf": [_AT_SCHEMA, {"type": "array", "items": _AT_SCHEMA, "minItems": 1}]}),
]


class ReportSettings(BaseModel):
    """One report: an answer that flowbot posts by itself on trading days."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    name: Name = Field(description="Your name for the report; logs and the store call it so.")
    show: Show = Field(
        description="opening: the day's first prints; recap: the day until now; top: the best prints; heatmap: premium "
        "by sector or ticker, as a picture; unusual: the biggest volume over open interest."
    )
    at: Ats = Field(
        min_length=1,
        description='When, on trading days: a New York time ("12:30"), or a bell with or without a time from it '
        "(open+10m, close, close-30m), which on a half day is that day's. Or a list of them.",
    )
    days: list[Annotated[TradingDay, BeforeValidator(_lowered)]] = Field(
        default_factory=lambda: list(TRADING_DAYS),
        min_length=1,
        description="On which days; Monday to Friday unless told. Holidays have no report.",
    )
    send_to: list[str] = Field(min_length=1, description="Names of destinations.")
    by: By = Field("sector", description="A heatmap's boxes: by sector or by ticker.")
    limit: int = Field(10, ge=1, le=MOST_SHOWN, description="How many prints to show.")
    min_score: float | None = Field(None, ge=0, le=100, description="The lowest score to show.")
    min_premium: Money | None = Field(None, description="The lowest premium to show: 500k, 1.2M.")
    ticker: Annotated[str, AfterValidator(_ticker)] | None = Field(None, description="One underlying only: NVDA.")
    sector: Annotated[str, AfterValidator(_sector)] | None = Field(None, description="One GICS sector only.")
    type: OptionType | None = Field(None, description="Calls only, or puts only.")
    side: Side | None = Field(None, description="Only what traded at the ask, at the bid or in the middle.")
    kind: Kind | None = Field(None, description="Only sweeps, blocks, splits or single prints.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        """A filter that would do nothing is a slip."""
        for key in (*_FILTERS, "by"):
            if key in self.model_fields_set and key not in _TAKES[self.show]:
                takers = join([show for show in get_args(Show) if key in _TAKES[show]], "and")
                raise ValueError(f'"{key}" is for {takers}, not for {self.show}; leave it out')
        return self

    @property
    def schedule(self) -> Schedule:
        days = frozenset(TRADING_DAYS.index(day) for day in self.days)
        return Schedule(tuple(parse_at(text) for text in self.at), days)

    @property
    def request(self) -> Report:
        """What is asked of the core when it is due."""
        asked: dict[str, Any] = {name: getattr(self, name) for name in _FILTERS}
        return Report(self.show, Query(**asked), self.by)


def check_reports(
    raw: object, document: Document, destinations: Collection[str] | None = None
) -> tuple[tuple[ReportSettings, ...], list[Problem]]:
    """The reports in the list `raw`, the section `reports`, and every problem; those with a problem are left out.

    With `destinations`, their names, a report that is sent anywhere else has a problem too.
    """
    path: PathTo = ("reports",)
    if raw is None or not document.is_readable:
        return (), []
    if not isinstance(raw, list):
        return (), [document.problem(path, f"reports: expected a list{document.got(path, quote=False)}")]
    reports: list[ReportSettings] = []
    problems: list[Problem] = []
    first_indexes: dict[str, int] = {}
    for index, item in enumerate(raw):
        here = (*path, index)
        name = item.get("name") if isinstance(item, Mapping) else None
        what = f'report "{name}"' if isinstance(name, str) else f"report {index + 1}"
        report, found = check(ReportSettings, item, here, document, what=what)
        found += _unknown_destinations(item, here, document, destinations, what)
        if isinstance(name, str) and first_indexes.setdefault(name, index) != index:
            file, line, column = document.mark((*path, first_indexes[name], "name"))
            message = f'two reports are called "{name}"; the first is at {file}:{line}:{column}'
            found.append(document.problem((*here, "name"), message))
        if report is not None and not found:
            reports.append(report)
        problems += found
    return tuple(reports), problems


def _unknown_destinations(
    item: object, path: PathTo, document: Document, known: Collection[str] | None, what: str
) -> Iterator[Problem]:
    named = item.get("send_to") if isinstance(item, Mapping) else None
    if known is None or not isinstance(named, list):
        return
    for index, name in enumerate(named):
        here = (*path, "send_to", index)
        if isinstance(name, str) and name not in known and here not in document.unfilled:
            yield document.problem(here, f'unknown destination "{name}" in {what}{suggest(name, known)}')
