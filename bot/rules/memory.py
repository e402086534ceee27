"""What an admin writes about a rule that remembers, and what the engine makes of it."""

import re
from functools import partial
from hashlib import blake2b
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from bot.config.units import Fraction, Money, write_duration
from bot.model.memory import By, Count, First, Memory, Remembering, Share, Spike, Steady, Total
from bot.rules.bounds import MoneyFloor, Span
from bot.rules.clauses import Node
from bot.rules.explain import constant, describe, holds
from bot.rules.vocabulary import FACTS
from bot.rules.when_schema import ClausesSchema

MOST_PRINTS = 10_000
"""That one key may have to be counted to."""
MIN_COUNT = 10
"""Prints of which a share is worth telling, unless the rule says otherwise: one of one is 100 % of nothing."""


def _parse_count(count: int) -> int:
    if count < 2:
        raise ValueError("expected 2 or more; a rule without count fires on every print")
    return count


class _Keyed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    by: By = Field(
        "contract", description="What is taken together: a contract's prints, a ticker's, or all that the rule matches."
    )


class CountSettings(_Keyed):
    """At least so many prints within a time. They are then spent, and the count begins anew."""

    at_least: Annotated[int, AfterValidator(_parse_count)] = Field(
        le=MOST_PRINTS,
        json_schema_extra={"minimum": 2},
        description="How many prints, the one at hand included; 2 or more.",
    )
    within: Span = Field(description="Within what time they come, by their own clock: 10m.")

    @property
    def memory(self) -> Count:
        return Count(self.at_least, self.within, self.by)

    @property
    def text(self) -> str:
        return f"count at least {self.at_least} within {write_duration(self.within)} by {self.by}"


class TotalSettings(_Keyed):
    """Prints within a time whose premiums together reach a sum. They are then spent, and the sum begins anew."""

    premium: MoneyFloor = Field(description="The sum: '>= 5M', '> 5M' or 5M. A print without a premium adds nothing.")
    within: Span = Field(description="Within what time they come, by their own clock: 15m.")

    @property
    def memory(self) -> Total:
        return Total(self.premium.premium_usd, self.within, self.by, self.premium.is_strict)

    @property
    def text(self) -> str:
        sign = ">" if self.premium.is_strict else ">="
        return (
            f"total premium {sign} {_usd(self.premium.premium_usd)} within {write_duration(self.within)} by {self.by}"
        )


class FirstSettings(_Keyed):
    """The first print in a long time. Silent until the memory, or the tape that filled it, covers that time."""

    within: Span = Field(description="In what time none was seen before it: 5d.")

    @property
    def memory(self) -> First:
        return First(self.within, self.by)

    @property
    def text(self) -> str:
        return f"first within {write_duration(self.within)} by {self.by}"


class SpikeSettings(_Keyed):
    """Far more than usual. Fires once, and again only after it fell below; silent until both times are covered."""

    factor: float = Field(gt=1, allow_inf_nan=False, description="How many times the usual: 4. More than 1.")
    window: Span = Field(description="The time that is looked at, up to the print at hand: 10m.")
    against: Span = Field(
        description="The time before it, whose mean over as long a window is the usual: 1h. No shorter than window."
    )
    of: Literal["premium", "count"] = Field("premium", description="Whether premium is added up, or prints.")
    minimum: Money | None = Field(
        None,
        alias="min",
        description="What the window must hold at least: money for premium, a whole number of prints for count.",
    )

    @field_validator("minimum", mode="before")
    @classmethod
    def _parse_minimum(cls, raw: Any, info: ValidationInfo) -> Any:
        if info.data.get("of") != "count" or raw is None:
            return raw
        if isinstance(raw, bool) or not re.fullmatch(r"\s*[0-9]{1,9}\s*", str(raw)):
            raise ValueError("expected a whole number of prints")
        return float(raw)

    @model_validator(mode="after")
    def _check(self) -> "SpikeSettings":
        if self.against < self.window:
            raise ValueError("against must not be shorter than window, or nothing would be usual")
        return self

    @property
    def memory(self) -> Spike:
        return Spike(self.factor, self.window, self.against, self.by, self.of, self.minimum)

    @property
    def text(self) -> str:
        least = "" if self.minimum is None else _usd(self.minimum) if self.of == "premium" else f"{self.minimum:g}"
        return (
            f"spike of {self.of} to {self.factor:g} times the usual in {write_duration(self.window)} "
            f"against {write_duration(self.against)}{f', at least {least},' if least else ''} by {self.by}"
        )


class ShareSettings(_Keyed):
    """So large a part of the prints within a time is of one sort. They are then spent, and the window begins empty."""

    of: Annotated[Any, ClausesSchema()] = Field(description="The sort: clauses as in when.")
    at_least: Fraction = Field(description="How large a part of the prints: 70% or 0.7.")
    within: Span = Field(description="Within what time they come, by their own clock: 10m.")
    min_count: int = Field(MIN_COUNT, ge=1, le=MOST_PRINTS, description="Of how many prints at least.")

    def memory_of(self, sort: str) -> Share:
        return Share(sort, self.at_least, self.within, self.min_count, self.by)

    def text_of(self, sort: str) -> str:
        part = f"{self.at_least * 100:.15g}%"
        return (
            f"share of {sort} at least {part} within {write_duration(self.within)}, "
            f"of {self.min_count} prints or more, by {self.by}"
        )


class SteadySettings(_Keyed):
    """A print again and again, without a pause, for a time. Then the run begins anew."""

    every: Span = Field(description="The longest pause between two prints: 5m. Shorter than for.")
    lasting: Span = Field(alias="for", description="For how long on end: 60m.")

    @model_validator(mode="after")
    def _check(self) -> "SteadySettings":
        if self.every >= self.lasting:
            raise ValueError("every must be shorter than for")
        return self

    @property
    def memory(self) -> Steady:
        return Steady(self.every, self.lasting, self.by)

    @property
    def text(self) -> str:
        return f"steady every {write_duration(self.every)} for {write_duration(self.lasting)} by {self.by}"


class SilenceSettings(BaseModel):
    """No print at all from a provider while regular trading is on. Told once, and once more when prints come again."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    lasting: Span = Field(
        alias="for", description="For how long, by the market's clock: 10m. Before the open does not count."
    )


MemorySettings = CountSettings | TotalSettings | FirstSettings | SpikeSettings | ShareSettings | SteadySettings


def remembering(rule: str, asked: MemorySettings, when: Node | None, sort: Node | None) -> Remembering:
    """What the engine needs of a rule's memory. Its id follows from what the rule says, watchlists by their names."""
    if isinstance(asked, ShareSettings):
        words = describe(sort) if sort else ""
        memory: Memory = asked.memory_of(words)
        text = asked.text_of(words)
    else:
        memory, text = asked.memory, asked.text
    digest = blake2b(repr((when, memory, sort)).encode(), digest_size=8).hexdigest()
    return Remembering(f"{rule}:{digest}", memory, text, partial(holds, sort) if sort else None)


def _usd(amount: float) -> str:
    return constant(FACTS["premium"], amount)
