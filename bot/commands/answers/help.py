"""What can be asked, as the table of forms has it."""

from bot.commands.answers.wording import MAX_LINE, parts_of, trouble
from bot.commands.forms import COMMANDS, Command, Option, command_of
from bot.commands.requests import Help
from bot.model.answers import Answer, Part
from bot.render.words import one_line


def help_(asked: Help) -> Answer:
    """One command's help; where the question was wrong, what was wrong with it, and no more than that needs."""
    try:
        command = command_of(asked.command)
    except KeyError:
        command = COMMANDS[0]
    if asked.problem:
        return _mending(asked.problem, command, asked.sub)
    others = tuple(f"/{each.name}: {_about(each)}" for each in COMMANDS if each != command)
    parts = parts_of(Part("", _usages(command)), Part("Try", command.examples), Part("Also", others))
    return Answer(f"/{command.name}: {_about(command)}", parts, is_private=True)


def _mending(problem: str, command: Command, sub: str) -> Answer:
    """The options of what was asked, and how it is typed."""
    form = next((each for each in command.subs if each.name == sub), command)
    typed = f"/{command.name} {sub}".rstrip()
    examples = tuple(each for each in command.examples if each.startswith(f"{typed} ")) or command.examples
    answer = trouble("That did not work", one_line(problem, MAX_LINE))
    parts = parts_of(*answer.parts, Part(typed, tuple(map(_option, form.options))), Part("Try", examples))
    more = Part("", (f"/{command.name} help tells all that it can.",)) if command.subs else Part("", ())
    return Answer(answer.title, (*parts, *parts_of(more)), answer.tone, is_private=True)


def _option(option: Option) -> str:
    choices = f": {', '.join(option.choices)}" if option.choices else ""
    return f"{option.name} · {option.about}{choices}"


def _usages(command: Command) -> tuple[str, ...]:
    return tuple(_usage(f"/{command.name} {sub.name}", sub) for sub in command.subs) or (
        _usage(f"/{command.name}", command),
    )


def _usage(typed: str, command: Command) -> str:
    """`/flow ticker <symbol>: One underlying's day …`: with what it cannot do without."""
    needed = (f"<{option.name}>" for option in command.options if option.is_required)
    return f"{' '.join((typed, *needed))}: {command.about}"


def _about(command: Command) -> str:
    return f"{command.about} (admins)" if command.is_for_admins else command.about
