"""What is suggested while somebody types an option. It is asked at every key, so it is known here, not looked up."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, get_args

from bot.commands.asker import Asker
from bot.commands.core import Core
from bot.commands.forms import COMMANDS, Completes, Option
from bot.commands.requests import Muted
from bot.model.sectors import SECTORS
from bot.render.words import one_line

MOST_SUGGESTED: Final = 25
MAX_SUGGESTION: Final = 100
"""Discord, "Application Command Option Choice": both the name and the value of a text."""


@dataclass(frozen=True, slots=True)
class Typing:
    """An option of a command, half typed."""

    command: str
    sub: str
    option: str
    typed: str
    what: str = ""
    """What the form says already of what is meant: `rule`, `ticker`, `destination`; empty where it says nothing."""


def suggestions(core: Core, typing: Typing, asker: Asker) -> list[str]:
    """At most 25 values of at most 100 characters that the option may take; what begins as typed comes first."""
    form = _option(typing.command, typing.sub, typing.option)
    if form is None or not form.completes:
        return []
    if form.completes == "watch":
        return _fitting(_watches(core, asker), typing.typed)
    typed = typing.typed.strip().removeprefix("$")
    return _fitting(_KNOWN[form.completes](core, typed, typing.what), typed)


def _option(command: str, sub: str, name: str) -> Option | None:
    forms = [form for form in COMMANDS if form.name == command]
    forms = [each for form in forms for each in form.subs or (form,) if not form.subs or each.name == sub]
    return next((option for form in forms for option in form.options if option.name == name), None)


def _fitting(known: Iterable[str], typed: str) -> list[str]:
    wanted = typed.strip().casefold()
    begin: list[str] = []
    contain: list[str] = []
    for value in dict.fromkeys(known):
        if value.casefold().startswith(wanted):
            begin.append(value)
        elif wanted in value.casefold():
            contain.append(value)
    return [one_line(value, MAX_SUGGESTION) for value in (begin + contain)[:MOST_SUGGESTED]]


def _tickers(core: Core, typed: str, what: str = "") -> Sequence[str]:
    """The busiest first."""
    del what
    return core.session.busiest(typed.upper(), MOST_SUGGESTED)


def _mutable(core: Core, typed: str, what: str) -> Sequence[str]:
    known: Mapping[str, Callable[[], Sequence[str]]] = {
        "rule": core.rules, "destination": core.destinations, "ticker": lambda: _tickers(core, typed)
    }  # fmt: skip
    return [name for kind, names in known.items() if what in ("", kind) for name in names()]


def _muted(core: Core, _: str, what: str) -> Sequence[str]:
    return [mute.name for mute in core.muted() if mute.kind in get_args(Muted) and what in ("", mute.kind)]


def _watches(core: Core, asker: Asker) -> Sequence[str]:
    """`17: NVDA premium>=1M`, of which the number is read."""
    personal = core.personal
    watches_of: Callable[[str], Sequence[tuple[int, str]]] = getattr(personal, "watches_of", lambda _: ())
    return [*(f"{number}: {text}" for number, text in watches_of(asker.person)), "all"]


_KNOWN: Mapping[Completes, Callable[[Core, str, str], Sequence[str]]] = {
    "ticker": _tickers,
    "sector": lambda *_: SECTORS,
    "destination": lambda core, *_: core.destinations(),
    "mutable": _mutable,
    "muted": _muted,
}
