"""The dictionaries of a backtest against the store that they stand for: the same matches, the same alerts.

The other side is made of the store's own statements on SQLite in memory, leased from at the moments that the model's
pace allows.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import combinations, product
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.destinations import rates
from bot.engine.pace import Buckets, Keys
from bot.gate.verdict import judge
from bot.model.alerts import Batch
from bot.model.matches import Match, Route
from bot.model.outcomes import Sent
from bot.model.ports import Rate, Target
from bot.model.prints import Print
from bot.model.terms import Terms
from bot.outbox import batches, cancellations
from bot.outbox.lease import lease
from bot.outbox.records import alert_id, record
from bot.outbox.schema import prepare
from bot.workbench.backtest.channel import ANSWER_NS, Channel, Outlet
from bot.workbench.backtest.pacing import Windows
from bot.workbench.backtest.tally import ChannelTally
from bot.workbench.backtest.trial import NEVER_NS, RuleSet, Trial
from tests.samples import NOON_NS, NVDA, a_print, a_route

SECOND_NS = 10**9

STRICT = Terms(max_age_s=2.0, backlog=2, budget=9, can_edit=True)
OUTLETS = (
    Outlet("desk", "discord_webhook", STRICT, {"d": rates.DISCORD_WEBHOOK}, 3),
    Outlet("room", "slack_webhook", Terms(backlog=3, repeats="post"), {"s": rates.SLACK}, 2),
    Outlet("hall", "console", Terms(is_digested=False), {"s": rates.SLACK}, 1),
)  # fmt: skip
ROUTES = (
    a_route("whales", send_to=("desk", "room"), cooldown_s=30.0),
    a_route("tickers", send_to=("desk",), cooldown_s=20.0, cooldown_by="ticker", priority="high", max_age_s=60.0),
    a_route("rule", send_to=("hall", "room"), cooldown_s=5.0, cooldown_by="rule", repeats="edit"),
    a_route("always", send_to=("hall",), priority="low"),
    a_route("anew", send_to=("desk",), cooldown_s=40.0, repeats="post"),
)

Step = tuple[str, Print, tuple[Route, ...]]
"""match or cancel; the print; the rules that it matches."""


# --- the two sides -----------------------------------------------------------------------------------------


def by_dictionaries(steps: Sequence[Step]) -> dict[str, Any]:
    trial, windows = Trial(RuleSet("config.yaml", ROUTES, OUTLETS, lambda found: ())), Windows()
    channels = {outlet.name: Timed(outlet, windows, ChannelTally()) for outlet in OUTLETS}
    trial.channels.update(channels)
    for what, found, routes in steps:
        if what == "match":
            trial.take(Match(found, routes), found.identity, found.received_ns)
        else:
            trial.cancel(found, found.received_ns)
    trial.finish()
    suppressed = {(rule, why): n for rule, tally in trial.tallies.items() for why, n in tally.suppressed.items()}
    deliveries = {
        (own_id, name): (_state(item.state, item.overflow), item.delivery.rules, item.repeats)
        for name, channel in channels.items()
        for own_id, item in channel._items.items()
    }
    return {"suppressed": suppressed, "deliveries": deliveries, "messages": _messages(channels.values())}


def _state(state: str, overflow: str | None) -> str:
    return {"told": "digested" if overflow else "sent"}.get(state, state)


class Timed(Channel):
    """The model, which notes when it sends."""

    def __init__(self, outlet: Outlet, windows: Windows, tally: ChannelTally) -> None:
        super().__init__(outlet, windows, tally)
        self.moments: list[int] = []

    def _lease(self, now_ns: int) -> bool:
        is_sent = super()._lease(now_ns)
        if is_sent:
            self.moments.append(now_ns)
        return is_sent


class Leased(Channel):
    """The model's pace, and the store's leases."""

    def __init__(self, outlet: Outlet, windows: Windows, db: sqlite3.Connection) -> None:
        super().__init__(outlet, windows, ChannelTally())
        self.moments: list[int] = []
        self._db = db
        self._frozen: list[tuple[int, Batch]] = []

    def settle(self, now_ns: int) -> None:
        """Record the answers that have come."""
        for due_ns, batch in [one for one in self._frozen if one[0] <= now_ns]:
            batches.settle(self._db, batch, Sent(f"m{batch.id}"), is_final=True, now_ns=due_ns)
            self._frozen.remove((due_ns, batch))

    def _lease(self, now_ns: int) -> bool:
        name, terms, carries = self.outlet.name, self.outlet.terms, self.outlet.carries
        found = lease(self._db, name, lambda some: min(len(some), carries), terms, now_ns=now_ns)
        if found.batch is None:
            self.due_ns = found.again_ns
            return False
        self._frozen.append((now_ns + ANSWER_NS, found.batch))
        self.moments.append(now_ns)
        if found.batch.digest is None:
            self.tally.messages += 1
        else:
            self.tally.digests += 1
        return True


def by_store(db: sqlite3.Connection, steps: Sequence[Step]) -> dict[str, Any]:
    windows = Windows()
    channels = {outlet.name: Leased(outlet, windows, db) for outlet in OUTLETS}
    targets = {outlet.name: Target(outlet.terms) for outlet in OUTLETS}
    suppressed: Counter[tuple[str, str]] = Counter()
    for what, found, routes in steps:
        now_ns = found.received_ns
        _advance(channels, now_ns)
        if what == "cancel":
            cancellations.cancel(db, found, now_ns=now_ns)
            continue
        commit = record(db, [Match(found, routes)], judge, targets, now_ns=now_ns)
        suppressed.update(commit.suppressed)
        for name in commit.queued:
            due_ns = channels[name].due_ns
            channels[name].due_ns = now_ns if due_ns is None else min(due_ns, now_ns)
    _advance(channels, NEVER_NS)
    rows = db.execute("SELECT alert_id, destination, state, rules, repeats FROM deliveries")
    deliveries = {
        (own_id, name): (state, tuple(rules[2:-2].split('","')), repeats)
        for own_id, name, state, rules, repeats in rows
    }
    return {"suppressed": dict(suppressed), "deliveries": deliveries, "messages": _messages(channels.values())}


def _advance(channels: dict[str, Leased], now_ns: int) -> None:
    while due := [(c.due_ns, name) for name, c in channels.items() if c.due_ns is not None and c.due_ns < now_ns]:
        due_ns, name = min(due, key=lambda one: one[0])
        for channel in channels.values():
            channel.settle(due_ns)
        channels[name].step(due_ns)
    for channel in channels.values():
        channel.settle(now_ns)


def _messages(channels: Iterable[Timed | Leased]) -> dict[str, tuple[int, int, list[int]]]:
    """How many messages of alerts, how many digests, and when."""
    return {one.outlet.name: (one.tally.messages, one.tally.digests, one.moments) for one in channels}


# --- what happens to both ----------------------------------------------------------------------------------


TRADED = NVDA.time or datetime.now(UTC)
PRINTS = tuple(
    a_print(provider=provider, ticker=ticker, strike=strike, size=size, side=side, time=time, score=score)
    for provider, ticker, strike, size, side, time, score in product(
        ("radarpulse", "radarpulse", "optionwhales"),
        ("NVDA", "AAPL"),
        (145.0, 150.0, None),
        (100, 200, None),
        ("ask", "bid"),
        (TRADED, TRADED + timedelta(seconds=1), TRADED + timedelta(seconds=3), None),
        (90.0, 50.0, None),
    )
)
"""Few contracts, sizes and moments, so that much is a duplicate, a twin, cooled or a repeat."""
CHOICES = tuple(chosen for count in range(1, 6) for chosen in combinations(ROUTES, count))
GAPS_MS = (0, 0, 50, 1000, 3000, 15_000, 70_000)


@st.composite
def steps(draw: st.DrawFn) -> list[Step]:
    """Prints that match, and now and then the taking back of one of them, by its identity or by its facts."""
    drawn = st.tuples(st.sampled_from(GAPS_MS), st.sampled_from(PRINTS), st.sampled_from(CHOICES), st.integers(0, 9))
    made: list[Step] = []
    now_ns = NOON_NS
    for gap_ms, found, routes, what in draw(st.lists(drawn, min_size=1, max_size=30)):
        now_ns += gap_ms * 1_000_000
        if what < 2 and made:
            earlier = made[gap_ms % len(made)][1]
            premium = (earlier.premium or 0.0) + what * 0.005
            made.append(("cancel", msgspec.structs.replace(earlier, received_ns=now_ns, premium=premium), ()))
        else:
            made.append(("match", msgspec.structs.replace(found, received_ns=now_ns), routes))
    return made


@pytest.fixture(scope="module")
def db() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        prepare(db)
        yield db


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(made=steps())
def test_dictionaries_and_store_agree(db: sqlite3.Connection, made: list[Step]) -> None:
    """Alerts, suppressions, repeats; what was posted, digested or ended; in how many messages, and when each went."""
    db.execute("BEGIN")
    try:
        assert by_dictionaries(made) == by_store(db, made)
    finally:
        db.execute("ROLLBACK")


def step(what: str, seconds: float, *routes: Route, **facts: Any) -> Step:
    return what, a_print(received_ns=NOON_NS + round(seconds * SECOND_NS), **facts), routes


_, TICKERS, _, ALWAYS, _ = ROUTES


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        # Taken back by its facts, where the correction has another premium by half a cent, and no id.
        ([step("match", 0, ALWAYS, premium=100.0), step("cancel", 0, premium=100.005)], ["expired"]),
        ([step("match", 0, ALWAYS, premium=100.0), step("cancel", 0, premium=100.02)], ["sent"]),
        ([step("match", 0, ALWAYS, premium=None), step("cancel", 0, premium=None, side="bid")], ["expired"]),
        (
            [
                step("match", 0, ALWAYS, premium=None, size=None),
                step("cancel", 0, premium=None, size=None, kind=None),
            ],
            ["sent"],
        ),
        # Two prints of the same facts but for the side: the second taking back takes the second.
        (
            [
                step("match", 0, ALWAYS, side="ask"), step("match", 0, ALWAYS, side="bid"),
                step("cancel", 0, side="mid"), step("cancel", 0, side=None),
            ],
            ["expired", "expired"],
        ),
        # What waits with repeats is posted all the same: those are trades that hold.
        (
            [
                step("match", 0, TICKERS, score=1.0),
                step("match", 0, TICKERS, score=1.0, size=7),
                step("cancel", 0, score=1.0),
            ],
            ["sent"],
        ),
    ],
)  # fmt: skip
def test_days_of_a_few_prints(db: sqlite3.Connection, made: list[Step], expected: list[str]) -> None:
    """What becomes of each delivery, by the model and by the store."""
    db.execute("BEGIN")
    try:
        by_model = by_dictionaries(made)
        assert by_model == by_store(db, made)
    finally:
        db.execute("ROLLBACK")
    assert [state for state, _, _ in by_model["deliveries"].values()] == expected


@pytest.mark.parametrize(
    ("rules", "destination", "stale_s"),
    [
        ((None,), 120.0, 120),
        ((None,), None, None),
        ((30.0,), 120.0, 30),
        ((300.0,), None, 300),
        ((30.0, 300.0), 120.0, 300),  # the most patient of its rules decides
        ((30.0, None), 120.0, 120),
        ((30.0, None), None, None),  # one of them has no limit
    ],
)
def test_a_rules_own_max_age_goes_before_the_destinations(
    rules: tuple[float | None, ...], destination: float | None, stale_s: int | None
) -> None:
    """As the store decides it: tests/outbox/contract_lease.py has the same table."""
    routes = [a_route(f"r{n}", max_age_s=max_age_s) for n, max_age_s in enumerate(rules)]
    routes.append(a_route("elsewhere", send_to=("room",), max_age_s=7200.0))
    outlets = tuple(Outlet(name, "console", Terms(max_age_s=destination), {}, 1) for name in ("desk", "room"))
    trial = Trial(RuleSet("config.yaml", tuple(routes), outlets, lambda found: ()))
    trial.take(Match(NVDA, tuple(routes)), NVDA.identity, NVDA.received_ns)
    (item,) = trial.channels["desk"]._items.values()
    assert item.stale_ns == (None if stale_s is None else NOON_NS + stale_s * SECOND_NS)


@given(moves=st.lists(st.tuples(st.sampled_from([0, 10, 300, 1500]), st.sampled_from("abc")), max_size=60))
def test_the_pace_is_that_of_the_engine_where_answers_take_as_long(moves: list[tuple[int, str]]) -> None:
    """A tenth of a second; three routes, two of which share a bucket with other rates."""
    keys: dict[str, Keys] = {
        "a": {"one": (Rate(5, 2.0), Rate(30, 60.0)), "both": (Rate(7, 1.0),)},
        "b": {"two": (Rate(1, 1.0),), "both": (Rate(7, 1.0),)},
        "c": {"two": ()},
    }
    windows, buckets, now_ms = Windows(), Buckets(), 0
    for ms, route in moves:
        now_ms += ms
        now_s = now_ms / 1000
        theirs_s = buckets.ready_at(keys[route], now_s)
        assert max(windows.ready_ns(keys[route]) / 1e9, now_s) == pytest.approx(theirs_s, abs=1e-6)
        if theirs_s <= now_s:
            windows.take(keys[route], now_ms * 1_000_000)
            buckets.learn(buckets.take(keys[route], now_s), Sent(), now_s + ANSWER_NS / 1e9)


def test_two_prints_whose_ids_begin_alike_have_ids_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty bits are few: the second print's alert takes another salt, as in the store."""
    monkeypatch.setattr("bot.workbench.backtest.verdicts.alert_id", lambda identity, salt=0: alert_id(b"same", salt))
    made = [("match", a_print(size=size), (ROUTES[3],)) for size in (1, 2)]
    assert {own_id for own_id, _ in by_dictionaries(made)["deliveries"]} == {alert_id(b"same"), alert_id(b"same", 1)}
