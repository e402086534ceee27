"""Reading what was asked: a form's options, or a line of text, become one typed request. Pure; never raises.

What cannot be read becomes `Help` with the problem, in words that say what to try.
"""

from collections.abc import Mapping

from bot.commands import values
from bot.commands.forms import COMMANDS, Command, command_of
from bot.commands.lines import straight
from bot.commands.making import request_of
from bot.commands.meaning import said
from bot.commands.requests import Help, Request

_NAMES = tuple(command.name for command in COMMANDS)
_HELP = ("", "help")
_FOR_A_TICKER = {"flow": "ticker", "watch": "add"}
"""Which subcommand was forgotten where a ticker stands in its place."""
_LONGEST_TICKER = 6


def read_options(command: str, sub: str, options: Mapping[str, object]) -> Request:
    """A request from a form: the command, its subcommand (empty where it has none), and the options by name."""
    try:
        whole = _command(command)
        if whole.subs and sub in _HELP:
            return Help(command=command)
        form = _sub(whole, sub) if whole.subs else whole
        return request_of(
            command, form, {name: straight(str(value)) for name, value in options.items() if value is not None}
        )
    except ValueError as problem:
        return _no(command, sub, problem)


def read_text(command: str, text: str) -> Request:
    """A request from what follows a slash command on Slack, which escapes three characters ("Escaping text")."""
    return _read(command, text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))


def read_says(says: str) -> Request:
    """A request from a whole line, with the slash or without it: what a button says."""
    command, _, text = says.strip().removeprefix("/").partition(" ")
    return _read(command.lower(), text)


def _read(command: str, text: str) -> Request:
    sub = ""
    try:
        whole, line = _command(command), straight(text)
        sub, _, rest = line.partition(" ")
        if sub.lower() in _HELP:
            return Help(command=rest.lower() if rest.lower() in _NAMES else command)
        form, rest = (_sub(whole, sub), rest) if whole.subs else (whole, line)
        return request_of(command, form, said(form, rest))
    except ValueError as problem:
        return _no(command, sub.lower(), problem)


def _no(command: str, sub: str, problem: ValueError) -> Help:
    if command not in _NAMES:
        return Help(str(problem))
    subs = (form.name for form in command_of(command).subs)
    return Help(str(problem), command, sub if sub in subs else "")


def _command(name: str) -> Command:
    if name not in _NAMES:
        raise ValueError(f'There is no command "{values.shown(name)}".{values.did_you_mean(name, _NAMES)}')
    return command_of(name)


def _sub(command: Command, name: str) -> Command:
    known = {sub.name: sub for sub in command.subs}
    if name.lower() in known:
        return known[name.lower()]
    hint = values.did_you_mean(name, known)
    if command.name in _FOR_A_TICKER and "Did you mean" not in hint:
        ticker = name.upper() if name.isascii() and name.isalpha() and len(name) <= _LONGEST_TICKER else "NVDA"
        hint += f" For a ticker: /{command.name} {_FOR_A_TICKER[command.name]} {ticker}."
    raise ValueError(f'There is no "/{command.name} {values.shown(name)}".{hint}')
