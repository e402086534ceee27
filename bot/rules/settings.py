"""What an admin writes about one rule."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from bot.config.names import Name
from bot.config.units import PLACEHOLDER, Duration
from bot.model.alerts import Priority
from bot.model.terms import RepeatMode
from bot.rules.when_schema import WhenSchema

MENTION_PATTERN = r"^([0-9]{5,20}|[SUW][A-Z0-9]{2,20})$"
"""Snowflakes have 17 to 20 digits (Discord); user, group and Enterprise ids begin with U, S and W (Slack)."""


def _parse_mention(text: str) -> str:
    if not re.fullmatch(MENTION_PATTERN, text):
        raise ValueError("expected a Discord role id (digits) or a Slack id (S…, U… or W…); nothing else ever pings")
    return text


def _text_of_digits(raw: object) -> object:
    """An id without quotes is a number to YAML."""
    return str(raw) if isinstance(raw, int) and not isinstance(raw, bool) else raw


Mention = Annotated[
    str,
    BeforeValidator(_text_of_digits),
    AfterValidator(_parse_mention),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": f"{MENTION_PATTERN}|{PLACEHOLDER}"},
                {"type": "integer", "minimum": 10_000},
            ],
            "description": "A Discord role id (digits) or a Slack group or user id (S…, U…, W…).",
        }
    ),
]


class RuleSettings(BaseModel):
    """One rule: which prints matter, where they are posted, and how often."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    name: Name = Field(description="Your name for the rule; it is shown in alerts and labels metrics.")
    when: Annotated[dict[str, Any], WhenSchema()] = Field(description="What a print must be; all of it must hold.")
    send_to: list[str] = Field(min_length=1, description="Names of destinations.")
    cooldown: Duration = Field(0.0, description="How long the same thing stays quiet after an alert; 0: never quiet.")
    cooldown_by: Literal["contract", "ticker", "rule"] = Field(
        "contract", description="What 'the same thing' is: a contract, a ticker, or anything that this rule matches."
    )
    priority: Priority = Field("normal", description="Who goes first when a channel is full.")
    max_age: Duration | None = Field(
        None, description="An alert that waited longer goes to the digest; default: the destination's max_age."
    )
    repeats: RepeatMode | None = Field(
        None,
        description="The same contract and side again inside the cooldown: edit the earlier message, post anew, or "
        "drop; default: the destination's repeats.",
    )
    mention: list[Mention] = Field(
        default_factory=list,
        description="Who is pinged: Discord role ids and Slack ids; each platform takes its own.",
    )
