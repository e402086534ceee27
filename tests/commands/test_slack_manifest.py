"""The app manifest: what Slack is told of the commands, and the scopes that the set-up explains."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.commands.forms import COMMANDS, Command, command_of

DOCS = Path(__file__).parents[2] / "docs"
MANIFEST = DOCS / "slack-manifest.yaml"
SET_UP = DOCS / "slack.md"


@pytest.fixture
def manifest() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(MANIFEST.read_text("utf-8"))
    return found


def slash(manifest: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["command"].removeprefix("/"): one for one in manifest["features"]["slash_commands"]}


def test_its_commands_are_ours(manifest: dict[str, Any]) -> None:
    """All of them and no other, about what they are about; text comes as it was typed."""
    assert list(slash(manifest)) == [command.name for command in COMMANDS]
    for name, shown in slash(manifest).items():
        assert shown["description"].startswith(command_of(name).about)
        assert shown.keys() == {"command", "description", "usage_hint", "should_escape"}
        assert not shown["should_escape"]


@pytest.mark.parametrize("command", [command for command in COMMANDS if command.subs], ids=lambda one: one.name)
def test_its_hints_name_every_subcommand(manifest: dict[str, Any], command: Command) -> None:
    """And none that is not there."""
    hint = slash(manifest)[command.name]["usage_hint"]
    assert [part.split()[0] for part in hint.split(" | ")] == [sub.name for sub in _as_hinted(command, hint)]


def _as_hinted(command: Command, hint: str) -> list[Command]:
    """Every subcommand, in the order of the hint."""
    return sorted(command.subs, key=lambda sub: [part.split()[0] for part in hint.split(" | ")].index(sub.name))


def test_it_keeps_slacks_limits(manifest: dict[str, Any]) -> None:
    """Of the manifest's reference: names of 35 characters, descriptions of 140, long ones of 175 to 4000."""
    about = manifest["display_information"]
    assert len(about["name"]) <= 35
    assert len(about["description"]) <= 140
    assert 175 <= len(about["long_description"]) <= 4000
    assert re.fullmatch(r"#[0-9a-f]{6}", about["background_color"])
    assert len(manifest["features"]["bot_user"]["display_name"]) <= 80
    for shown in slash(manifest).values():
        assert len(shown["description"]) <= 2000
        assert len(shown["usage_hint"]) <= 1000


def test_it_listens_without_a_public_address(manifest: dict[str, Any]) -> None:
    """Socket Mode, and what is pressed; direct messages can be written and read."""
    settings = manifest["settings"]
    assert settings["socket_mode_enabled"]
    assert settings["interactivity"] == {"is_enabled": True}
    assert "event_subscriptions" not in settings
    assert manifest["features"]["app_home"]["messages_tab_enabled"]


def test_every_scope_is_explained(manifest: dict[str, Any]) -> None:
    """Those that it asks for, then those behind a #, as docs/slack.md has them, in the same order."""
    wanted = manifest["oauth_config"]["scopes"]["bot"]
    optional = re.findall(r"^ +# - ([a-z.:]+)$", MANIFEST.read_text("utf-8"), re.MULTILINE)
    explained = re.findall(r"^\| `([a-z.]+(?::[a-z.]+)?)` \|", SET_UP.read_text("utf-8"), re.MULTILINE)
    assert wanted == ["chat:write", "commands", "im:write"]
    assert [*wanted, *optional] == explained
