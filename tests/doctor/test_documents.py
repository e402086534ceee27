"""What the doctor asks for is what the documents ask for, and what the code uses; neither more nor less."""

import re
from pathlib import Path
from typing import Any, Final

import yaml

from bot.doctor.discord_rights import MENTION_EVERYONE, RIGHTS, invite
from bot.doctor.slack import NEEDED, OPTIONAL

ROOT: Final = Path(__file__).parents[2]
DOCS: Final = ROOT / "docs"
HISTORY: Final = {"channels:history", "groups:history", "im:history"}
SCOPES: Final[dict[str, set[str]]] = {
    "apps.connections.open": set(),  # the app-level token's connections:write
    "auth.test": set(),
    "chat.postMessage": {"chat:write"},
    "chat.update": {"chat:write"},
    "conversations.history": HISTORY,  # of the conversation's kind; mpim:history is for groups of people
    "conversations.open": {"im:write"},  # for one person
    "files.completeUploadExternal": {"files:write"},
    "files.getUploadURLExternal": {"files:write"},
    "usergroups.users.list": {"usergroups:read"},
}
"""Each method's scopes for a bot: Slack's reference, "Facts" of every method's page, 2026-11."""
UNCALLED: Final = {"commands", "chat:write.public"}
"""What no method is called for: slash commands, and where chat.postMessage may post."""

_METHOD = re.compile(
    r'"((?:admin|apps|auth|bots|chat|conversations|files|im|reactions|team|usergroups|users|views)\.\w[\w.]+)"'
)
_SDK_CALL = re.compile(r"_web\.([a-z_]+)\(")
"""A method that slack-sdk calls for us."""


def methods() -> set[str]:
    """Every method of Slack's Web API that the code calls."""
    code = [path.read_text("utf-8") for path in (ROOT / "bot").rglob("*.py")]
    called = {found for text in code for found in _METHOD.findall(text)}
    return called | {found.replace("_", ".") for text in code for found in _SDK_CALL.findall(text)}


def section(page: str, heading: str) -> str:
    """What stands under a heading of a page of docs/."""
    text = (DOCS / page).read_text("utf-8")
    return text.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def test_the_scopes_are_those_of_the_methods_that_are_called() -> None:
    assert methods() == SCOPES.keys()
    assert set[str]().union(*SCOPES.values(), UNCALLED) == {*NEEDED, *OPTIONAL}


def test_the_manifest_asks_for_the_same_scopes() -> None:
    """What is optional stands there behind a #, to be uncommented."""
    text = (DOCS / "slack-manifest.yaml").read_text("utf-8")
    manifest: Any = yaml.safe_load(text)
    assert manifest["oauth_config"]["scopes"]["bot"] == list(NEEDED)
    assert re.findall(r"^ +# - (\S+)$", text, re.MULTILINE) == list(OPTIONAL)


def test_the_set_up_explains_the_same_scopes() -> None:
    explained = re.findall(r"^\| `(\S+)` \|", section("slack.md", "What each scope is for"), re.MULTILINE)
    assert explained == [*NEEDED, *OPTIONAL]


def test_the_set_up_shows_the_same_invitation() -> None:
    """The link, and the permissions in it by their names: View Channel and so on."""
    page = " ".join(section("discord.md", "The bot").split())
    assert invite("YOUR_APPLICATION_ID") in page
    assert [right for right in RIGHTS if right not in page] == []
    assert sum(RIGHTS.values()) == 274878024704
    assert not sum(RIGHTS.values()) & MENTION_EVERYONE, "asked of no server that does not need it"
