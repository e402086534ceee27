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
    most: int
    """Rules in a set of `matching`."""
    alerts: int
    """Of the opening bell."""
    over: float
    """Seconds that it lasts."""
    small: int
    """Alerts of the bells that are posted one by one."""
    minutes: float
    """Of a sustained bell; 0: the usual one."""
