"""What can be asked, typed: questions of anyone, a person's own watches, an admin's steering. Values only."""

from typing import Literal

import msgspec

from bot.engine.session import Query

By = Literal["sector", "ticker"]
Muted = Literal["rule", "ticker", "destination"]
Show = Literal["opening", "recap", "top", "heatmap", "unusual"]
"""What a report shows; `recap`: of the day until now."""


class Top(msgspec.Struct, frozen=True):
    """`query.limit` prints a page, the best first."""

    query: Query
    page: int = 1


class Ticker(msgspec.Struct, frozen=True):
    symbol: str


class Why(msgspec.Struct, frozen=True):
    """About one alert, or the alerts of one message."""

    alert: str
    """An alert's id, or a message's: Discord's digits, Slack's `1700000000.123456`."""


class Heatmap(msgspec.Struct, frozen=True):
    by: By = "sector"


class Momentum(msgspec.Struct, frozen=True):
    """None: the ranking of all."""

    ticker: str | None = None
    page: int = 1


class Intent(msgspec.Struct, frozen=True):
    ticker: str | None = None
    page: int = 1


class Congress(msgspec.Struct, frozen=True):
    ticker: str | None = None
    page: int = 1


class Unusual(msgspec.Struct, frozen=True):
    """The prints with the biggest volume over open interest."""

    query: Query
    page: int = 1


class Status(msgspec.Struct, frozen=True):
    pass


class Help(msgspec.Struct, frozen=True):
    """The asker needs telling what there is; `problem` says what was wrong with the question, if anything."""

    problem: str = ""
    command: str = "flow"
    """Which command's help."""
    sub: str = ""
    """The subcommand that was asked wrongly; empty where there is no such one."""


class Report(msgspec.Struct, frozen=True):
    """What a schedule asks; nobody can type it."""

    show: Show
    query: Query
    """Of `top`, `unusual` and the opening scan."""
    by: By = "sector"


Question = Top | Ticker | Why | Heatmap | Momentum | Intent | Congress | Unusual | Status | Help | Report


class WatchAdd(msgspec.Struct, frozen=True):
    """`when` is JSON, as YAML would hold it; `text` is what was typed."""

    text: str
    when: str
    cooldown_s: float | None = None
    """None: what the configuration says."""


class WatchRemove(msgspec.Struct, frozen=True):
    """None: all of one's own."""

    watch: int | None


class WatchList(msgspec.Struct, frozen=True):
    pass


class Snooze(msgspec.Struct, frozen=True):
    """None: end it."""

    for_s: float | None


Personal = WatchAdd | WatchRemove | WatchList | Snooze


class MuteFor(msgspec.Struct, frozen=True):
    kind: Muted
    name: str
    for_s: float
    reason: str = ""


class Unmute(msgspec.Struct, frozen=True):
    kind: Muted
    name: str


class Mutes(msgspec.Struct, frozen=True):
    """`/flowadmin list`: what is muted, paused and snoozed."""


class SendTest(msgspec.Struct, frozen=True):
    """`/flowadmin test`: one alert marked TEST."""

    destination: str


class Reload(msgspec.Struct, frozen=True):
    pass


class Pause(msgspec.Struct, frozen=True):
    """None: until somebody resumes."""

    for_s: float | None = None
    reason: str = ""


class Resume(msgspec.Struct, frozen=True):
    pass


class Deliveries(msgspec.Struct, frozen=True):
    """Dead letters, or those of one state."""

    state: str = ""
    destination: str = ""
    page: int = 1


class Retry(msgspec.Struct, frozen=True):
    """An alert's id, or `alert@destination`."""

    wanted: str


class Rules(msgspec.Struct, frozen=True):
    page: int = 1


class Audit(msgspec.Struct, frozen=True):
    """The newest steering acts."""

    page: int = 1


Steering = MuteFor | Unmute | Mutes | SendTest | Reload | Pause | Resume | Deliveries | Retry | Rules | Audit

Request = Question | Personal | Steering
