"""What can be asked, as the table of forms has it."""

from bot.commands.answers.wording import MAX_LINE
from bot.commands.forms import COMMANDS, Command, command_of
from bot.model.answers import Answer, Part
from bot.render.words import one_line


def help_(problem: str, command: str) -> Answer:
    """One command's help; `problem` says what was wrong with the question, if anything."""
    try:
        asked = command_of(command)
    except KeyError:
        asked = COMMANDS[0]
    others = tuple(f"/{each.name}: {_about(each)}" for each in COMMANDS if each.name != asked.name)
    parts = (Part("Commands", _usages(asked)), Part("Try", asked.examples), Part("Also", others))
    shown = tuple(part for part in parts if part.lines)
    if not problem:
        return Answer("What you can ask", shown, is_private=True)
    return Answer("That did not work", (Part("", (one_line(problem, MAX_LINE),)), *shown), "trouble", is_private=True)


def _usages(command: Command) -> tuple[str, ...]:
    return tuple(_usage(f"/{command.name} {sub.name}", sub) for sub in command.subs) or (
        _usage(f"/{command.name}", command),
    )


def _usage(typed: str, command: Command) -> str:
    """`/flow ticker symbol: One underlying's day …`: with what it cannot do without."""
    needed = (option.name for option in command.options if option.is_required)
    return f"{' '.join((typed, *needed))}: {command.about}"


def _about(command: Command) -> str:
    return f"{command.about} (admins)" if command.is_for_admins else command.about
