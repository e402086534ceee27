"""`active_hours`: when a destination is posted to, as people write it in YAML."""

import re
from datetime import time
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from bot.config.units import PLACEHOLDER
from bot.model.terms import ActiveHours

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = get_args(Day)
CLOCK_PATTERN = r"^([01]?[0-9]|2[0-3]):[0-5][0-9]$"


def _parse_clock(text: object) -> time:
    if isinstance(text, time):
        return text
    if not isinstance(text, str) or not re.fullmatch(CLOCK_PATTERN, text):
        raise ValueError('expected a time of day in New York, such as "09:30" or "16:15"')
    hour, minute = text.split(":")
    return time(int(hour), int(minute))


Clock = Annotated[
    time,
    BeforeValidator(_parse_clock),
    WithJsonSchema({"type": "string", "pattern": f"{CLOCK_PATTERN}|{PLACEHOLDER}"}),
]


def _lowered(raw: object) -> object:
    return raw[:3].lower() if isinstance(raw, str) and len(raw) <= len("wednesday") else raw


class HoursSettings(BaseModel):
    """A daily window in New York time; one that ends before it begins goes on past midnight."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True, populate_by_name=True)

    begins: Clock = Field(alias="from", description='When posting begins, New York time: "09:25".')
    ends: Clock = Field(alias="to", description='When posting ends, New York time: "16:15".')
    days: list[Annotated[Day, BeforeValidator(_lowered)]] = Field(
        default_factory=lambda: list(DAYS[:5]), min_length=1, description="On which days; Monday to Friday unless told."
    )
    outside: Literal["digest", "drop"] = Field(
        "digest", description="What becomes of alerts outside: one digest at the next opening, or dropped (counted)."
    )

    @property
    def hours(self) -> ActiveHours:
        return ActiveHours(self.begins, self.ends, frozenset(DAYS.index(day) for day in self.days), self.outside)
