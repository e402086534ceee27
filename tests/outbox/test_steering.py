"""Mutes and acts in the store: together or not at all, there after a crash, gone when their time is over."""

import sqlite3
from pathlib import Path

import pytest

from bot.engine.control import Control
from bot.gate.verdict import judge
from bot.model.errors import InputError, StoreError, UnavailableError
from bot.model.matches import Match
from bot.model.outcomes import Outcome, Permanent, Sent, Unknown
from bot.model.ports import Target
from bot.model.steering import Act, Mute, MuteKind
from bot.model.terms import Terms
from bot.outbox.beside import read_acts
from bot.outbox.sqlite import SqliteOutbox
from tests.outbox.contract import NO_LIMITS, SECOND_NS, Clock, Reopen, fit, record_of, sizes, take
from tests.samples import NOON_NS, a_match, a_print, a_route

HOUR_S = 3600.0
DAY_S = 86_400.0


def a_mute(kind: MuteKind = "ticker", name: str = "NVDA", until_s: float | None = HOUR_S, **changes: str) -> Mute:
    until_ns = None if until_s is None else NOON_NS + int(until_s * SECOND_NS)
    return Mute(kind, name, until_ns, changes.get("by", "discord:1"), changes.get("reason", "earnings"), NOON_NS)


def an_act(what: str = "flowadmin mute ticker NVDA for 1h", at_s: float = 0.0) -> Act:
    return Act(NOON_NS + int(at_s * SECOND_NS), "discord:1 (ann)", what, "quiet until 13:00:00 ET (1h)")


async def test_a_mute_and_its_act_are_there_after_a_crash_that_came_before_the_reply(
    reopen: Reopen, clock: Clock, path: Path
) -> None:
    """Nobody heard that it was done, and it is in force all the same."""
    outbox = await reopen()
    assert isinstance(outbox, SqliteOutbox)
    await outbox.mute(a_mute(), an_act())
    again = await reopen()
    assert isinstance(again, SqliteOutbox)
    assert list(await again.mutes()) == [a_mute()]
    assert list(await again.acts(10)) == [an_act()]
    control = Control(again, clock)
    await control.restore()
    commit = await again.commit([a_match()], control.judge, {})
    assert (list(commit.alerts), dict(commit.suppressed)) == ([], {("whales", "mute"): 1})
    assert read_acts(path, 10) == [an_act()]


async def test_the_newest_mute_of_a_thing_takes_the_place_of_the_one_before(outbox: SqliteOutbox) -> None:
    await outbox.mute(a_mute(until_s=60.0))
    await outbox.mute(a_mute("rule"))
    await outbox.mute(a_mute(until_s=None, by="slack:U1", reason=""))
    assert list(await outbox.mutes()) == [a_mute("rule"), a_mute(until_s=None, by="slack:U1", reason="")]


async def test_an_unmute_is_noted_only_where_something_was_muted(outbox: SqliteOutbox, clock: Clock) -> None:
    await outbox.mute(a_mute())
    assert not await outbox.unmute("ticker", "AAPL", an_act("no"))
    assert not await outbox.unmute("rule", "NVDA", an_act("no"))
    assert await outbox.unmute("ticker", "NVDA", an_act("yes"))
    assert not await outbox.unmute("ticker", "NVDA", an_act("no"))
    await outbox.mute(a_mute())
    clock.at(HOUR_S)
    assert not await outbox.unmute("ticker", "NVDA", an_act("no")), "it had ended by itself"
    assert [act.what for act in await outbox.acts(10)] == ["yes"]


async def test_what_ended_is_not_told_of_and_is_forgotten(outbox: SqliteOutbox, clock: Clock, path: Path) -> None:
    await outbox.mute(a_mute())
    await outbox.mute(a_mute("pause", "", until_s=None))
    clock.at(HOUR_S)
    assert [mute.kind for mute in await outbox.mutes()] == ["pause"]
    await outbox.forget(7 * DAY_S)
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT kind FROM mutes").fetchall() == [("pause",)]
    db.close()


async def test_acts_come_newest_first_and_are_kept_for_a_year(outbox: SqliteOutbox, clock: Clock, path: Path) -> None:
    for day in (0, 300, 364):
        clock.at(day * DAY_S)
        await outbox.note_act(an_act(f"day {day}", day * DAY_S))
    assert [act.what for act in await outbox.acts(2)] == ["day 364", "day 300"]
    assert [act.what for act in await outbox.acts(2, 2)] == ["day 0"]
    assert [act.what for act in read_acts(path, 1)] == ["day 364"]
    clock.at(365 * DAY_S + 1)
    await outbox.forget(7 * DAY_S)
    assert [act.what for act in await outbox.acts(10)] == ["day 364", "day 300"]


async def test_reading_acts_needs_a_store(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="no store"):
        read_acts(tmp_path / "none.db", 1)


async def test_a_store_that_refuses_does_nothing_of_it(outbox: SqliteOutbox, path: Path) -> None:
    """The act cannot be written, so the mute is not there either."""
    with sqlite3.connect(path) as db:
        db.execute("DROP TABLE acts")
    db.close()
    with pytest.raises(StoreError):
        await outbox.mute(a_mute(), an_act())
    assert list(await outbox.mutes()) == []


async def test_old_reports_go_and_those_on_their_way_stay(outbox: SqliteOutbox, clock: Clock, path: Path) -> None:
    """What waits for a destination that is gone goes too."""
    with sqlite3.connect(path) as db:
        db.executemany(
            "INSERT INTO posts (id, destination, made_ns, until_ns, body, state, updated_ns)"
            " VALUES (?, 'desk', 1, 1, x'', ?, ?)",
            [(f"{state}{at_ns}", state, at_ns) for state in ("queued", "sending", "sent") for at_ns in (1, NOON_NS)],
        )
    db.close()
    clock.at(DAY_S)
    await outbox.forget(7 * DAY_S)
    with sqlite3.connect(path) as db:
        left = {name for (name,) in db.execute("SELECT id FROM posts")}
    db.close()
    assert left == {"sending1", f"queued{NOON_NS}", f"sending{NOON_NS}", f"sent{NOON_NS}"}


async def test_reports_are_known_for_two_days_however_little_is_kept(
    outbox: SqliteOutbox, clock: Clock, path: Path
) -> None:
    """A start asks which was posted already: with `dedup.keep: 5m` it would post one of ten minutes ago again."""
    with sqlite3.connect(path) as db:
        db.execute(
            "INSERT INTO posts (id, destination, made_ns, until_ns, body, state, updated_ns)"
            " VALUES ('close', 'desk', 1, 1, x'', 'sent', ?)",
            (NOON_NS,),
        )
    db.close()
    left = []
    for later_s in (600.0, 2 * DAY_S + 1):
        clock.at(later_s)
        await outbox.forget(300.0)
        with sqlite3.connect(path) as db:
            left.append(db.execute("SELECT COUNT(*) FROM posts").fetchone())
        db.close()
    assert left == [(1,), (0,)]


# --- under a mute, what repeats ---


ROOM_IS_MUTED = a_mute("destination", "room")


async def repeated(outbox: SqliteOutbox, clock: Clock, repeats: str, *mutes: Mute) -> dict[str, object]:
    """One alert told at desk and room; then the same again, under these mutes."""
    terms = Terms(can_edit=True)
    targets = {name: Target(terms, fit) for name in ("desk", "room")}

    def again(size: int) -> Match:
        route = a_route(send_to=("desk", "room"), cooldown_s=600.0, repeats=repeats)
        return a_match(a_print(size=size), route)

    first = await outbox.commit([again(1)], judge, targets)
    for batch in first.batches:
        await outbox.settle(batch, Sent(f"m-{batch.destination}"), is_final=True)
    control = Control(outbox, clock)
    for mute in mutes:
        await control.mute(mute)
    commit = await outbox.commit([again(2)], control.judge, targets)
    return {
        "posted": sorted(batch.destination for batch in commit.batches),
        "edits": set(commit.edits),
        "held": dict(commit.suppressed),
    }


async def test_a_repeat_is_posted_anew_but_not_at_a_muted_destination(outbox: SqliteOutbox, clock: Clock) -> None:
    found = await repeated(outbox, clock, "post", ROOM_IS_MUTED)
    assert found == {"posted": ["desk"], "edits": set(), "held": {("whales", "cooldown"): 1}}


async def test_a_repeat_of_a_muted_rule_is_posted_nowhere(outbox: SqliteOutbox, clock: Clock) -> None:
    found = await repeated(outbox, clock, "post", a_mute("rule", "whales"))
    assert found == {"posted": [], "edits": set(), "held": {("whales", "cooldown"): 1}}


async def test_a_message_that_stands_is_edited_under_a_mute(outbox: SqliteOutbox, clock: Clock) -> None:
    """It makes no noise, and what stands there stays true."""
    found = await repeated(outbox, clock, "edit", ROOM_IS_MUTED)
    assert found == {"posted": [], "edits": {"desk", "room"}, "held": {("whales", "repeat"): 1}}


async def test_a_muted_print_is_no_news_once_the_mute_is_over(outbox: SqliteOutbox, clock: Clock) -> None:
    """The feed gives it again after a reconnect: it had its verdict."""
    control = Control(outbox, clock)
    await control.mute(a_mute())
    assert not (await outbox.commit([a_match()], control.judge, {})).alerts
    clock.at(2 * HOUR_S)
    commit = await outbox.commit([a_match()], control.judge, {})
    assert (list(commit.alerts), dict(commit.suppressed)) == ([], {("whales", "duplicate"): 1})
    assert (await outbox.cancel(a_print())).edits == frozenset()


# --- retries and lists, in the service itself ---


async def settled(outbox: SqliteOutbox, size: int, outcome: Outcome, send_to: str = "desk") -> str:
    """One alert whose only delivery ended so."""
    match = a_match(a_print(size=size), a_route(send_to=(send_to,)))
    commit = await outbox.commit([match], judge, {send_to: Target(NO_LIMITS, fit)})
    await outbox.settle(commit.batches[0], outcome, is_final=True)
    return commit.alerts[0].id


async def test_what_failed_is_queued_again_with_its_act(outbox: SqliteOutbox) -> None:
    dead = await settled(outbox, 1, Permanent("bad"))
    (record,) = await outbox.retry(f"{dead.upper()}@desk", lambda found: an_act(f"again {found[0].destination}"))
    assert (record.state, [act.what for act in await outbox.acts(5)]) == ("queued", ["again desk"])
    assert await sizes(outbox) == [1]


async def test_what_cannot_be_sent_again_leaves_no_act_and_says_why(outbox: SqliteOutbox) -> None:
    sent = await settled(outbox, 1, Sent("m1"))
    with pytest.raises(InputError, match="only dead, unknown and expired deliveries are sent again"):
        await outbox.retry(sent, lambda found: an_act())
    with pytest.raises(InputError, match='no alert "nothing1" in the store'):
        await outbox.retry("nothing1", lambda found: an_act())
    assert list(await outbox.acts(5)) == []
    assert (await record_of(outbox, sent)).state == "sent"
    assert await take(outbox) is None


async def test_deliveries_are_listed_by_state_and_destination_a_page_at_a_time(outbox: SqliteOutbox) -> None:
    outcomes: tuple[Outcome, ...] = (Permanent("bad"), Sent("m"), Unknown("timeout"), Permanent("worse"))
    ids = [await settled(outbox, size, outcome) for size, outcome in enumerate(outcomes, 1)]
    there = await settled(outbox, 9, Permanent("bad"), send_to="room")

    async def listed(states: tuple[str, ...], destination: str | None, limit: int = 9, offset: int = 0) -> list[str]:
        found = await outbox.delivery_records(states, destination, limit, offset)  # type: ignore[arg-type]  # a table
        return [record.alert_id for record in found]

    assert await listed(("dead", "unknown", "expired"), None) == [there, ids[3], ids[2], ids[0]]
    assert await listed(("dead", "unknown"), "desk", 2) == [ids[3], ids[2]]
    assert await listed(("dead", "unknown"), "desk", 2, 2) == [ids[0]]
    assert await listed(("sent",), None) == [ids[1]]
