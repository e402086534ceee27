"""What delivery takes from the configuration; a destination may override each of it."""

from pydantic import BaseModel, ConfigDict, Field

from bot.config.units import Duration
from bot.destinations.settings import DestinationSettings, PaceSetting
from bot.engine.decision import OnUnknown
from bot.engine.lane import LaneOptions
from bot.model.ports import Rate


class DeliverySettings(BaseModel):
    """`delivery:` the defaults for every destination."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pace: PaceSetting = Field(
        "auto", description="auto: the platform's own limits; none: only what the server asks for; or {per_minute: 30}."
    )
    on_unknown: OnUnknown = Field(
        "resend",
        description="What to do where nobody can know whether a message went out: resend (may double) or drop.",
    )
    late_after: Duration = Field(
        30.0, description="An alert shown longer than this after its print's own time is marked LATE."
    )

    def options(self, own: DestinationSettings) -> LaneOptions:
        """How a destination with settings `own` is served."""
        return LaneOptions(own.on_unknown or self.on_unknown, _rates(own.pace or self.pace))


def _rates(pace: PaceSetting) -> tuple[Rate, ...] | None:
    if pace == "auto":
        return None
    if pace == "none":
        return ()
    count = max(1, int(pace.per_minute))
    return (Rate(count, 60.0 * count / pace.per_minute),)
