"""What delivery takes from the configuration; a destination may override each of it."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from bot.config.hours import HoursSettings
from bot.config.ids import DiscordId, SlackGroup, SlackUser
from bot.config.units import Duration
from bot.destinations.settings import DestinationSettings, PaceSetting
from bot.engine.decision import OnUnknown
from bot.engine.lane import LaneOptions
from bot.model.ports import Rate
from bot.model.terms import RepeatMode, Terms


class AdminSettings(BaseModel):
    """`admin:` who hears of trouble, and who may steer."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    notify: list[str] = Field(
        default_factory=list, description="Names of destinations that are told of trouble with the others."
    )
    discord_roles: list[DiscordId] = Field(
        default_factory=list, description="Ids of Discord roles whose members may use /flowadmin."
    )
    discord_users: list[DiscordId] = Field(
        default_factory=list, description="Ids of Discord users who may use /flowadmin."
    )
    slack_users: list[SlackUser] = Field(
        default_factory=list, description="Ids of Slack users (U…) who may use /flowadmin."
    )
    slack_groups: list[SlackGroup] = Field(
        default_factory=list,
        description="Ids of Slack user groups (S…) whose members may use /flowadmin; needs the scope usergroups:read.",
    )


class WatchSettings(BaseModel):
    """`watches:` what each member may have watched for them."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    per_person: int = Field(20, ge=0, description="How many watches one person may have; 0: nobody may have any.")
    cooldown: Duration = Field(
        300.0, description="How long the same contract stays quiet after a personal alert, unless the watch says."
    )
    budget: int = Field(60, gt=0, description="Personal alerts for one person in any hour; the rest comes as a digest.")


class DeliverySettings(BaseModel):
    """`delivery:` the defaults for every destination."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    max_age: Duration | None = Field(
        120.0, description="An alert that waited longer since we received its print goes to the digest; null: never."
    )
    late_after: Duration = Field(
        30.0, description="An alert shown longer than this after its print's own time is marked LATE."
    )
    backlog: int | None = Field(
        50, ge=0, description="How many alerts may wait for their turn; those that rank behind go to the digest."
    )
    digest: bool = Field(
        True,
        description="false: everything is posted one by one, however long it takes; max_age, backlog and budget then "
        "do not apply.",
    )
    on_unknown: OnUnknown = Field(
        "resend",
        description="What to do where nobody can know whether a message went out: resend (may double) or drop.",
    )
    pace: PaceSetting = Field(
        "auto", description="auto: the platform's own limits; none: only what the server asks for; or {per_minute: 30}."
    )
    budget: int | None = Field(
        240, gt=0, description="Alerts posted in any hour; the rest goes to the digest; null: any number."
    )
    active_hours: HoursSettings | None = Field(
        None, description='When to post, New York time: {from: "09:25", to: "16:15", days: [mon, …]}; null: always.'
    )
    repeats: RepeatMode = Field(
        "edit",
        description="The same contract and side again inside a cooldown: edit the earlier message, post anew, or drop; "
        "a rule may say otherwise.",
    )

    def options(self, own: DestinationSettings) -> LaneOptions:
        """How a destination with settings `own` is served."""
        hours: HoursSettings | None = self._of(own, "active_hours")
        terms = Terms(
            max_age_s=self._of(own, "max_age"),
            backlog=self._of(own, "backlog"),
            budget=self._of(own, "budget"),
            is_digested=self.digest if own.digest is None else own.digest,
            hours=None if hours is None else hours.hours,
            repeats=own.repeats or self.repeats,
            can_edit=own.can_edit,
        )
        return LaneOptions(own.on_unknown or self.on_unknown, _rates(own.pace or self.pace), terms)

    def late_after_s(self, own: DestinationSettings) -> float:
        """From which age on this destination marks alerts as late."""
        return self.late_after if own.late_after is None else own.late_after

    def _of(self, own: DestinationSettings, key: str) -> Any:
        """The destination's word where it said one: its `null` lifts our limit."""
        return getattr(own if key in own.model_fields_set else self, key)


def _rates(pace: PaceSetting) -> tuple[Rate, ...] | None:
    if pace == "auto":
        return None
    if pace == "none":
        return ()
    count = max(1, int(pace.per_minute))
    return (Rate(count, 60.0 * count / pace.per_minute),)
