"""Everything that can be asked, as one table: it makes Discord's forms, reads both platforms, and writes the help.

Within Discord's limits ("Application Commands": 25 options, 25 choices, descriptions of 100 characters, 8,000 in a
command, required options first, small letters). Knows no platform otherwise.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

from bot.commands.requests import By, Muted
from bot.model.alerts import DeliveryState
from bot.model.prints import Kind, OptionType, Side

MOST_SHOWN: Final = 25
"""As many prints a page as one Discord embed and one Slack message carry."""

Completes = Literal["", "ticker", "sector", "destination", "muted", "watch", "mutable"]
"""What is suggested while somebody types; `mutable`: whatever can be muted, `muted`: what is."""


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a command."""

    name: str
    about: str
    sort: Literal["text", "integer", "number"] = "text"
    choices: tuple[str, ...] = ()
    bounds: tuple[int, int] | None = None
    is_required: bool = False
    completes: Completes = ""


@dataclass(frozen=True, slots=True)
class Command:
    """A command, or one of its subcommands; it has options or subcommands, never both."""

    name: str
    about: str
    options: tuple[Option, ...] = ()
    subs: "tuple[Command, ...]" = ()
    is_for_admins: bool = False
    is_paged: bool = False
    """Reads `page=2` too, which is the buttons' business, so no form shows it."""
    examples: tuple[str, ...] = ()
    """Of the whole command, as they are typed on Slack; Discord's forms have the same words as their fields."""


_LIMIT = Option("limit", "How many a page, 10 unless told", "integer", bounds=(1, MOST_SHOWN))
_MIN_PREMIUM = Option("min_premium", "The lowest premium: 500k, 1.2m")
_TICKER = Option("ticker", "One underlying: NVDA", completes="ticker")
_SECTOR = Option("sector", "One GICS sector: Energy, tech", completes="sector")
_TYPE = Option("type", "Calls or puts", choices=get_args(OptionType))
_DTE = Option("dte", "Days to expiry: 0dte, 0-7, <=30, >=90")
_WHAT = Option("what", "What it is", choices=get_args(Muted), is_required=True)

_FLOW = Command(
    "flow",
    "Today's options flow, and why an alert fired",
    subs=(
        Command(
            "top",
            "The day's best prints, by score, then premium",
            (
                _LIMIT,
                Option("min_score", "The lowest score, 0 to 100", "number", bounds=(0, 100)),
                _MIN_PREMIUM,
                _TICKER,
                _SECTOR,
                Option("side", "Where it traded", choices=get_args(Side)),
                Option("kind", "How it traded", choices=get_args(Kind)),
                _TYPE,
                _DTE,
            ),
            is_paged=True,
        ),
        Command(
            "ticker",
            "One underlying's day: premium, biggest prints, most active contracts",
            (Option("symbol", "The underlying: NVDA", is_required=True, completes="ticker"),),
        ),
        Command(
            "why",
            "Why an alert fired, and what became of it",
            (Option("alert", "The eight characters in the alert's footer, or the message's link", is_required=True),),
        ),
        Command(
            "heatmap",
            "Where today's premium went, as a picture",
            (Option("by", "By sector unless told", choices=get_args(By)),),
        ),
        Command("momentum", "Tickers by the momentum of their flow, or one's history", (_TICKER,), is_paged=True),
        Command("intent", "What the flow of tickers is after, or one's in full", (_TICKER,), is_paged=True),
        Command("congress", "Trades that members of Congress disclosed", (_TICKER,), is_paged=True),
        Command(
            "unusual",
            "The biggest volume over open interest",
            (_LIMIT, _TICKER, _SECTOR, _TYPE, _MIN_PREMIUM, _DTE),
            is_paged=True,
        ),
        Command("status", "Feeds, queues and today's counts"),
        Command("help", "What can be asked, and how"),
    ),
    examples=(
        "/flow top 5 NVDA 1m",
        "/flow top side=ask kind=sweep min_score=85 dte=0-7",
        "/flow ticker NVDA",
        "/flow why 7kq2m9xd",
        "/flow heatmap by=ticker",
        "/flow unusual calls 500k",
        "/flow status",
    ),
)

_WATCH = Command(
    "watch",
    "Alerts for you alone, by direct message",
    subs=(
        Command(
            "add",
            "Watch a ticker, or whatever a filter lets through",
            (
                Option("filter", "NVDA, or as in a rule: NVDA premium>=1M side=ask", is_required=True),
                Option("cooldown", "How long the same contract stays quiet after an alert: 5m, 1h"),
            ),
        ),
        Command(
            "remove",
            "End a watch of yours",
            (Option("watch", "Its number, or all", is_required=True, completes="watch"),),
        ),
        Command("list", "Your watches, and whether you are snoozed"),
    ),
    examples=(
        "/watch add NVDA",
        "/watch add NVDA, AMD premium>=1M side=ask",
        "/watch add calls sweeps 0dte premium>=500k cooldown=10m",
        "/watch remove 3",
        "/watch list",
    ),
)

_SNOOZE = Command(
    "snooze",
    "Keep your own alerts quiet for a while",
    (Option("for", "How long: 30m, 1h, 1d; off to end it", is_required=True),),
    examples=("/snooze 1h", "/snooze off"),
)

_FLOWADMIN = Command(
    "flowadmin",
    "Steer what is posted",
    subs=(
        Command(
            "mute",
            "Keep a rule, a ticker or a destination quiet for a while",
            (
                _WHAT,
                Option("name", "Which one", is_required=True, completes="mutable"),
                Option("for", "How long: 30m, 2h, 1d", is_required=True),
                Option("reason", "Why, for the record"),
            ),
        ),
        Command(
            "unmute",
            "End a mute before its time",
            (_WHAT, Option("name", "Which one", is_required=True, completes="muted")),
        ),
        Command("list", "What is muted, paused and snoozed"),
        Command(
            "test",
            "Post one alert, marked TEST",
            (Option("destination", "Where to", is_required=True, completes="destination"),),
        ),
        Command("reload", "Read the configuration anew; tells what is wrong with it, if anything"),
        Command(
            "pause",
            "Post nothing; alerts wait",
            (
                Option("for", "How long: 30m, 2h; until /flowadmin resume unless told"),
                Option("reason", "Why, for the record"),
            ),
        ),
        Command("resume", "Post again"),
        Command(
            "deliveries",
            "What became of alerts: those given up, unless told",
            (
                Option("state", "In this state", choices=get_args(DeliveryState)),
                Option("destination", "To this destination", completes="destination"),
            ),
            is_paged=True,
        ),
        Command(
            "retry",
            "Send again what was given up",
            (Option("alert", "The alert's id, or id@destination", is_required=True),),
        ),
        Command("rules", "The rules that are loaded, with today's counts", is_paged=True),
        Command("audit", "Who steered what, the newest first", is_paged=True),
    ),
    is_for_admins=True,
    examples=(
        "/flowadmin mute ticker NVDA for 2h earnings",
        "/flowadmin unmute ticker NVDA",
        "/flowadmin pause for 30m maintenance",
        "/flowadmin deliveries dead",
        "/flowadmin test desk",
    ),
)

COMMANDS: Final = (_FLOW, _WATCH, _SNOOZE, _FLOWADMIN)

_BY_NAME: Mapping[str, Command] = {command.name: command for command in COMMANDS}


def command_of(name: str) -> Command:
    """The command of that name. Raises KeyError."""
    return _BY_NAME[name]
