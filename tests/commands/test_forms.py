"""The table of commands: within Discord's limits, and whatever it offers can be read."""

import re
from collections.abc import Iterator

import pytest

from bot.commands.forms import COMMANDS, Command, Option, command_of
from bot.commands.reading import read_options, read_says
from bot.commands.requests import Help, Personal, Question, Steering

SAMPLES = {
    "symbol": "NVDA", "alert": "7kq2m9xd", "filter": "NVDA", "watch": "3", "for": "1h", "what": "ticker",
    "name": "NVDA", "destination": "desk", "limit": 5, "min_score": 85.0, "min_premium": "1m", "ticker": "NVDA",
    "sector": "Energy", "dte": "0-7", "cooldown": "10m", "reason": "earnings",
}  # fmt: skip


def _forms() -> Iterator[tuple[str, Command]]:
    for command in COMMANDS:
        yield from ((command.name, form) for form in command.subs or (command,))


def _all(command: Command) -> Iterator[Command | Option]:
    yield command
    yield from command.options
    for sub in command.subs:
        yield from _all(sub)


def test_the_commands() -> None:
    """Four commands; only the steering is for admins."""
    assert [command.name for command in COMMANDS] == ["flow", "watch", "snooze", "flowadmin"]
    assert [command.name for command in COMMANDS if command.is_for_admins] == ["flowadmin"]
    assert [sub.name for sub in command_of("flow").subs] == [
        "top", "ticker", "why", "heatmap", "momentum", "intent", "congress", "unusual", "status", "help",
    ]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_discord_takes_it(command: Command) -> None:
    """Discord, "Application Commands": names, descriptions, counts and 8,000 characters a command."""
    characters = 0
    for each in _all(command):
        assert re.fullmatch(r"[a-z0-9_-]{1,32}", each.name)
        assert 1 <= len(each.about) <= 100
        characters += len(each.name) + len(each.about)
        if isinstance(each, Option):
            assert len(each.choices) <= 25
            assert not (each.choices and each.completes)
            characters += sum(2 * len(choice) for choice in each.choices)
        else:
            assert len(each.options) <= 25
            assert len(each.subs) <= 25
            assert not (each.options and each.subs)
            needed = [option.is_required for option in each.options]
            assert needed == sorted(needed, reverse=True), "required options come first"
    assert characters <= 8000


@pytest.mark.parametrize(("command", "form"), list(_forms()), ids=lambda each: getattr(each, "name", each))
def test_every_form_is_read(command: str, form: Command) -> None:
    """With what it needs, and with all that it takes, it is a request of its command's sort."""
    sub = "" if form.name == command else form.name
    sort = {"flow": Question, "flowadmin": Steering}.get(command, Personal)
    for options in ([option for option in form.options if option.is_required], form.options):
        filled = {option.name: SAMPLES.get(option.name) or option.choices[0] for option in options}
        filled |= {option.name: option.choices[0] for option in options if option.choices and option.name != "what"}
        request = read_options(command, sub, filled)
        assert isinstance(request, Help if form.name == "help" else sort)
        assert getattr(request, "problem", "") == ""


@pytest.mark.parametrize("example", [example for command in COMMANDS for example in command.examples])
def test_our_own_examples_are_right(example: str) -> None:
    """What the help tells people to try works."""
    assert not isinstance(read_says(example), Help)
