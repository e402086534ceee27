"""What the store takes from the configuration."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from bot.config.units import Duration


class StoreSettings(BaseModel):
    """`store:` where flowbot keeps what it must not forget."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    path: Path = Field(Path("state/flowbot.db"), description="The SQLite file, relative to the configuration file.")
    tape: Path | None = Field(
        Path("state/tape"),
        description="The folder where every frame is recorded, a file a day, relative to the configuration file; null: "
        "nothing is recorded.",
    )
    tape_keep: Duration = Field(30 * 86400.0, ge=86400.0, description="How long days are kept on the tape, e.g. 30d.")
    tape_max_gb: float = Field(
        20.0, gt=0, description="How many gigabytes the tape may take; the oldest days go first."
    )


class DedupSettings(BaseModel):
    """`dedup:` how long a print is remembered, so that it never alerts twice."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    keep: Duration = Field(7 * 86400.0, description="How long prints, alerts and deliveries are remembered, e.g. 7d.")
