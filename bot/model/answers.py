"""What is shown to whoever asks, on whatever platform, or posted as a report: text, a picture, and what to press next.

Every text may hold words from upstream or from the asker: the platform's own renderer escapes it.
"""

from typing import Final, Literal

import msgspec

Tone = Literal["bull", "bear", "neutral", "trouble"]

MAX_ID: Final = 100
"""Characters of what a button is known by (Discord, "Component Reference": custom_id; Slack takes 2,000 in a value)."""
_REPLACES, _ANSWERS = "~", "="


class Part(msgspec.Struct, frozen=True):
    """Some lines under a heading; the heading may be empty."""

    heading: str
    lines: tuple[str, ...]


class Picture(msgspec.Struct, frozen=True):
    """A picture, whose answer says the same in words."""

    name: str
    """`heatmap.png`: letters, digits, `-` and `.`."""
    png: bytes
    alt: str
    """What a screen reader says; at most 1,000 characters."""


class Button(msgspec.Struct, frozen=True):
    """Something to press. It holds the question itself, so it works for ever, and whoever answers remembers nothing."""

    label: str
    """At most 75 characters."""
    says: str
    """A command as text, without the slash: `flow why 7kq2m9xd`. Whoever presses it asks that."""
    is_replacing: bool = False
    """The answer takes the place of the message that the button is on: the next page."""
    is_for_admins: bool = False
    """Shown to all, obeyed for admins; painted as a warning where the platform can."""

    @property
    def id(self) -> str:
        """What the platform sends back when it is pressed; longer than `MAX_ID`, the button cannot be shown."""
        return (_REPLACES if self.is_replacing else _ANSWERS) + self.says


class Pressed(msgspec.Struct, frozen=True):
    """A button's id, read back."""

    says: str
    is_replacing: bool


def pressed(button_id: str) -> Pressed | None:
    """What was pressed; None where the id is none of ours."""
    mark, says = button_id[:1], button_id[1:]
    return Pressed(says, mark == _REPLACES) if says and mark in (_REPLACES, _ANSWERS) else None


class Answer(msgspec.Struct, frozen=True):
    """What to show."""

    title: str
    parts: tuple[Part, ...]
    tone: Tone = "neutral"
    is_private: bool = False
    """For the asker's eyes alone, where the platform can still choose."""
    source: str = ""
    """Where it comes from: `radarpulse`, `this session's prints`; shown last. Empty: from flowbot itself."""
    picture: Picture | None = None
    buttons: tuple[Button, ...] = ()
    """At most 5, in one row."""
