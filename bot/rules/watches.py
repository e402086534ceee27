"""How a watch, a rule that a command made, is kept: JSON as the YAML would hold it, with what was typed."""

from typing import Any, Final, get_args

import msgspec

from bot.config.units import write_duration
from bot.model.people import DM, Platform

TEXT: Final = "text"
"""The key of what was typed; no rule has it."""

_PLATFORMS: Final = get_args(Platform)


def watch_body(when: str, text: str, cooldown_s: float) -> str:
    """A watch whose alerts go to its owner alone; `when` is JSON, `text` what its owner typed."""
    cooldown = write_duration(cooldown_s)
    rule = {"when": msgspec.Raw(when.encode()), "send_to": [DM], "cooldown": cooldown, TEXT: text}
    return msgspec.json.encode(rule).decode()


def keys_of(body: str) -> dict[str, Any]:
    """What the body says, with the text among it. Raises msgspec.DecodeError for what is no JSON object."""
    return msgspec.json.decode(body, type=dict[str, Any])


def text_of(body: str) -> str:
    """What its owner typed; of a watch that was made otherwise, what it asks, as JSON."""
    try:
        found = keys_of(body)
    except msgspec.DecodeError:
        return body
    text = found.get(TEXT)
    return text if isinstance(text, str) and text else msgspec.json.encode(found.get("when")).decode()


def is_person(owner: str) -> bool:
    """Whether a watch's owner can be told by direct message; commands of other processes name whomever they like."""
    platform, _, user = owner.partition(":")
    return platform in _PLATFORMS and bool(user)
