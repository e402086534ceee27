"""Reading what a request points at: an alert or a message, a watch, a rule or a destination.

What is wrong is a ValueError: whole sentences that say what to try.
"""

import re

from bot.commands.values import shown
from bot.config.names import NAME_PATTERN

_NAME = re.compile(NAME_PATTERN)
_ALERT_ID = re.compile(r"[a-z0-9]{4,16}")
_DISCORD_LINK = re.compile(
    r"https://(?:ptb\.|canary\.)?discord(?:app)?\.com/channels/(?:[0-9]+|@me)/[0-9]+/(?P<message>[0-9]{15,20})/?"
)
"""Discord, "Message Link"; with either domain and any of the three clients."""
_SNOWFLAKE = re.compile(r"[0-9]{15,20}")
_SLACK_LINK = re.compile(
    r"https://[a-z0-9.-]+\.slack\.com/archives/[A-Z0-9]+/p(?P<seconds>[0-9]{10})(?P<rest>[0-9]{6})(?:\?\S*)?",
    re.IGNORECASE,
)
"""chat.getPermalink: the `ts` without its point; a reply's link goes on with ?thread_ts=."""
_SLACK_TS = re.compile(r"[0-9]{10}\.[0-9]{6}")
_NUMBERED = re.compile(r"#?\s*([0-9]{1,15})\b.*", re.DOTALL)


def name(what: str, text: str) -> str:
    """A rule's or a destination's, as YAML has it."""
    found = text.strip().lower()
    if not _NAME.fullmatch(found):
        raise ValueError(f'"{shown(text)}" is no name of a {what}: they are as in the configuration, such as desk.')
    return found


def alert(text: str) -> str:
    """An alert's id."""
    found = text.strip().strip("#`").lower()
    if not _ALERT_ID.fullmatch(found):
        raise ValueError(f'"{shown(text)}" is no alert id: it is the eight letters and digits in the alert\'s footer.')
    return found


def alert_or_message(text: str) -> str:
    """An alert's id; or a message's, from its link on either platform: Discord's digits, Slack's `ts`."""
    bare = text.strip().strip("`").removeprefix("<").removesuffix(">").partition("|")[0].strip()
    if found := _DISCORD_LINK.fullmatch(bare):
        return found["message"]
    if found := _SLACK_LINK.fullmatch(bare):
        return f"{found['seconds']}.{found['rest']}"
    if _SNOWFLAKE.fullmatch(bare) or _SLACK_TS.fullmatch(bare):
        return bare
    if "://" in bare:
        raise ValueError(f'"{shown(bare)}" is no link to a message: copy it from the message\'s own menu.')
    return alert(text)


def delivery(text: str) -> str:
    """An alert's id, or `id@destination`."""
    wanted, at, destination = text.strip().partition("@")
    return f"{alert(wanted)}@{name('destination', destination)}" if at else alert(wanted)


def watch(text: str) -> int | None:
    """Its number, whatever follows it; None: all."""
    if text.strip().casefold() == "all":
        return None
    found = _NUMBERED.fullmatch(text.strip())
    if found is None:
        raise ValueError(f'"{shown(text)}" is no watch: say its number, as /watch list shows it, or all.')
    return int(found[1])
