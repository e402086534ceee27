"""What an admin writes about one rule."""

from itertools import combinations
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from bot.config.ids import Mention
from bot.config.names import Name
from bot.config.units import Duration
from bot.model.alerts import Priority
from bot.model.terms import RepeatMode
from bot.rules.memory import (
    CountSettings,
    FirstSettings,
    MemorySettings,
    ShareSettings,
    SilenceSettings,
    SpikeSettings,
    SteadySettings,
    TotalSettings,
)
from bot.rules.when_schema import ClausesSchema

MEMORIES = ("count", "total", "first", "spike", "share", "steady", "silence")
"""The keys of a rule of which it has one at most."""


def _describe_keys(schema: dict[str, Any]) -> None:
    """What no single key can say: `silence` stands in the place of `when`, and a rule remembers one thing."""
    schema["if"] = {"required": ["silence"]}
    schema["then"] = {"properties": {"when": False, "exclude": False}}
    schema["else"] = {"required": ["when"]}
    schema["not"] = {"anyOf": [{"required": list(pair)} for pair in combinations(MEMORIES, 2)]}


class RuleSettings(BaseModel):
    """One rule: which prints matter, where they are posted, and how often."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True, json_schema_extra=_describe_keys)

    name: Name = Field(description="Your name for the rule; it is shown in alerts and labels metrics.")
    when: Annotated[Any, ClausesSchema()] = Field(
        None, description="What a print must be; all of it must hold. Or the name of a definition."
    )
    exclude: Annotated[Any, ClausesSchema()] = Field(
        None, description="What a print must not be: it is left out where any of these holds."
    )
    count: CountSettings | None = Field(
        None, description="Fires when so many prints came within a time: {at_least: 3, within: 10m, by: contract}."
    )
    total: TotalSettings | None = Field(
        None, description="Fires when their premiums reach a sum: {premium: '>= 5M', within: 15m, by: ticker}."
    )
    first: FirstSettings | None = Field(
        None, description="Fires on the first print in a long time: {within: 5d, by: ticker}."
    )
    spike: SpikeSettings | None = Field(
        None, description="Fires on far more than usual: {factor: 4, window: 10m, against: 1h, by: ticker}."
    )
    share: ShareSettings | None = Field(
        None, description="Fires when most are of one sort: {of: {side: ask}, at_least: 70%, within: 10m, by: ticker}."
    )
    steady: SteadySettings | None = Field(
        None, description="Fires when prints keep coming: {every: 5m, for: 60m, by: contract}."
    )
    silence: SilenceSettings | None = Field(
        None, description="Fires when a feed falls silent in market hours: {for: 10m}. Such a rule has no when."
    )
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

    @property
    def memory(self) -> MemorySettings | None:
        return self.count or self.total or self.first or self.spike or self.share or self.steady
