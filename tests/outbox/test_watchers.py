"""Very many people watch for one print: channels hear of it first, and everybody once, whatever comes between."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from bot.gate.verdict import judge
from bot.model.alerts import Alert
from bot.model.matches import Held, Known, Match, Route, Verdict
from bot.model.memory import Evidence
from bot.model.outcomes import Sent
from bot.model.people import destination_of
from bot.model.ports import Commit, Target
from bot.model.terms import Terms
from bot.outbox import watchers
from bot.outbox.alerting import ALL_PEOPLE
from bot.outbox.sqlite import SqliteOutbox
from tests.outbox.contract import SECOND_NS, Clock, Reopen, take
from tests.samples import NOON_NS, a_match, a_print, a_route

PEOPLE = {ALL_PEOPLE: Target(Terms(repeats="drop", max_age_s=60.0))}
MANY = 10
"""As many as are too many, with `AT_ONCE` as it is here."""


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchers, "AT_ONCE", 3)


def watch(number: int, person: int | None = None, **changes: Any) -> Route:
    who = destination_of(f"discord:{number if person is None else person}")
    return a_route(f"watch:{number}", send_to=(who,), **changes)


def watched(*others: Route, **changes: Any) -> tuple[Route, ...]:
    return (*others, *(watch(n, **changes) for n in range(MANY)))


async def commit(outbox: SqliteOutbox, *routes: Route, **print_changes: Any) -> Commit:
    return await outbox.commit([a_match(a_print(**print_changes), *routes)], judge, PEOPLE)


async def rest(outbox: SqliteOutbox) -> list[Commit]:
    """Everybody who was left is told."""
    found = []
    while (more := await outbox.tell_watchers(judge, PEOPLE)) is not None:
        found.append(more)
    return found


def told(*commits: Commit) -> Counter[str]:
    return sum((Counter(commit.queued) for commit in commits), Counter())


EVERYBODY = Counter(f"dm:discord:{n}" for n in range(MANY))


async def test_channels_are_told_with_the_print_and_people_some_at_a_time(outbox: SqliteOutbox) -> None:
    first = await commit(outbox, *watched(a_route()))
    assert dict(first.queued) == {"desk": 1}
    later = await rest(outbox)
    assert [len(one.queued) for one in later] == [3, 3, 3, 1]
    assert told(*later) == EVERYBODY
    assert [one.alerts for one in later] == [[]] * 4, "it is the same alert"
    batch = await take(outbox, destination="dm:discord:7")
    assert batch is not None
    assert [(one.alert, one.rules) for one in batch.deliveries] == [(first.alerts[0], ("watch:7",))]
    assert await outbox.tell_watchers(judge, PEOPLE) is None


async def test_where_only_people_watch_the_first_who_is_told_makes_the_alert(outbox: SqliteOutbox) -> None:
    first = await commit(outbox, *watched())
    assert (first.alerts, dict(first.queued)) == ([], {})
    later = await rest(outbox)
    assert [len(one.alerts) for one in later] == [1, 0, 0, 0]
    assert told(*later) == EVERYBODY
    explanation = await outbox.explain(later[0].alerts[0].id)
    assert explanation is not None
    assert len(explanation.deliveries) == MANY


async def test_one_with_several_watches_is_told_once_with_all_of_them(outbox: SqliteOutbox) -> None:
    """However the portions fall."""
    routes = [watch(n, person=n % 4) for n in range(MANY)]
    await commit(outbox, *routes)
    later = await rest(outbox)
    assert told(*later) == {f"dm:discord:{n}": 1 for n in range(4)}
    batch = await take(outbox, destination="dm:discord:1")
    assert batch is not None
    assert batch.deliveries[0].rules == ("watch:1", "watch:5", "watch:9")


async def test_a_few_are_told_with_the_print(outbox: SqliteOutbox) -> None:
    first = await commit(outbox, a_route(), *(watch(n) for n in range(3)))
    assert len(first.queued) == 4
    assert await rest(outbox) == []


async def test_who_is_told_with_the_print_is_told_all_of_it_then(outbox: SqliteOutbox) -> None:
    """A rule that has seen more than the print waits for nobody; nor does one that tells a channel too."""
    both = a_route("watch:77", send_to=("desk", "dm:discord:8"))
    burst = watch(99, person=9)
    routes = watched(both, burst)
    match = msgspec.structs.replace(
        a_match(a_print(), *routes), evidence={"watch:99": Evidence("count at least 3 within 1m", 3, 3e6, 9.0)}
    )
    first = await outbox.commit([match], judge, PEOPLE)
    assert dict(first.queued) == {"desk": 1, "dm:discord:8": 1, "dm:discord:9": 1}
    assert told(first, *await rest(outbox)) == EVERYBODY + Counter(["desk"])


@pytest.mark.parametrize("portions", range(5))
@pytest.mark.parametrize("has_desk", [True, False])
async def test_a_power_cut_at_any_moment_costs_nobody_a_word_and_doubles_none(
    outbox: SqliteOutbox, reopen: Reopen, portions: int, has_desk: bool
) -> None:
    """And the print, given again at any moment, is known."""
    routes = watched(a_route()) if has_desk else watched()
    found = [await commit(outbox, *routes)]
    for _ in range(portions):
        found.append(await outbox.tell_watchers(judge, PEOPLE) or Commit({}, (), (), {}))
        again = await commit(outbox, *routes)
        assert (dict(again.queued), again.alerts) == ({}, [])
        assert set(again.suppressed.values()) == {1}
        assert {reason for _, reason in again.suppressed} == {"duplicate"}
    after = await reopen()
    assert isinstance(after, SqliteOutbox)
    found += await rest(after)
    assert told(*found) == EVERYBODY + Counter(["desk"] * has_desk)
    assert sum(len(one.alerts) for one in found) == 1
    assert dict((await commit(after, *routes)).queued) == {}
    assert await rest(after) == []


async def test_everybodys_cooldown_is_judged_when_their_turn_comes(outbox: SqliteOutbox) -> None:
    routes = watched(cooldown_s=300.0)
    await commit(outbox, *routes, size=1)
    await commit(outbox, *routes, size=2, received_ns=NOON_NS + SECOND_NS)
    later = await rest(outbox)
    assert told(*later) == EVERYBODY, "the second was inside it"
    assert sum(later[-1].suppressed.values()) == 1
    assert [len(one.alerts) for one in later] == [1] + [0] * 7


async def test_a_snooze_is_obeyed_as_it_is_by_then(outbox: SqliteOutbox) -> None:
    def but_three(match: Match, known: Known) -> Verdict:
        fires = tuple(route for route in match.routes if route.rule != "watch:3")
        return Verdict(fires, tuple(Held("watch:3", "snooze", "") for _ in range(len(match.routes) - len(fires))))

    await commit(outbox, *watched())
    found = []
    while (more := await outbox.tell_watchers(but_three, PEOPLE)) is not None:
        found.append(more)
    assert told(*found) == EVERYBODY - Counter(["dm:discord:3"])


async def test_an_alert_of_another_print_speaks_for_the_desk_and_not_for_people(outbox: SqliteOutbox) -> None:
    first = await commit(outbox, a_route(cooldown_s=300.0), size=1)
    second = await commit(outbox, *watched(a_route(cooldown_s=300.0)), size=2, received_ns=NOON_NS + SECOND_NS)
    assert second.alerts == []
    later = await rest(outbox)
    ((alert,), *_) = (one.alerts for one in later)
    assert alert.id != first.alerts[0].id
    assert alert.print.size == 2
    assert told(*later) == EVERYBODY


async def test_the_same_trade_of_another_provider_is_told_to_nobody(outbox: SqliteOutbox) -> None:
    await commit(outbox, *watched(a_route()))
    twin = await commit(outbox, *watched(a_route()), provider="optionwhales")
    assert {reason for _, reason in twin.suppressed} == {"twin"}
    assert sum(twin.suppressed.values()) == MANY + 1
    assert told(*await rest(outbox)) == EVERYBODY


@pytest.mark.parametrize("has_desk", [True, False])
@pytest.mark.parametrize("provider", ["radarpulse", "optionwhales"])
async def test_a_trade_that_is_taken_back_is_told_to_nobody_more(
    outbox: SqliteOutbox, has_desk: bool, provider: str
) -> None:
    """By whichever feed it was."""
    await commit(outbox, *(watched(a_route()) if has_desk else watched()))
    await commit(outbox, *watched(), provider="optionwhales")
    before = await outbox.tell_watchers(judge, PEOPLE)
    assert before is not None
    taken_back = await outbox.cancel(a_print(provider=provider))
    assert taken_back.expired.keys() == before.queued.keys() | ({"desk"} if has_desk else set())
    assert await rest(outbox) == []


@pytest.mark.parametrize("has_desk", [True, False])
async def test_what_came_to_be_known_meanwhile_is_told(outbox: SqliteOutbox, has_desk: bool) -> None:
    await commit(outbox, *(watched(a_route()) if has_desk else watched()), bias=None)
    await outbox.amend(a_print(bias="bear", received_ns=NOON_NS + SECOND_NS))
    await rest(outbox)
    batch = await take(outbox, destination="dm:discord:5")
    assert batch is not None
    (found,) = batch.deliveries
    assert (found.alert.print.bias, found.alert.print.received_ns) == ("bear", NOON_NS)


async def test_a_print_that_is_forgotten_by_then_is_told_to_nobody(outbox: SqliteOutbox, clock: Clock) -> None:
    await commit(outbox, *watched())
    clock.at(2 * 86_400)
    await outbox.forget(86_400.0)
    assert told(*await rest(outbox)) == Counter()
    await commit(outbox, *watched(), size=2)
    assert told(*await rest(outbox)) == EVERYBODY, "and nothing is left over"


async def test_five_thousand_are_told_of_one_alert_that_names_none_of_them(
    outbox: SqliteOutbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchers, "AT_ONCE", 250)
    first = await commit(outbox, a_route(), *(watch(n, cooldown_s=300.0) for n in range(5000)))
    later = await rest(outbox)
    assert len(later) == 20
    assert len(told(*later)) == 5000
    assert _size(first.alerts) < 2000
    batch = await take(outbox, destination="dm:discord:4999")
    assert batch is not None
    await outbox.settle(batch, Sent("m"), is_final=True)
    assert _size([one.alert for one in batch.deliveries]) < 2000


def _size(alerts: Sequence[Alert]) -> int:
    return len(msgspec.msgpack.encode(alerts))
