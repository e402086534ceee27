"""What the store takes from the configuration."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from bot.config.units import Duration


class StoreSettings(BaseModel):
    """`store:` where flowbot keeps what it must not forget."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Path = Field(Path("state/flowbot.db"), description="The SQLite file, relative to the configuration file.")


class DedupSettings(BaseModel):
    """`dedup:` how long a print is remembered, so that it never alerts twice."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    keep: Duration = Field(7 * 86400.0, description="How long prints, alerts and deliveries are remembered, e.g. 7d.")
