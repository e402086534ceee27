"""Who asks, as the platform says; and whether they may steer."""

from collections.abc import Collection

import msgspec

from bot.engine.settings import AdminSettings
from bot.model.people import Platform, person

ADMINISTRATOR, MANAGE_GUILD = 1 << 3, 1 << 5
"""Discord, "Permissions", bitwise flags."""


class Asker(msgspec.Struct, frozen=True):
    """One member, at one question."""

    platform: Platform
    user: str
    """The platform's id."""
    name: str = ""
    """As the platform shows it: anything."""
    place: str = ""
    """The Discord server or Slack workspace; empty in a direct message on Discord."""
    is_admin: bool = False
    """May steer."""

    @property
    def person(self) -> str:
        return person(self.platform, self.user)


def may_steer_discord(
    admin: AdminSettings,
    *,
    user: str,
    roles: Collection[str],
    permissions: int,
    guild: str,
    guilds: Collection[str],
) -> bool:
    """Whether a Discord member may steer: named in the configuration, or in charge of a server that it names.

    Who manages any other server counts for nothing: whoever invites a public bot manages the server he does it from.
    """
    manages = bool(permissions & (ADMINISTRATOR | MANAGE_GUILD)) and guild in guilds
    return user in admin.discord_users or not set(roles).isdisjoint(admin.discord_roles) or manages


def may_steer_slack(admin: AdminSettings, *, user: str, group_members: Collection[str] = ()) -> bool:
    """Whether a Slack user may steer; `group_members` are those of `admin.slack_groups`."""
    return user in admin.slack_users or user in group_members
