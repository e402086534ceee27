"""What delivery takes from the configuration; a destination may override each of it."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from bot.engine.decision import OnUnknown
from bot.model.ports import Rate


class OwnPace(BaseModel):
    """A pace of the admin's own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    per_minute: int = Field(gt=0, description="Messages a minute, at most.")


class DeliverySettings(BaseModel):
    """`delivery:` the defaults for every destination."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pace: Literal["auto", "none"] | OwnPace = Field(
        "auto", description="auto: the platform's own limits; none: only what the server asks for; or {per_minute: 30}."
    )
    on_unknown: OnUnknown = Field(
        "resend",
        description="What to do where nobody can know whether a message went out: resend (may double) or drop.",
    )


def rates(pace: Literal["auto", "none"] | OwnPace) -> tuple[Rate, ...] | None:
    """The rates to keep; None for the platform's own."""
    if pace == "auto":
        return None
    return () if pace == "none" else (Rate(pace.per_minute, 60.0),)
