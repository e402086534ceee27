"""What the documents show is so: commands can be typed, YAML is a configuration, and nothing is left out."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from bot.cli import flowbot
from bot.commands.forms import COMMANDS, Command
from bot.commands.reading import read_text
from bot.commands.requests import Help
from bot.config.document import parse
from bot.settings import examine_document

ROOT: Final = Path(__file__).parents[1]
README: Final = (ROOT / "README.md").read_text("utf-8")
PAGES: Final = {
    name: (ROOT / "docs" / f"{name}.md").read_text("utf-8") for name in ("commands", "discord", "reports", "slack")
}
WORDS: Final = {"NAME": "nvda", "ID": "k3v9x2ab", "DESTINATION": "desk"}
"""What a reader puts in the place of what stands in capitals."""
VARIABLES: Final = {
    "DISCORD_BOT_TOKEN": "fake", "DISCORD_WEBHOOK_URL": "https://discord.com/api/webhooks/1/fake",
    "SLACK_APP_TOKEN": "xapp-fake", "SLACK_BOT_TOKEN": "xoxb-fake", "WEBHOOK_SECRET": "fake",
    "SLACK_WEBHOOK_URL": "https://hooks.slack.com/services/T0/B0/fake",
}  # fmt: skip
USUAL: Final[Mapping[str, Any]] = {
    "providers": {"radarpulse": {"type": "radarpulse", "api_key": "fake"}},
    "destinations": {name: {"type": "console"} for name in ("desk", "public-hook", "terminal", "whale-room")},
    "rules": [{"name": "whales", "when": {"premium": ">= 1M"}, "send_to": ["desk"]}],
}
"""What a block of a page is a part of."""

_TYPED = re.compile(r"`(/(?:flow|watch|snooze|flowadmin)\b[^`]*)`")
_BRACKETS = re.compile(r" \[([^\]]*)\]")


def subcommands() -> Iterator[tuple[str, Command]]:
    """Each as it is typed: `flow top`, `snooze`."""
    for command in COMMANDS:
        if not command.subs:
            yield command.name, command
        for sub in command.subs:
            yield f"{command.name} {sub.name}", sub


def shown() -> list[str]:
    """Every command in the pages and the README, as a reader would type it: without what may be left out, and with."""
    return [typed for page in (README, *PAGES.values()) for form in _TYPED.findall(page) for typed in variants(form)]


def variants(form: str) -> Iterator[str]:
    """`/flow heatmap [by]` without the brackets; `pause [for 30m]` with what is in them too; `rule\\|ticker` each."""
    for word in WORDS:
        form = re.sub(rf"\b{word}\b", WORDS[word], form)
    either = re.search(r"[a-z]+(?:\\\|[a-z]+)+", form)
    for choice in either[0].split("\\|") if either else [""]:
        one = form.replace(either[0], choice) if either else form
        yield _BRACKETS.sub("", one)
        if any(" " in inside for inside in _BRACKETS.findall(one)):
            yield _BRACKETS.sub(r" \1", one)


@pytest.mark.parametrize("typed", sorted({typed for typed in shown() if " " in typed}))
def test_every_command_that_is_shown_can_be_typed(typed: str) -> None:
    command, _, text = typed.removeprefix("/").partition(" ")
    request = read_text(command, text)
    assert not isinstance(request, Help) or (text == "help" and not request.problem), request


@pytest.mark.parametrize(("typed", "form"), [pytest.param(*each, id=each[0]) for each in subcommands()])
def test_every_command_is_shown(typed: str, form: Command) -> None:
    """On the page of commands, and with its options where brackets name any."""
    page = PAGES["commands"]
    assert re.search(rf"`/{typed}\b", page)
    options = [option.name for option in form.options]
    for line in _TYPED.findall(page):
        if re.match(rf"/{typed}\b", line):
            named = [inside.split()[0] for inside in _BRACKETS.findall(line)]
            assert [name for name in named if name not in options] == []
            assert not named or {*named} >= {option.name for option in form.options if not option.is_required}


def blocks() -> list[Any]:
    pages = {"README": README, **PAGES}
    found = [(name, text) for name, page in pages.items() for text in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)]
    return [pytest.param(text, id=f"{name} {index}") for index, (name, text) in enumerate(found)]


@pytest.mark.parametrize("text", blocks())
def test_every_block_is_a_configuration(text: str, tmp_path: Path) -> None:
    """Beside what it leaves out; and nothing in it is warned of."""
    block = parse(text, "block", VARIABLES)
    assert block.problems == ()
    assert isinstance(block.value, dict)
    needed = {"discord": {"token": "fake"}, "slack": {"bot_token": "fake"}}
    whole = {**needed, **USUAL, **block.value}
    whole["destinations"] = {**USUAL["destinations"], **whole["destinations"]}
    found = examine_document(parse(yaml.safe_dump(whole), "whole", {}), tmp_path)
    assert found.problems == ()
    assert found.settings is not None
    assert found.settings.warnings == ()


def test_the_readme_has_every_command_of_the_command_line() -> None:
    rows = re.findall(r"^\| `flowbot ([a-z-]+)", README, re.MULTILINE)
    assert sorted(rows) == sorted(flowbot.commands)


def test_the_example_has_every_variable() -> None:
    """What config.example.yaml names can be filled in where .env.example was copied."""
    named = set(re.findall(r"\$\{([A-Z_]+)\}", (ROOT / "config.example.yaml").read_text("utf-8")))
    offered = set(re.findall(r"^([A-Z_]+)=$", (ROOT / ".env.example").read_text("utf-8"), re.MULTILINE))
    assert named == offered


def test_links_between_the_pages_lead_somewhere() -> None:
    for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for link in re.findall(r"\]\((?!https?://)([^)#]+)", path.read_text("utf-8")):
            assert (path.parent / link).exists(), f"{path.name}: {link}"
