"""What a configuration wants of a destination beyond plain alerts: pictures of reports, mentions of roles. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from bot.settings import Settings

PICTURED: Final = ("heatmap", "recap")
"""What reports show with a picture."""


@dataclass(frozen=True, slots=True)
class Wants:
    """Of one destination."""

    pictured: tuple[str, ...] = ()
    """The reports whose picture goes there."""
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Discord role -> the rules that mention it there."""


def wants_of(settings: Settings, destination: str) -> Wants:
    """What reports and rules that post to `destination` need there."""
    pictured = (report.name for report in settings.reports if destination in report.send_to and report.show in PICTURED)
    roles: dict[str, tuple[str, ...]] = {}
    for rule in settings.rules:
        for mention in rule.route.mentions if destination in rule.route.send_to else ():
            if mention.isdecimal():  # the others are Slack's
                roles[mention] = (*roles.get(mention, ()), rule.name)
    return Wants(tuple(pictured), roles)
