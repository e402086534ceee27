"""The answers of `/watch` and `/snooze`: everybody's own, told to them alone, and durable before it is answered."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Collection, Sequence
from typing import Final, Protocol

import structlog

from bot.commands.answers.pressing import button, row
from bot.commands.answers.wording import parts_of, trouble
from bot.commands.asker import Asker
from bot.commands.requests import Personal, Snooze, WatchAdd, WatchList, WatchRemove
from bot.commands.steered import sentence, until
from bot.engine.control import Control
from bot.engine.rulebook import name_of_watch
from bot.engine.settings import WatchSettings
from bot.model.alerts import RuleHit
from bot.model.answers import Answer, Button, Part
from bot.model.errors import InputError, StoreError
from bot.model.prints import Print
from bot.model.steering import Mute, MuteKind
from bot.outbox.people import SqlitePeople
from bot.outbox.watching import Watch
from bot.render.spans import span
from bot.render.words import clock, counted, new_york, one_line
from bot.rules.rule import Rule, watch_rule
from bot.rules.watches import text_of, watch_body

log = structlog.get_logger()

MOST_LISTED: Final = 25
MAX_TEXT: Final = 200
"""Characters of a filter that are shown."""
CATCH_UP_S: Final = 1.0
"""For what the store did though nobody waited for it; a store slower than that is caught up with later."""


class Follower(Protocol):
    """Who has watches in force as they come and go: `bot.requests.Requests`."""

    async def take(self, watches: Sequence[Watch]) -> None:
        """Have watches in force that are in the store since just now."""

    async def drop(self, ids: Collection[int]) -> None:
        """Have watches match no more that are in the store no more."""

    async def follow(self) -> None:
        """Take over whatever has changed. Raises StoreError."""

    def watches_of(self, person: str) -> Sequence[tuple[int, str]]:
        """Somebody's, the oldest first: the number, and what was typed."""

    def is_usable(self, watch_id: int) -> bool:
        """Whether the watch is in force."""


class PersonalAnswers:
    """Answers everybody about what is theirs."""

    def __init__(
        self,
        store: SqlitePeople,
        follower: Follower,
        control: Control,
        *,
        settings: Callable[[], WatchSettings],
        platforms: Callable[[], Collection[str]],
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        """`platforms`: where there is a bot that can write to people."""
        self._store = store
        self._follower = follower
        self._control = control
        self._settings = settings
        self._platforms = platforms
        self._now_ns = now_ns
        self._is_in_doubt = False
        """The store may know more than is in force: whoever asks next has it caught up with first."""

    async def answer(self, request: Personal, asker: Asker) -> Answer:
        """Do what is asked, or show it."""
        try:
            if self._is_in_doubt:
                await self._catch_up()
            return _beside(await self._reopened(asker.person), await self._answer(request, asker))
        except StoreError as error:
            log.error("watch.store_failed", by=asker.person, reason=str(error))  # noqa: TRY400 - no bug
            return trouble("The store cannot do that now", "Nothing was changed. Try again in a minute.")
        except asyncio.CancelledError:  # the store does it all the same
            self._is_in_doubt = True
            with contextlib.suppress(TimeoutError, StoreError):
                async with asyncio.timeout(CATCH_UP_S):
                    await self._catch_up()
            raise

    def watches_of(self, person: str) -> Sequence[tuple[int, str]]:
        """Somebody's watches from memory, for whoever types: the number, and what was typed."""
        return self._follower.watches_of(person)

    async def hits(self, person: str, rules: Collection[str], found: Print) -> tuple[RuleHit, ...]:
        """Why watches of `person` that are among `rules` fired for a print; of those that are gone, nothing.

        An alert holds no word of its own about them. Raises StoreError.
        """
        watches = {name_of_watch(watch.id): watch for watch in await self._store.watches_of(person)}
        own = [_rule(name, watches[name]) for name in rules if name in watches]
        return tuple(RuleHit(rule.name, rule.route.explain(found)) for rule in own if rule is not None)

    async def _catch_up(self) -> None:
        await self._follower.follow()
        self._is_in_doubt = False

    async def _answer(self, request: Personal, asker: Asker) -> Answer:
        match request:
            case WatchAdd():
                return await self._add(request, asker)
            case WatchRemove(watch):
                return await self._remove(watch, asker.person)
            case WatchList():
                return await self._list(asker.person)
            case Snooze(for_s):
                return await self._end_snooze(asker.person) if for_s is None else await self._snooze(for_s, asker)

    async def _add(self, asked: WatchAdd, asker: Asker) -> Answer:
        person, settings = asker.person, self._settings()
        cooldown_s = settings.cooldown if asked.cooldown_s is None else asked.cooldown_s
        body = watch_body(asked.when, asked.text, cooldown_s)
        try:
            watch_rule("this watch", body, (), owner=person)
        except InputError as refused:
            return trouble("That did not work", *(sentence(problem.message) for problem in refused.problems))
        number = await self._store.add_watch_within(person, body, settings.per_person)
        if number is None:
            return _too_many(settings.per_person)
        await self._follower.take([Watch(number, person, body)])
        log.info("watch.added", watch=number, by=person)
        lines = (_shown(asked.text), "Alerts come to you alone, by direct message.", _quiet(cooldown_s))
        warnings = (self._unreachable(asker), self._snoozed(person))
        buttons = row([button(f"Remove {number}", WatchRemove(number)), _MINE])
        parts = parts_of(Part("", lines), Part("", tuple(line for line in warnings if line)))
        return Answer(f"👁 Watch {number} is on", parts, is_private=True, buttons=buttons)

    async def _remove(self, watch: int | None, person: str) -> Answer:
        gone = await self._store.remove_watches_of(person, watch)
        if not gone:
            what = "You have no watches" if watch is None else f"You have no watch {watch}"
            return _trouble(what, "/watch list shows yours.", _MINE)
        texts = dict(self._follower.watches_of(person))
        await self._follower.drop(gone)
        log.info("watch.removed", watches=gone, by=person)
        lines = [f"{number} · {_shown(texts[number])}" for number in gone if number in texts]
        title = f"Watch {gone[0]} is removed" if len(gone) == 1 else f"{len(gone)} watches are removed"
        return Answer(title, parts_of(Part("", _cut(lines))), is_private=True)

    async def _list(self, person: str) -> Answer:
        watches = await self._store.watches_of(person)
        snoozed = Part("", tuple(line for line in (self._snoozed(person),) if line))
        if not watches:
            lines = ("Try /watch add NVDA premium>=1M side=ask: such prints then come to you by direct message.",)
            return Answer("You watch nothing", parts_of(Part("", lines), snoozed), is_private=True)
        settings = self._settings()
        shown = Part("", _cut([self._line(watch) for watch in watches]))
        budget = f"One by one at most {counted(settings.budget, 'alert')} in any hour; more come as a digest."
        buttons = row(button(f"Remove {watch.id}", WatchRemove(watch.id)) for watch in watches)
        title = f"Your watches: {len(watches)} of {max(settings.per_person, len(watches))}"
        return Answer(title, parts_of(shown, snoozed, Part("", (budget,))), is_private=True, buttons=buttons)

    def _line(self, watch: Watch) -> str:
        rule = _rule(name_of_watch(watch.id), watch)
        state = "" if rule is None else _quiet(rule.route.cooldown_s)
        if rule is None or not self._follower.is_usable(watch.id):
            state = "⚠ it cannot be used any more: remove it, and add it anew"
        return f"{watch.id} · {_shown(text_of(watch.body))} · {state}"

    async def _snooze(self, for_s: float, asker: Asker) -> Answer:
        person, now_ns = asker.person, self._now_ns()
        snooze = Mute("person", person, now_ns + int(for_s * 1e9), person, "", now_ns)
        await self._control.mute(snooze)
        log.info("watch.snoozed", by=person, for_s=for_s)
        lines = ("What your watches match meanwhile is not kept for you.",)
        if not self._follower.watches_of(person):
            lines = ("You watch nothing, though: /watch add NVDA.",)
        buttons = row([button("End it", Snooze(None)), _MINE])
        return Answer(f"💤 Snoozed {until(snooze, now_ns)}", (Part("", lines),), is_private=True, buttons=buttons)

    async def _end_snooze(self, person: str) -> Answer:
        was_on = await self._control.unmute("person", person)
        title = "Your alerts come again" if was_on else "You are not snoozed"
        return Answer(title, (), is_private=True, buttons=row([_MINE]))

    async def _reopened(self, person: str) -> str:
        """Who asks for something may have opened their messages: try again, and say so. Empty where nobody was shut."""
        closed = self._in_force("closed", person)
        if closed is None or not await self._control.unmute("closed", person):
            return ""
        since = clock(new_york(closed.made_ns), self._now_ns())
        return (
            f"Since {since} your direct messages were closed to flowbot, so your watches rested"
            f" ({one_line(closed.reason, MAX_TEXT)}). They are on again: allow its messages, or they rest once more."
        )

    def _snoozed(self, person: str) -> str:
        snooze = self._in_force("person", person)
        return "" if snooze is None else f"💤 You are snoozed {until(snooze, self._now_ns())}; /snooze off ends it."

    def _unreachable(self, asker: Asker) -> str:
        if asker.platform in self._platforms():
            return ""
        return f"⚠ No bot of this flowbot can write to you on {asker.platform}: nothing will come until it has one."

    def _in_force(self, kind: MuteKind, person: str) -> Mute | None:
        return next((mute for mute in self._control.active(kind) if mute.name == person), None)


_MINE: Final = button("My watches", WatchList())


def _rule(name: str, watch: Watch) -> Rule | None:
    """None where it can be used no more."""
    try:
        return watch_rule(name, watch.body, owner=watch.owner)
    except InputError:
        return None


def _too_many(most: int) -> Answer:
    if not most:
        return trouble("Nobody may have watches here", "Whoever runs this flowbot decides: watches.per_person.")
    have = "1 watch" if most == 1 else f"{most} watches"
    return _trouble(f"You have {have}, and may have no more", "Remove one first.", _MINE)


def _trouble(title: str, line: str, pressed: Button | None) -> Answer:
    return Answer(title, (Part("", (line,)),), "trouble", is_private=True, buttons=row([pressed]))


def _beside(note: str, answer: Answer) -> Answer:
    """The answer, with a word before it."""
    if not note:
        return answer
    parts = (Part("", (note,)), *answer.parts)
    return Answer(answer.title, parts, answer.tone, is_private=True, buttons=answer.buttons)


def _quiet(cooldown_s: float) -> str:
    return f"the same contract stays quiet for {span(cooldown_s)}" if cooldown_s else "each match is told"


def _shown(text: str) -> str:
    return one_line(text, MAX_TEXT)


def _cut(lines: Sequence[str]) -> tuple[str, ...]:
    more = len(lines) - MOST_LISTED
    return (*lines[:MOST_LISTED], *([f"and {more} more"] if more > 0 else []))
