"""What the command line may choose."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    rounds: int
    seconds: float
    """Of one paced run."""
    frames: int
    """Of one blast."""
    rate: float
    """Prints a second of a paced run."""
    share: float
    """Of them that match."""
    discord_ms: float
    """Until Discord answers."""
    rules: int
