"""What a file of tests may hold. The facts of its prints are read elsewhere, by the readers of `when`."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from bot.config.ids import Mention
from bot.flow.market import NEW_YORK
from bot.model.alerts import Priority
from bot.model.matches import SuppressedBy

DEFAULT_NOW: Final = datetime(2026, 7, 6, 10, 31, tzinfo=NEW_YORK)
"""A Monday in the middle of a regular session."""


def parse_moment(raw: object) -> datetime:
    """`2026-07-06 10:31:00`, New York's time unless it names another zone. Raises ValueError."""
    if isinstance(raw, datetime):
        return raw
    try:
        moment = datetime.fromisoformat(raw.strip() if isinstance(raw, str) else "")
    except ValueError:
        raise ValueError("expected a time, such as 2026-07-06 10:31:00 (New York)") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=NEW_YORK)


Moment = Annotated[datetime, BeforeValidator(parse_moment), WithJsonSchema({"type": "string"})]


class AlertSettings(BaseModel):
    """One alert that is to come, or, with `suppressed`, rules that are to keep quiet about a print."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    print: int | None = Field(None, ge=1, description="Which print, counted from 1; without it: any alert that fits.")
    rules: list[str] | None = Field(None, description="Exactly the rules that fire, in any order.")
    send_to: list[str] | None = Field(None, description="Exactly the destinations, in any order.")
    why: list[str] | None = Field(None, description='Clauses that must hold, as alerts word them: "premium >= $500K".')
    text: list[str] | None = Field(None, description="Parts of the alert as it is shown, at first or after its edits.")
    priority: Priority | None = Field(None, description="The highest among the rules that fire.")
    mention: list[Mention] | None = Field(None, description="Exactly who is pinged, in any order.")
    suppressed: dict[str, SuppressedBy] | None = Field(
        None, description="Rules that match the print and keep quiet, and why: cooldown, repeat, duplicate or twin."
    )

    @property
    def is_alert(self) -> bool:
        """Whether an alert is to come: `suppressed` alone asks for none."""
        asked = (self.rules, self.send_to, self.why, self.text, self.priority, self.mention)
        return self.suppressed is None or any(one is not None for one in asked)

    @model_validator(mode="after")
    def _about_a_print(self) -> Self:
        if self.suppressed is not None and self.print is None:
            raise ValueError("suppressed is about one print: add print: and its number")
        return self


class CountSettings(BaseModel):
    """How many alerts are to come: for tapes. What is not named may be anything."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    alerts: int | None = Field(None, ge=0, description="All of them.")
    rules: dict[str, Annotated[int, Field(ge=0)]] = Field(default_factory=dict, description="Alerts by rule.")
    send_to: dict[str, Annotated[int, Field(ge=0)]] = Field(default_factory=dict, description="Alerts by destination.")
    suppressed: dict[str, dict[SuppressedBy, Annotated[int, Field(ge=0)]]] = Field(
        default_factory=dict, description="Prints that a rule kept quiet about, by rule and reason."
    )


class RuleTestSettings(BaseModel):
    """One test. It begins with an empty store and rules that remember nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True, populate_by_name=True)

    name: str = Field(min_length=1, max_length=200, description="What the rules are to do, in a sentence.")
    now: Moment | None = Field(None, description="When the first print is received; default: the file's.")
    defaults: dict[str, Any] = Field(default_factory=dict, description="Facts of every print, over the file's.")
    prints: list[dict[str, Any]] | None = Field(None, min_length=1, description="The prints, in order.")
    tape: Path | None = Field(None, description="A tape in their place; relative to this file.")
    frames_of: str | None = Field(
        None, alias="as", description="Whose frames those of an unknown name on the tape are: a vendor, or a map."
    )
    memory: Literal["covered", "fresh"] = Field(
        "covered", description="What rules with memory have watched before: long enough (but nothing seen), or not yet."
    )
    expect: list[Any] | dict[str, Any] = Field(
        description="The alerts that come, all of them ([]: none); or a mapping of counts."
    )

    @model_validator(mode="after")
    def _has_prints(self) -> Self:
        if (self.prints is None) == (self.tape is None):
            raise ValueError("give either prints: or tape:")
        return self


class FileSettings(BaseModel):
    """A file of tests."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    config: Path | None = Field(
        None, description="The configuration that is tested, relative to this file; default: -c, or config.yaml here."
    )
    now: Moment = Field(DEFAULT_NOW, description="When the first print of each test is received, New York time.")
    defaults: dict[str, Any] = Field(default_factory=dict, description="Facts of every print in this file.")
    tests: list[Any] = Field(min_length=1, description="The tests.")
