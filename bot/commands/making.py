"""Options by name, all of them text, become the typed request of their command. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, get_args

from bot.commands import references, values
from bot.commands.filters import read_filter
from bot.commands.forms import Command
from bot.commands.lines import straight, words
from bot.commands.meaning import put
from bot.commands.requests import (
    Audit,
    By,
    Congress,
    Deliveries,
    Heatmap,
    Intent,
    Momentum,
    Muted,
    MuteFor,
    Mutes,
    Pause,
    Reload,
    Request,
    Resume,
    Retry,
    Rules,
    SendTest,
    Snooze,
    Status,
    Ticker,
    Top,
    Unmute,
    Unusual,
    WatchAdd,
    WatchList,
    WatchRemove,
    Why,
)
from bot.engine.session import Query
from bot.model.alerts import DeliveryState
from bot.model.prints import Kind, OptionType, Side

_Said = Mapping[str, str]


def request_of(command: str, form: Command, options: _Said) -> Request:
    """The request of a subcommand, or of a command that has none. Raises ValueError with what to mend."""
    names = [option.name for option in form.options]
    for name in options:
        if name not in names and not (form.is_paged and name == "page"):
            raise ValueError(f'"{form.name}" has no option "{values.shown(name)}".{values.did_you_mean(name, names)}')
    for option in form.options:
        if option.choices and option.name in options:
            values.choice(option.name, option.choices, options[option.name].strip())
        if option.is_required and not options.get(option.name, "").strip():
            choices = f": {', '.join(option.choices)}" if option.choices else ""
            raise ValueError(f'"{form.name}" needs "{option.name}". {option.about}{choices}.')
    return _READERS[command, form.name]({name: value.strip() for name, value in options.items()})


def _query(options: _Said) -> Query:
    return replace(Query(), **{name: _FACTS[name](value) for name, value in options.items() if name in _FACTS})


def _page(options: _Said) -> int:
    return values.page(options["page"]) if "page" in options else 1


def _ticker(options: _Said) -> str | None:
    return values.symbol(options["ticker"]) if "ticker" in options else None


def _watch_add(options: _Said) -> WatchAdd:
    """The cooldown may stand within the filter."""
    known, text = dict(options), options["filter"]
    for word in words(text):
        if (word.key, word.operator) == ("cooldown", "="):
            put(known, "cooldown", word.value)
            text = straight(text[: word.begins] + text[word.ends :])
            break
    cooldown = known.get("cooldown")
    seconds = None if cooldown is None else values.duration("cooldown", cooldown, values.LONGEST_COOLDOWN_S)
    return WatchAdd(text, read_filter(text), seconds)


def _snooze(options: _Said) -> Snooze:
    return Snooze(None if options["for"].lower() == "off" else _mute_s(options))


def _mute_s(options: _Said) -> float:
    return values.duration("for", options["for"], values.LONGEST_MUTE_S)


def _mute(options: _Said) -> MuteFor:
    return MuteFor(*_muted(options), _mute_s(options), values.reason(options.get("reason", "")))


def _muted(options: _Said) -> tuple[Muted, str]:
    what: Muted = values.choice("what", get_args(Muted), options["what"])  # type: ignore[assignment]  # one of them
    return what, values.symbol(options["name"]) if what == "ticker" else references.name(what, options["name"])


def _pause(options: _Said) -> Pause:
    return Pause(_mute_s(options) if "for" in options else None, values.reason(options.get("reason", "")))


def _heatmap(options: _Said) -> Heatmap:
    by: By = values.choice("by", get_args(By), options.get("by", "sector"))  # type: ignore[assignment]  # likewise
    return Heatmap(by)


def _deliveries(options: _Said) -> Deliveries:
    state, destination = options.get("state", ""), options.get("destination", "")
    return Deliveries(
        values.choice("state", get_args(DeliveryState), state) if state else "",
        references.name("destination", destination) if destination else "",
        _page(options),
    )


_FACTS: Mapping[str, Callable[[str], Any]] = {
    "limit": values.limit,
    "min_score": values.score,
    "min_premium": values.money,
    "ticker": values.symbol,
    "sector": values.sector,
    "side": partial(values.choice, "side", get_args(Side)),
    "kind": partial(values.choice, "kind", get_args(Kind)),
    "type": partial(values.choice, "type", get_args(OptionType)),
    "dte": values.dte,
}
_READERS: Mapping[tuple[str, str], Callable[[_Said], Request]] = {
    ("flow", "top"): lambda options: Top(_query(options), _page(options)),
    ("flow", "ticker"): lambda options: Ticker(values.symbol(options["symbol"])),
    ("flow", "why"): lambda options: Why(references.alert_or_message(options["alert"])),
    ("flow", "heatmap"): _heatmap,
    ("flow", "momentum"): lambda options: Momentum(_ticker(options), _page(options)),
    ("flow", "intent"): lambda options: Intent(_ticker(options), _page(options)),
    ("flow", "congress"): lambda options: Congress(_ticker(options), _page(options)),
    ("flow", "unusual"): lambda options: Unusual(_query(options), _page(options)),
    ("flow", "status"): lambda _: Status(),
    ("watch", "add"): _watch_add,
    ("watch", "remove"): lambda options: WatchRemove(references.watch(options["watch"])),
    ("watch", "list"): lambda _: WatchList(),
    ("snooze", "snooze"): _snooze,
    ("flowadmin", "mute"): _mute,
    ("flowadmin", "unmute"): lambda options: Unmute(*_muted(options)),
    ("flowadmin", "list"): lambda _: Mutes(),
    ("flowadmin", "test"): lambda options: SendTest(references.name("destination", options["destination"])),
    ("flowadmin", "reload"): lambda _: Reload(),
    ("flowadmin", "pause"): _pause,
    ("flowadmin", "resume"): lambda _: Resume(),
    ("flowadmin", "deliveries"): _deliveries,
    ("flowadmin", "retry"): lambda options: Retry(references.delivery(options["alert"])),
    ("flowadmin", "rules"): lambda options: Rules(_page(options)),
    ("flowadmin", "audit"): lambda options: Audit(_page(options)),
}
