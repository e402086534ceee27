"""The answers of `/flowadmin`: each act is durable and in the audit log before it is answered."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from bot.commands import steered
from bot.commands.answers.pressing import button, row
from bot.commands.answers.wording import MAX_LINE, parts_of, trouble
from bot.commands.asker import Asker
from bot.commands.requests import (
    Audit,
    Deliveries,
    Muted,
    MuteFor,
    Mutes,
    Pause,
    Reload,
    Resume,
    Retry,
    Rules,
    SendTest,
    Steering,
    Unmute,
    Why,
)
from bot.commands.saying import says_of
from bot.commands.sending_test import send_test, tested
from bot.config.wording import suggest
from bot.engine.control import PAUSE, Control
from bot.engine.delivery import Delivery
from bot.engine.today import DayCounts
from bot.model.alerts import DeliveryRecord
from bot.model.answers import Answer, Button, Part
from bot.model.errors import InputError, StoreError
from bot.model.people import label, person_at
from bot.model.ports import Commit
from bot.model.steering import Act, Mute
from bot.outbox.reloads import Reloaded
from bot.outbox.sqlite import SqliteOutbox
from bot.render.words import counted, one_line
from bot.rules.rule import Rule

log = structlog.get_logger()

NOTE_S: Final = 1.0
"""To note an act whose asker is gone."""
MOST_PROBLEMS: Final = 20

Reading = Mutes | Deliveries | Rules | Audit
Doing = MuteFor | Unmute | Pause | Resume | SendTest | Reload | Retry
ActOf = Callable[[str], Act]
"""The act, given what came of it."""


@dataclass(frozen=True, slots=True)
class _Done:
    """An act's answer, and its line in the audit log."""

    answer: Answer
    result: str
    is_noted: bool = False
    """In the transaction that did it."""


class SteeringAnswers:
    """Answers admins, and nobody else, whoever asked it to."""

    def __init__(
        self,
        control: Control,
        outbox: SqliteOutbox,
        delivery: Delivery,
        *,
        rules: Callable[[], Mapping[str, Rule]],
        today: Callable[[], DayCounts],
        reload: Callable[[], Awaitable[Reloaded]],
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        """`rules`: the configuration's, in its order. `reload` reads the configuration anew, one reload at a time, and
        goes on to its end though nobody waits for it any more."""
        self._control = control
        self._outbox = outbox
        self._delivery = delivery
        self._rules = rules
        self._today = today
        self._reload = reload
        self._now_ns = now_ns

    async def answer(self, request: Steering, asker: Asker) -> Answer:
        """Do what is asked, or show it.

        Raises StoreError where there is nothing to show now, InputError where there is no such thing to show.
        """
        if not asker.is_admin:
            log.warning("steering.denied", by=asker.person, what=says_of(request))
            return trouble("Only admins may do that", "Who they are is in the configuration, under admin.")
        match request:
            case Mutes() | Deliveries() | Rules() | Audit():
                return await self._show(request)
            case _:
                return await self._act(request, asker)

    async def _show(self, request: Reading) -> Answer:
        now_ns = self._now_ns()
        match request:
            case Mutes():
                return steered.mutes(self._control.active(), now_ns)
            case Rules(page):
                return steered.rules(
                    tuple(self._rules().values()), page, self._today(), self._control.active("rule"), now_ns
                )
            case Deliveries():
                states, size = steered.wanted(request)
                found = await self._outbox.delivery_records(
                    states, request.destination or None, size + 1, (request.page - 1) * size
                )
                if request.destination and not found:  # those of one that is gone are in the store yet
                    self._known("destination", request.destination)
                return steered.deliveries(request, found, now_ns)
            case Audit(page):
                size = steered.ACTS_A_PAGE
                return steered.audit(await self._control.acts(size + 1, (page - 1) * size), page, now_ns)

    # --- acts ---

    async def _act(self, request: Doing, asker: Asker) -> Answer:
        name = one_line(asker.name, 60)
        by = f"{asker.person} ({name})" if name else asker.person
        what = says_of(request)

        def act_of(result: str) -> Act:
            return Act(self._now_ns(), by, what, one_line(result, MAX_LINE))

        try:
            done = await self._do(request, by, act_of)
        except InputError as error:
            why = "; ".join(problem.message for problem in error.problems)
            done = _Done(trouble("That did not work", steered.sentence(why)), f"refused: {why}")
        except StoreError as error:
            answer = trouble("The store cannot do that now", "Nothing was changed. Try again in a minute.")
            done = _Done(answer, f"failed: {error}")
        except asyncio.CancelledError:
            log.warning("steering.act", by=by, what=what, result="nobody waited for its end")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(NOTE_S):
                    await self._note(act_of("nobody waited for its end"))
            raise
        log.info("steering.act", by=by, what=what, result=one_line(done.result, MAX_LINE))
        if not done.is_noted:
            await self._note(act_of(done.result))
        return done.answer

    async def _do(self, request: Doing, by: str, act_of: ActOf) -> _Done:
        match request:
            case MuteFor():
                return await self._mute(request, by, act_of)
            case Unmute():
                return await self._unmute(request, act_of)
            case Pause():
                return await self._pause(request, by, act_of)
            case Resume():
                return await self._resume(act_of)
            case SendTest(destination):
                return await self._test(destination)
            case Reload():
                return _reloaded(await self._reload())
            case Retry(wanted):
                return await self._retry(wanted, act_of)

    async def _note(self, act: Act) -> None:
        try:
            await self._control.note(act)
        except StoreError as error:
            log.error("steering.not_noted", by=act.by, what=act.what, reason=str(error))  # noqa: TRY400 - no bug

    async def _mute(self, asked: MuteFor, by: str, act_of: ActOf) -> _Done:
        name = self._known(asked.kind, asked.name)
        now_ns = self._now_ns()
        mute = Mute(asked.kind, name, now_ns + int(asked.for_s * 1e9), by, asked.reason, now_ns)
        until = steered.until(mute, now_ns)
        await self._control.mute(mute, act_of(f"quiet {until}"))
        lines = (self._affects(asked.kind, name), f"Reason: {asked.reason}" if asked.reason else "")
        buttons = row([button("Unmute", Unmute(asked.kind, name), is_for_admins=True)])
        return _Done(_told(f"🔇 {asked.kind} {name} is muted {until}", *lines, buttons=buttons), "", is_noted=True)

    async def _unmute(self, asked: Unmute, act_of: ActOf) -> _Done:
        name = asked.name.upper() if asked.kind == "ticker" else asked.name
        if not await self._control.unmute(asked.kind, name, act_of("ended")):
            raise InputError(f'{asked.kind} "{name}" is not muted; /flowadmin list shows what is')
        return _Done(_told(f"🔊 {asked.kind} {name} is muted no longer"), "ended", is_noted=True)

    async def _pause(self, asked: Pause, by: str, act_of: ActOf) -> _Done:
        now_ns = self._now_ns()
        until_ns = None if asked.for_s is None else now_ns + int(asked.for_s * 1e9)
        pause = Mute(*PAUSE, until_ns, by, asked.reason, now_ns)
        until = steered.until(pause, now_ns)
        await self._control.mute(pause, act_of(f"paused {until}"))
        answer = _told(
            f"⏸ Paused {until}",
            "Nothing is posted anywhere, neither digests nor reports. Alerts are decided, and wait.",
            "After it, what waited too long comes as a digest. Admins are told of trouble all the same.",
            f"Reason: {asked.reason}" if asked.reason else "",
            buttons=row([button("Resume", Resume(), is_for_admins=True)]),
        )
        return _Done(answer, f"paused {until}", is_noted=True)

    async def _resume(self, act_of: ActOf) -> _Done:
        if not await self._control.unmute(*PAUSE, act_of("resumed")):
            raise InputError("nothing is paused")
        waiting = sum(lane.waiting for lane in self._delivery.lanes.values())
        return _Done(_told("▶ Posting again", f"{counted(waiting, 'alert')} waited."), "resumed", is_noted=True)

    async def _test(self, wanted: str) -> _Done:
        name = self._known("destination", wanted)
        if self._control.is_held(name):
            end = "/flowadmin resume" if self._control.is_paused else f"/flowadmin unmute destination {name}"
            raise InputError(f"nothing is posted to {name} now: {end} first")
        record = await send_test(self._outbox, self._delivery, name, self._now_ns())
        lane = self._delivery.lanes.get(name)
        return _Done(*tested(record, "" if lane is None else lane.parked))

    async def _retry(self, wanted: str, act_of: ActOf) -> _Done:
        found = await self._outbox.retry(wanted, lambda records: act_of(_queued(records)))
        for record in found:
            self._delivery.unpark(record.destination)
        self._delivery.take(Commit(Counter(record.destination for record in found), (), (), {}))
        lines = [*steered.delivery_lines(found, self._now_ns()), *map(self._unserved, found)]
        why = row([button("Why?", Why(found[0].alert_id))])
        return _Done(_told("Queued again, before all others", *lines, buttons=why), _queued(found), is_noted=True)

    def _unserved(self, record: DeliveryRecord) -> str:
        name = record.destination
        is_served = name in self._delivery.lanes or person_at(name) is not None
        return "" if is_served else f"{name} is no destination any more: it stays in the store."

    def _known(self, kind: Muted, name: str) -> str:
        """The thing that is meant. Raises InputError where there is none."""
        if kind == "ticker":
            return name.upper()
        known = list(self._rules() if kind == "rule" else self._delivery.lanes)
        if name not in known:
            raise InputError(f'there is no {kind} "{one_line(name, 60)}"{one_line(suggest(name, known), 200)}')
        return name

    def _affects(self, kind: Muted, name: str) -> str:
        match kind:
            case "ticker":
                return f"No alert about {name} is posted, whatever rule it matches. People's own watches still tell."
            case "rule":
                places = one_line(", ".join(self._rules()[name].route.send_to), 200)
                return f"It posts nothing to {places}. What it matches meanwhile is counted, and not told later."
            case "destination":
                return (
                    "Alerts for it are counted, and not told later; what waits there already waits until then."
                    " Rules that post elsewhere too go on there."
                )


def _queued(records: Sequence[DeliveryRecord]) -> str:
    return f"queued again for {', '.join(dict.fromkeys(label(record.destination) for record in records))}"


def _reloaded(found: Reloaded) -> _Done:
    if found.is_good:
        return _Done(_told("Reloaded", *found.report.split("; ")), f"reloaded: {found.report}")
    problems = found.report.splitlines()
    more = len(problems) - MOST_PROBLEMS
    lines = (*problems[:MOST_PROBLEMS], *((f"… and {more} more, all of them in the log",) if more > 0 else ()))
    title = f"Nothing was changed: the configuration has {counted(len(problems), 'problem')}"
    return _Done(trouble(title, *lines), f"refused: {counted(len(problems), 'problem')}, first {problems[0]}")


def _told(title: str, *lines: str, buttons: tuple[Button, ...] = ()) -> Answer:
    told = parts_of(Part("", tuple(line for line in lines if line)))
    return Answer(title, told, is_private=True, buttons=buttons)
