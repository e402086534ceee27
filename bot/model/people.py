"""People who ask and watch, `discord:123` or `slack:U1`; and `dm:discord:123`, the destination that reaches one."""

from typing import Final, Literal

Platform = Literal["discord", "slack"]

DM: Final = "dm"
"""What all people's destinations are called together: a metric has no label for each."""


def person(platform: Platform, user: str) -> str:
    """`discord:123`: the platform, and its own id of the user."""
    return f"{platform}:{user}"


def destination_of(person: str) -> str:
    """`dm:discord:123`. YAML's names hold no colon."""
    return f"{DM}:{person}"


def person_at(destination: str) -> str | None:
    """Whom a destination reaches alone; None for one that YAML names."""
    head, colon, person = destination.partition(":")
    return person if colon and head == DM else None


def label(destination: str) -> str:
    """The destination's name as a metric's label."""
    return destination.partition(":")[0]
