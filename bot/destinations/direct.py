"""Builds the destination that reaches one person; a platform's file is imported only when somebody there is told."""

from collections.abc import Awaitable, Callable, Collection
from importlib import import_module
from typing import Literal, Protocol, cast

from bot.destinations.catalog import Means
from bot.model.people import Platform, person_at
from bot.model.ports import Destination

Fault = Literal["", "person", "platform"]
"""Whose fault it is that a destination is dead: the person takes no messages; the platform will have nothing of ours at
all; or nobody can tell."""


class DirectMessages(Destination, Protocol):
    """Where one person is reached."""

    @property
    def fault(self) -> Fault:
        """Of the last refusal."""


class Direct:
    """Builds such destinations."""

    def __init__(self, means: Callable[[], Means], channel_of: Callable[[str], Awaitable[str | None]]) -> None:
        """`means`: as the configuration has them now. `channel_of`: where a destination's messages stood last."""
        self._means = means
        self._channel_of = channel_of

    @property
    def platforms(self) -> Collection[Platform]:
        """Where there is a bot that can write to people."""
        means = self._means()
        sections: dict[Platform, object] = {"discord": means.discord, "slack": means.slack}
        return [platform for platform, section in sections.items() if section is not None]

    async def build(self, name: str) -> DirectMessages | None:
        """The destination `dm:discord:123`; None where no bot can write there. Raises what `channel_of` raises."""
        platform, _, user = (person_at(name) or "").partition(":")
        if platform not in self.platforms:
            return None
        room = import_module(f"bot.destinations.{platform}_dm")
        return cast("DirectMessages", room.build(name, user, await self._channel_of(name), self._means()))
