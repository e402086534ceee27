"""Question in, answer out, the same on every platform. Knows no platform: text here is plain and unescaped."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bot.commands.answers.congress import congress
from bot.commands.answers.facts import Facts
from bot.commands.answers.heatmap import heatmap
from bot.commands.answers.help import help_
from bot.commands.answers.intent import intent
from bot.commands.answers.momentum import momentum
from bot.commands.answers.report import report
from bot.commands.answers.status import DestinationReport, ProviderReport, StatusReport, status
from bot.commands.answers.ticker import ticker
from bot.commands.answers.top import top, unusual
from bot.commands.answers.why import Records, WatchHits, why
from bot.commands.answers.wording import trouble
from bot.commands.asker import Asker
from bot.commands.limits import Limits
from bot.commands.requests import (
    Congress,
    Heatmap,
    Help,
    Intent,
    Momentum,
    Personal,
    Question,
    Report,
    Request,
    Status,
    Steering,
    Ticker,
    Top,
    Unusual,
    Why,
)
from bot.commands.vendors import Vendors
from bot.engine.session import Session
from bot.engine.today import DayCounts
from bot.model.alerts import Explanation, RuleHit
from bot.model.answers import Answer
from bot.model.prints import Print
from bot.model.steering import Mute
from bot.render.look import Bands

__all__ = [
    "Core",
    "DestinationReport",
    "PersonalDoor",
    "ProviderReport",
    "StatusReport",
    "SteeringDoor",
    "is_private",
    "trouble",
]


class PersonalDoor(Protocol):
    """What belongs to one person: watches, a snooze."""

    async def answer(self, request: Personal, asker: Asker) -> Answer: ...


class SteeringDoor(Protocol):
    """What admins steer. Whoever comes this far may: the doors have asked."""

    async def answer(self, request: Steering, asker: Asker) -> Answer: ...


async def _none_known(message: str) -> Sequence[str]:
    del message
    return ()


async def _no_hits(person: str, rules: Collection[str], found: Print) -> Sequence[RuleHit]:
    del person, rules, found
    return ()


def _none_counted() -> DayCounts:
    return DayCounts(since_ns=0, matches={}, alerts={}, suppressed={})


@dataclass(slots=True)
class Core:
    """What the answers are made from; handed in, so that a question can change nothing."""

    session: Session
    explain: Callable[[str, str], Awaitable[Explanation | None]]
    """An alert's id, and the person who asks: of other people's deliveries nothing need be read."""
    status: Callable[[], StatusReport]
    now_ns: Callable[[], int]
    bands: Bands
    vendors: Vendors = field(default_factory=Vendors)
    personal: PersonalDoor | None = None
    steering: SteeringDoor | None = None
    alerts_of: Callable[[str], Awaitable[Sequence[str]]] = _none_known
    """A message's id -> the ids of the alerts that it tells of."""
    watch_hits: WatchHits = _no_hits
    rules: Callable[[], Sequence[str]] = tuple
    """The names of what is loaded, for whoever types; and so below."""
    destinations: Callable[[], Sequence[str]] = tuple
    muted: Callable[[], Sequence[Mute]] = tuple
    today: Callable[[], DayCounts] = _none_counted
    limits: Limits = field(default_factory=Limits)
    """One for all doors, and for longer than their sessions."""

    async def answer(self, request: Request, asker: Asker) -> Answer:
        """The answer to one request. Waits for the store and, a little, for vendors."""
        if isinstance(request, Personal):
            return _nobody("watches") if self.personal is None else await self.personal.answer(request, asker)
        if isinstance(request, Steering):
            return _nobody("steering") if self.steering is None else await self.steering.answer(request, asker)
        return await self._answer(request, asker)

    async def _answer(self, question: Question, asker: Asker) -> Answer:
        facts = Facts(self.session, self.vendors, self.status, self.bands, self.now_ns())
        match question:
            case Top():
                return await top(facts, question)
            case Ticker(symbol):
                return await ticker(facts, symbol)
            case Why(wanted):
                return await why(facts, Records(self.explain, self.alerts_of, self.watch_hits), wanted, asker.person)
            case Heatmap(by):
                return await heatmap(facts, by)
            case Momentum():
                return await momentum(facts, question)
            case Intent():
                return await intent(facts, question)
            case Congress():
                return await congress(facts, question)
            case Unusual():
                return await unusual(facts, question)
            case Status():
                return status(self.status(), self.today(), self.muted(), facts.now_ns)
            case Help():
                return help_(question)
            case Report():
                return await report(facts, question, self.today())


def is_private(request: Request) -> bool:
    """Whether the answer is the asker's own business; Discord wants to know before there is an answer."""
    return isinstance(request, Why | Status | Help | Personal | Steering)


def _nobody(what: str) -> Answer:
    return trouble(f"No {what} here", "Not set up in this flowbot. /flow help shows what can be asked.")
