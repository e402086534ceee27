"""What a Discord bot may do in a channel, worked out as Discord documents it ("Permission Overwrites"). Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

ADMINISTRATOR: Final = 1 << 3
MENTION_EVERYONE: Final = 1 << 17
"""For roles that not everybody may mention; asked of no server that does not need it."""
NEEDED: Final = {
    "View Channel": 1 << 10,
    "Send Messages": 1 << 11,
    "Send Messages in Threads": 1 << 38,
    "Embed Links": 1 << 14,
}
ATTACH_FILES: Final = "Attach Files"
OPTIONAL: Final = {ATTACH_FILES: 1 << 15, "Read Message History": 1 << 16}
WHY: Final = {ATTACH_FILES: "for pictures", "Read Message History": "to look for a message whose answer was lost"}
RIGHTS: Final = NEEDED | OPTIONAL
"""What the bot uses, and no more. Discord, "Permissions: Bitwise Permission Flags", 2026-11."""
ALL: Final = (1 << 60) - 1


class Role(msgspec.Struct, frozen=True):
    """A role of a server; the one with the server's own id is everyone's."""

    id: str
    permissions: int = 0
    name: str = ""
    mentionable: bool = False
    """Everybody may mention it."""


class Overwrite(msgspec.Struct, frozen=True):
    """What a channel grants or takes away from a role or a member."""

    id: str
    allow: int = 0
    deny: int = 0


def invite(application_id: str) -> str:
    """The link by which a server's manager lets the bot in, with exactly the rights that it uses."""
    query = f"client_id={application_id}&scope=bot+applications.commands&permissions={sum(RIGHTS.values())}"
    return f"https://discord.com/oauth2/authorize?{query}"


def rights(roles: Iterable[Role], own: Iterable[str], overwrites: Sequence[Overwrite], *, user: str, guild: str) -> int:
    """A member's permissions in a channel: its `own` roles', then the channel's for everyone, for roles, for itself."""
    ours = {guild, *own}
    granted = 0
    for role in roles:
        if role.id in ours:
            granted |= role.permissions
    if granted & ADMINISTRATOR:
        return ALL
    for whose in ({guild}, ours - {guild}, {user}):
        there = [row for row in overwrites if row.id in whose]
        for row in there:
            granted &= ~row.deny
        for row in there:
            granted |= row.allow
    return granted


def lacking(granted: int, among: Mapping[str, int], *, is_thread: bool) -> list[str]:
    """The names of those rights `among` these that are not granted, and would be used there."""
    elsewhere = "Send Messages" if is_thread else "Send Messages in Threads"
    return [name for name, bit in among.items() if name != elsewhere and not granted & bit]
