"""What another process reads from the store and queues again, while the service runs."""

import sqlite3
from datetime import time
from pathlib import Path

import pytest

from bot.gate.verdict import judge
from bot.model.errors import InputError, UnavailableError
from bot.model.outcomes import DestinationDead, Outcome, Permanent, Sent, Unknown
from bot.model.ports import Commit, Target
from bot.model.terms import ActiveHours, Terms
from bot.outbox.beside import read_deliveries, read_explanation, retry_deliveries
from bot.outbox.sqlite import SqliteOutbox
from tests.outbox.contract import NO_LIMITS, SECOND_NS, Clock, fit, sizes, take
from tests.samples import NOON_NS, a_match, a_print, a_route

BOTH = ("desk", "room")


async def settled(outbox: SqliteOutbox, size: int, *outcomes: Outcome, terms: Terms = NO_LIMITS) -> Commit:
    """One alert, whose delivery to the desk ends so, and the one to the room as the second says; without, it waits."""
    targets = {name: Target(terms, fit) for name, _ in zip(BOTH, outcomes, strict=False)}
    commit = await outbox.commit([a_match(a_print(size=size), a_route(send_to=BOTH))], judge, targets)
    for batch in commit.batches:
        await outbox.settle(batch, outcomes[BOTH.index(batch.destination)], is_final=True)
    return commit


async def test_explaining_works_beside_a_running_service(outbox: SqliteOutbox, path: Path, tmp_path: Path) -> None:
    commit = await settled(outbox, 1)
    found = read_explanation(path, commit.alerts[0].id)
    assert found is not None
    assert found.alert == commit.alerts[0]
    assert read_explanation(path, "nothing1") is None
    with pytest.raises(UnavailableError, match="no store"):
        read_explanation(tmp_path / "elsewhere.db", "x")


def test_a_file_that_is_no_store_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "flowbot.db"
    path.write_text("this is a shopping list, not a database " * 50)
    with pytest.raises(UnavailableError, match="cannot use the store"):
        read_deliveries(path, state=None, destination=None, limit=1)


@pytest.mark.parametrize(("version", "remedy"), [(1, "`flowbot run` updates it"), (99, "update flowbot")])
async def test_a_store_of_another_version_is_left_alone(
    outbox: SqliteOutbox, path: Path, version: int, remedy: str
) -> None:
    await outbox.close()
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version = {version}")
    db.close()
    with pytest.raises(UnavailableError, match=remedy):
        read_deliveries(path, state=None, destination=None, limit=1)


async def test_deliveries_are_listed_newest_first_and_filtered(outbox: SqliteOutbox, path: Path) -> None:
    dead = await settled(outbox, 1, Permanent("bad"), Sent("m1"))
    newer = await settled(outbox, 2, Sent("m2", "c1", "https://discord.test/m2"))

    def listed(state: object, destination: str | None, limit: int = 10) -> list[tuple[str, str, str]]:
        found = read_deliveries(path, state=state, destination=destination, limit=limit)  # type: ignore[arg-type]
        return [(record.alert_id, record.destination, record.state) for record in found]

    old, new = dead.alerts[0].id, newer.alerts[0].id
    assert listed(None, None) == [
        (new, "room", "queued"),
        (new, "desk", "sent"),
        (old, "room", "sent"),
        (old, "desk", "dead"),
    ]
    assert listed("sent", None) == [(new, "desk", "sent"), (old, "room", "sent")]
    assert listed("sent", "desk") == [(new, "desk", "sent")]
    assert listed(None, "room", 1) == [(new, "room", "queued")]
    assert listed("digested", None) == []
    (record,) = read_deliveries(path, state="dead", destination=None, limit=10)
    assert (record.reason, record.attempts, record.rules) == ("bad", 1, ("whales",))


@pytest.mark.parametrize("outcome", [Permanent("bad"), DestinationDead("Unknown Webhook"), Unknown("timeout")])
async def test_what_failed_goes_again_before_all_others_alone_and_never_to_a_digest(
    outbox: SqliteOutbox, clock: Clock, path: Path, outcome: Outcome
) -> None:
    terms = Terms(max_age_s=120.0, budget=1)
    failed = await settled(outbox, 1, outcome, Sent("m1"), terms=terms)
    first = failed.batches[0]
    clock.at(3600)
    urgent = a_match(a_print(size=2, received_ns=clock.ns), a_route(priority="high"))
    await outbox.commit([urgent], judge, {"desk": Target(terms)})
    (record,) = retry_deliveries(path, failed.alerts[0].id, clock.ns)
    assert (record.destination, record.state, record.reason, record.updated_ns) == ("desk", "queued", "", clock.ns)
    again = await take(outbox, terms)
    assert again is not None
    assert [d.alert.id for d in again.deliveries] == [failed.alerts[0].id]
    assert again.id != first.id, "the platform may know the first, and would drop it"
    assert await take(outbox, Terms()) is not None


async def test_what_expired_goes_again(outbox: SqliteOutbox, clock: Clock, path: Path) -> None:
    clock.at(8 * 3600)
    hours = ActiveHours(time(9, 25), time(16, 15), outside="drop")
    commit = await settled(outbox, 1)
    await outbox.lease("desk", fit, Terms(hours=hours))
    retry_deliveries(path, f" {commit.alerts[0].id.upper()}@desk ", clock.ns)
    assert await sizes(outbox) == [1]


async def test_what_failed_in_a_digest_goes_again_by_itself(outbox: SqliteOutbox, clock: Clock, path: Path) -> None:
    terms = Terms(max_age_s=120.0)
    commit = await outbox.commit([a_match(a_print(size=n)) for n in (1, 2)], judge, {"desk": Target(terms)})
    clock.at(120)
    digest = await take(outbox, terms)
    assert digest is not None
    await outbox.settle(digest, Permanent("too long"), is_final=True)
    (record,) = retry_deliveries(path, commit.alerts[0].id, clock.ns)
    assert record.overflow is None
    assert await sizes(outbox, terms) == [1]


async def test_an_alert_is_sent_again_wherever_it_failed_or_only_there(outbox: SqliteOutbox, path: Path) -> None:
    both = await settled(outbox, 1, Permanent("bad"), Unknown("timeout"))
    alert_id = both.alerts[0].id
    assert [r.destination for r in retry_deliveries(path, f"{alert_id}@room", NOON_NS)] == ["room"]
    assert [r.destination for r in retry_deliveries(path, alert_id, NOON_NS)] == ["desk"]


async def test_what_cannot_be_sent_again_is_said(outbox: SqliteOutbox, path: Path) -> None:
    commit = await settled(outbox, 1, Sent("m1"))
    alert_id = commit.alerts[0].id
    with pytest.raises(InputError, match='no alert "nothing1"'):
        retry_deliveries(path, "nothing1", NOON_NS)
    with pytest.raises(InputError, match=f'alert {alert_id} has no delivery to "hall"; it has desk, room'):
        retry_deliveries(path, f"{alert_id}@hall", NOON_NS)
    with pytest.raises(InputError) as refused:
        retry_deliveries(path, f"{alert_id}@desk", NOON_NS)
    assert f"alert {alert_id} was sent to desk at 2026-07-16 16:00:00 UTC" in str(refused.value)
    assert "only dead, unknown and expired deliveries are sent again" in str(refused.value)
    with pytest.raises(InputError, match="is queued for room since"):
        retry_deliveries(path, f"{alert_id}@room", NOON_NS)
    assert dict(await outbox.waiting()) == {"room": 1}


async def test_a_write_waits_for_the_services_own_and_says_if_it_cannot(
    outbox: SqliteOutbox, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = await settled(outbox, 1, Permanent("bad"))
    monkeypatch.setattr("bot.outbox.beside.BUSY_S", 0.0)
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(UnavailableError, match="locked"):
            retry_deliveries(path, commit.alerts[0].id, NOON_NS)
        other.execute("ROLLBACK")
    other.close()
    assert len(retry_deliveries(path, commit.alerts[0].id, NOON_NS)) == 1


async def test_the_service_sees_what_another_process_wrote_once(outbox: SqliteOutbox, path: Path) -> None:
    commit = await settled(outbox, 1, Permanent("bad"))
    assert not await outbox.is_changed_elsewhere()
    await settled(outbox, 2)
    read_deliveries(path, state=None, destination=None, limit=5)
    assert not await outbox.is_changed_elsewhere(), "its own writes and others' reads do not count"
    retry_deliveries(path, commit.alerts[0].id, NOON_NS + SECOND_NS)
    assert await outbox.is_changed_elsewhere()
    assert not await outbox.is_changed_elsewhere()
