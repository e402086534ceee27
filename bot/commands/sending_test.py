"""`/flowadmin test`: one made-up alert by the way of all alerts, store, lane and platform; and what became of it."""

import asyncio
from typing import Final

from bot.commands.answers.pressing import button, row
from bot.commands.answers.wording import MAX_LINE, trouble
from bot.commands.requests import Why
from bot.engine.delivery import Delivery
from bot.engine.example import example_match
from bot.model.alerts import DeliveryRecord
from bot.model.answers import Answer, Part
from bot.model.errors import InputError
from bot.model.matches import Known, Match, Verdict
from bot.model.ports import Outbox
from bot.render.words import one_line

TEST_S: Final = 10.0
"""How long an answer waits for what becomes of it."""
LOOK_S: Final = 0.1


async def send_test(outbox: Outbox, delivery: Delivery, name: str, now_ns: int) -> DeliveryRecord:
    """What became of it, or how it stands after `TEST_S`. Raises StoreError; InputError if the store forgot it.

    A parked destination is tried at once: whoever tests it may have mended it.
    """
    match = example_match(now_ns, "/flowadmin test", name)
    commit = await outbox.commit([match], _fire, {name: delivery.lanes[name].target})
    delivery.take(commit)
    if delivery.is_parked(name):
        delivery.unpark(name)
    deadline = asyncio.get_running_loop().time() + TEST_S
    while True:
        explanation = await outbox.explain(commit.alerts[0].id)
        if explanation is None:
            raise InputError(f"the alert {commit.alerts[0].id} is gone from the store")
        (record,) = explanation.deliveries
        is_over = record.state not in ("queued", "sending") or delivery.is_parked(name)
        if is_over or asyncio.get_running_loop().time() >= deadline:
            return record
        await asyncio.sleep(LOOK_S)


def tested(record: DeliveryRecord, parked: str) -> tuple[Answer, str]:
    """The answer, and the same in a line; `parked`: why the platform refuses us there."""
    name, reason = record.destination, one_line(record.reason, MAX_LINE)
    if record.state == "sent":
        where = record.message_url or (f"message {record.message_id}" if record.message_id else "")
        line = where or "The platform gives no link and no id back."
        why = row([button("Why?", Why(record.alert_id))])
        return Answer(f"✅ Sent to {name}", (Part("", (line,)),), is_private=True, buttons=why), f"sent {where}".strip()
    if record.state in ("queued", "sending") and parked:
        refused = one_line(parked, MAX_LINE)
        lines = (refused, "Mend its URL, token, channel or permissions, and test again. The test waits there too.")
        return trouble(f"{name} is parked: the platform refuses us there", *lines), f"waits, parked: {refused}"
    if record.state in ("queued", "sending"):
        held_up = reason or "it is outside its hours, its pace says wait, or nobody answers"
        title = f"{name} has not taken it within {TEST_S:.0f} s"
        return trouble(title, f"Perhaps: {held_up}", "It waits, and goes as soon as it can."), f"waits: {held_up}"
    title = f"Nobody knows whether {name} has it" if record.state == "unknown" else f"{name} did not take it"
    return trouble(title, reason), f"{record.state}: {reason}"


def _fire(match: Match, known: Known) -> Verdict:
    """A test is posted whatever else was."""
    return Verdict(match.routes)
