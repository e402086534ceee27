"""What a Discord bot may do in a channel, worked out as Discord documents it ("Permission Overwrites"). Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

ADMINISTRATOR: Final = 1 << 3
RIGHTS: Final = {
    "View Channel": 1 << 10,
    "Send Messages": 1 << 11,
    "Embed Links": 1 << 14,
    "Attach Files": 1 << 15,
    "Read Message History": 1 << 16,
    "Send Messages in Threads": 1 << 38,
}
"""What the bot needs, and no more. Discord, "Permissions: Bitwise Permission Flags", 2026-11."""
ALL: Final = (1 << 60) - 1
THREADS: Final = (10, 11, 12)
"""Channel types: announcement, public and private thread."""


def invite(application_id: str) -> str:
    """The link by which a server's manager lets the bot in, with exactly the rights that it needs."""
    query = f"client_id={application_id}&scope=bot+applications.commands&permissions={sum(RIGHTS.values())}"
    return f"https://discord.com/oauth2/authorize?{query}"


def rights(
    roles: Iterable[Mapping[str, Any]], member: Mapping[str, Any], guild: str, overwrites: Sequence[Mapping[str, Any]]
) -> int:
    """The member's permissions in a channel: its roles', then the channel's own for everyone, for roles, for itself."""
    own = {guild, *member.get("roles", ())}
    granted = 0
    for role in roles:
        if role.get("id") in own:
            granted |= int(role.get("permissions", 0))
    if granted & ADMINISTRATOR:
        return ALL
    by_id = {row.get("id"): row for row in overwrites}
    user = member.get("user", {}).get("id")
    for rows in ([by_id.get(guild)], [by_id.get(role) for role in own - {guild}], [by_id.get(user)]):
        there = [row for row in rows if row]
        for row in there:
            granted &= ~int(row.get("deny", 0))
        for row in there:
            granted |= int(row.get("allow", 0))
    return granted


def lacking(granted: int, *, is_thread: bool) -> list[str]:
    """The names of the rights that are needed there and not granted."""
    elsewhere = "Send Messages" if is_thread else "Send Messages in Threads"
    return [name for name, bit in RIGHTS.items() if name != elsewhere and not granted & bit]
