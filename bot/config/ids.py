"""Ids of Discord's and Slack's members, roles and groups, as YAML holds them."""

import re
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

from bot.config.units import PLACEHOLDER

MENTION_PATTERN = r"^([0-9]{5,20}|[SUW][A-Z0-9]{2,20})$"
"""Snowflakes have 17 to 20 digits (Discord); user, group and Enterprise ids begin with U, S and W (Slack)."""


def _text_of_digits(raw: object) -> object:
    """An id without quotes is a number to YAML."""
    return str(raw) if isinstance(raw, int) and not isinstance(raw, bool) else raw


def _checked(pattern: str, expected: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(f"expected {expected}")
        return text

    return check


def _id(pattern: str, expected: str, about: str, *, is_digits: bool) -> Any:
    """The annotated string; digits may stand without quotes."""
    text = {"type": "string", "pattern": f"{pattern}|{PLACEHOLDER}"}
    shape = {"anyOf": [text, {"type": "integer", "minimum": 10_000}]} if is_digits else text
    return Annotated[
        str,
        BeforeValidator(_text_of_digits),
        AfterValidator(_checked(pattern, expected)),
        WithJsonSchema({**shape, "description": about}),
    ]


Mention = _id(
    MENTION_PATTERN,
    "a Discord role id (digits) or a Slack id (S…, U… or W…); nothing else ever pings",
    "A Discord role id (digits) or a Slack group or user id (S…, U…, W…).",
    is_digits=True,
)
DiscordId = _id(r"^[0-9]{5,20}$", "a Discord id: digits only", "A Discord id: digits.", is_digits=True)
SlackUser = _id(r"^[UW][A-Z0-9]{2,20}$", "a Slack user id (U…)", "A Slack user id: U….", is_digits=False)
SlackGroup = _id(r"^S[A-Z0-9]{2,20}$", "a Slack user group id (S…)", "A Slack user group id: S….", is_digits=False)
