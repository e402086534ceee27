"""What can be asked, typed: questions of anyone, a person's own watches, an admin's steering. Values only."""

from dataclasses import dataclass
from typing import Literal

from bot.engine.session import Query

By = Literal["sector", "ticker"]
Muted = Literal["rule", "ticker", "destination"]
Show = Literal["opening", "recap", "top", "heatmap", "unusual"]
"""What a report shows; `recap`: of the day until now."""


@dataclass(frozen=True, slots=True)
class Top:
    """`query.limit` prints a page, the best first."""

    query: Query
    page: int = 1


@dataclass(frozen=True, slots=True)
class Ticker:
    symbol: str


@dataclass(frozen=True, slots=True)
class Why:
    """About one alert, or the alerts of one message."""

    alert: str
    """An alert's id, or a message's: Discord's digits, Slack's `1700000000.123456`."""


@dataclass(frozen=True, slots=True)
class Heatmap:
    by: By = "sector"


@dataclass(frozen=True, slots=True)
class Momentum:
    """None: the ranking of all."""

    ticker: str | None = None
    page: int = 1


@dataclass(frozen=True, slots=True)
class Intent:
    ticker: str | None = None
    page: int = 1


@dataclass(frozen=True, slots=True)
class Congress:
    ticker: str | None = None
    page: int = 1


@dataclass(frozen=True, slots=True)
class Unusual:
    """The prints with the biggest volume over open interest."""

    query: Query
    page: int = 1


@dataclass(frozen=True, slots=True)
class Status:
    pass


@dataclass(frozen=True, slots=True)
class Help:
    """The asker needs telling what there is; `problem` says what was wrong with the question, if anything."""

    problem: str = ""
    command: str = "flow"
    """Which command's help."""
    sub: str = ""
    """The subcommand that was asked wrongly; empty where there is no such one."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a schedule asks; nobody can type it."""

    show: Show
    query: Query
    """Of `top`, `unusual` and the opening scan."""
    by: By = "sector"


Question = Top | Ticker | Why | Heatmap | Momentum | Intent | Congress | Unusual | Status | Help | Report


@dataclass(frozen=True, slots=True)
class WatchAdd:
    """`when` is JSON, as YAML would hold it; `text` is what was typed."""

    text: str
    when: str
    cooldown_s: float | None = None
    """None: what the configuration says."""


@dataclass(frozen=True, slots=True)
class WatchRemove:
    """None: all of one's own."""

    watch: int | None


@dataclass(frozen=True, slots=True)
class WatchList:
    pass


@dataclass(frozen=True, slots=True)
class Snooze:
    """None: end it."""

    for_s: float | None


Personal = WatchAdd | WatchRemove | WatchList | Snooze


@dataclass(frozen=True, slots=True)
class MuteFor:
    kind: Muted
    name: str
    for_s: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Unmute:
    kind: Muted
    name: str


@dataclass(frozen=True, slots=True)
class Mutes:
    """`/flowadmin list`: what is muted, paused and snoozed."""


@dataclass(frozen=True, slots=True)
class SendTest:
    """`/flowadmin test`: one alert marked TEST."""

    destination: str


@dataclass(frozen=True, slots=True)
class Reload:
    pass


@dataclass(frozen=True, slots=True)
class Pause:
    """None: until somebody resumes."""

    for_s: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Resume:
    pass


@dataclass(frozen=True, slots=True)
class Deliveries:
    """Dead letters, or those of one state."""

    state: str = ""
    destination: str = ""
    page: int = 1


@dataclass(frozen=True, slots=True)
class Retry:
    """An alert's id, or `alert@destination`."""

    wanted: str


@dataclass(frozen=True, slots=True)
class Rules:
    page: int = 1


@dataclass(frozen=True, slots=True)
class Audit:
    """The newest steering acts."""

    page: int = 1


Steering = MuteFor | Unmute | Mutes | SendTest | Reload | Pause | Resume | Deliveries | Retry | Rules | Audit

Request = Question | Personal | Steering
