"""Which alerts a message tells of."""

import sqlite3
from pathlib import Path

from bot.gate.verdict import judge
from bot.model.outcomes import Sent
from bot.model.ports import Target
from bot.outbox.history import MOST_OF_A_MESSAGE, alerts_of
from bot.outbox.sqlite import SqliteOutbox
from tests.outbox.contract import NO_LIMITS, fit
from tests.samples import a_match, a_print, a_route


async def test_who_asks_why_hears_of_what_went_to_all_and_to_themselves(outbox: SqliteOutbox) -> None:
    """`dma` and `dm` are destinations' names as any; `dm:discord:10` is another's."""
    places = ("desk", "zoo", "dm", "dma", "dm:discord:1", "dm:discord:10", "dm:slack:U1")
    commit = await outbox.commit([a_match(a_print(), a_route(send_to=places))], judge, {})
    alert_id = commit.alerts[0].id

    async def told(person: str | None) -> tuple[str, ...]:
        explanation = await outbox.explain(alert_id, person)
        assert explanation is not None
        return tuple(record.destination for record in explanation.deliveries)

    assert await told(None) == places, "an admin at the machine"
    assert await told("discord:1") == ("desk", "zoo", "dm", "dma", "dm:discord:1")
    assert await told("discord:flowbot") == ("desk", "zoo", "dm", "dma")
    assert await outbox.explain("nothing1", "discord:1") is None


async def test_a_messages_alerts_stand_as_they_were_posted(outbox: SqliteOutbox) -> None:
    """Three alerts in one message, the best score first; another destination's message tells of its own."""
    rooms = a_route(send_to=("desk", "room"))
    matches = [a_match(a_print(size=n, score=80.0 + n), rooms if n == 2 else a_route()) for n in (1, 2, 3)]
    commit = await outbox.commit(matches, judge, {name: Target(NO_LIMITS, fit) for name in ("desk", "room")})
    for batch in commit.batches:
        await outbox.settle(batch, Sent(f"at {batch.destination}", None), is_final=True)
    first, second, third = (alert.id for alert in commit.alerts)
    assert await outbox.alerts_of("at desk") == [third, second, first]
    assert await outbox.alerts_of("at room") == [second]
    assert await outbox.alerts_of("at no place") == []


async def test_a_message_that_stands_for_thousands_is_told_in_part_and_found_by_its_index(
    outbox: SqliteOutbox, path: Path
) -> None:
    await outbox.close()
    db = sqlite3.connect(path)
    db.executemany(
        "INSERT INTO deliveries (alert_id, destination, rules, mentions, priority, score, state, updated_ns,"
        " message_id) VALUES (?, 'desk', '[]', '[]', 1, 0, 'digested', 0, '55')",
        [(f"a{n}",) for n in range(MOST_OF_A_MESSAGE + 20)],
    )
    ran: list[str] = []
    db.set_trace_callback(ran.append)
    found = alerts_of(db, "55")
    db.set_trace_callback(None)
    steps = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {ran[0]}")]
    db.close()
    assert found == [f"a{n}" for n in range(MOST_OF_A_MESSAGE)]
    assert "deliveries_by_message" in steps[0]
