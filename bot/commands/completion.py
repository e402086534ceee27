"""What is suggested while somebody types an option. It is asked at every key, so it is known here, not looked up."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from bot.commands.asker import Asker
from bot.commands.core import Core
from bot.commands.forms import COMMANDS, Completes, Option
from bot.model.sectors import SECTORS
from bot.render.words import one_line

MOST_SUGGESTED: Final = 25
MAX_SUGGESTION: Final = 100
"""Discord, "Application Command Option Choice": both the name and the value of a text."""


def suggestions(core: Core, command: str, sub: str, option: str, typed: str, asker: Asker) -> list[str]:
    """At most 25 values of at most 100 characters that the option may take; what begins as typed comes first."""
    form = _option(command, sub, option)
    if form is None or not form.completes:
        return []
    if form.completes == "watch":
        return _fitting(_watches(core, asker), typed)
    known, typed = _KNOWN.get(form.completes), typed.removeprefix("$")
    return _fitting(known(core, typed), typed) if known else []


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


def _tickers(core: Core, typed: str) -> Sequence[str]:
    """The busiest first."""
    return core.session.busiest(typed.strip().upper(), MOST_SUGGESTED)


def _mutable(core: Core, typed: str) -> Sequence[str]:
    return [*core.rules(), *core.destinations(), *_tickers(core, typed)]


def _muted(core: Core, _: str) -> Sequence[str]:
    return [mute.name for mute in core.muted() if mute.kind in ("rule", "ticker", "destination")]


def _watches(core: Core, asker: Asker) -> Sequence[str]:
    """`17: NVDA premium>=1M`, of which the number is read."""
    personal = core.personal
    watches_of: Callable[[str], Sequence[tuple[int, str]]] = getattr(personal, "watches_of", lambda _: ())
    return [*(f"{number}: {text}" for number, text in watches_of(asker.person)), "all"]


_KNOWN: Mapping[Completes, Callable[[Core, str], Sequence[str]]] = {
    "ticker": _tickers,
    "sector": lambda _, __: SECTORS,
    "rule": lambda core, _: core.rules(),
    "destination": lambda core, _: core.destinations(),
    "mutable": _mutable,
    "muted": _muted,
}
