"""What mutes make of a verdict: what everybody reads, what one person reads, and what is counted."""

import pytest

from bot.gate.mutes import Mutes, hold
from bot.gate.repeats import fires as who_fires
from bot.gate.verdict import judge
from bot.model.matches import Known, Match, Verdict
from bot.model.steering import Mute, MuteKind
from tests.samples import NOON_NS, a_match, a_print, a_route

HOUR_NS = 3600 * 10**9
ANN, BOB = "dm:discord:1", "dm:slack:U2"


def a_mute(kind: MuteKind, name: str, until_ns: int | None = NOON_NS + HOUR_NS) -> Mute:
    return Mute(kind, name, until_ns, "discord:9", "", NOON_NS - 1)


def held_back(match: Match, *mutes: Mute, known: Known = Known(), now_ns: int = NOON_NS) -> Verdict:  # noqa: B008 - frozen
    return hold(judge(match, known), match, Mutes.of(mutes), now_ns)


def told(verdict: Verdict) -> dict[str, tuple[str, ...]]:
    return {route.rule: route.send_to for route in verdict.fires}


def counted(verdict: Verdict) -> list[tuple[str, str, str]]:
    return [(held.rule, held.reason, held.alert_id) for held in verdict.held]


MATCH = a_match(
    a_print(ticker="NVDA"),
    a_route("whales", send_to=("desk", "room")),
    a_route("sweeps", send_to=("room",)),
    a_route("watch:1", send_to=(ANN,)),
    a_route("watch:2", send_to=(BOB,)),
)
ALL = {"whales": ("desk", "room"), "sweeps": ("room",), "watch:1": (ANN,), "watch:2": (BOB,)}


@pytest.mark.parametrize(
    ("mutes", "fires", "held"),
    [
        ([], {}, []),
        ([("rule", "whales")], {"whales": None}, [("whales", "mute")]),
        ([("ticker", "NVDA")], {"whales": None, "sweeps": None}, [("whales", "mute"), ("sweeps", "mute")]),
        ([("ticker", "AAPL"), ("rule", "other"), ("destination", "hall")], {}, []),
        ([("destination", "desk")], {"whales": ("room",)}, [("whales", "mute")]),
        (
            [("destination", "room")],
            {"whales": ("desk",), "sweeps": None},
            [("whales", "mute"), ("sweeps", "mute")],
        ),
        ([("person", "discord:1")], {"watch:1": None}, [("watch:1", "snooze")]),
        ([("closed", "slack:U2")], {"watch:2": None}, [("watch:2", "snooze")]),
        ([("rule", "watch:1")], {}, []),
        ([("person", "desk"), ("destination", ANN)], {}, []),
    ],
)
def test_each_mute_keeps_quiet_what_it_is_about(
    mutes: list[tuple[MuteKind, str]], fires: dict[str, tuple[str, ...] | None], held: list[tuple[str, str]]
) -> None:
    """A muted ticker or rule concerns what all read, never somebody's own watch; a snooze that person's alone."""
    verdict = held_back(MATCH, *(a_mute(kind, name) for kind, name in mutes))
    assert told(verdict) == {rule: to for rule, to in {**ALL, **fires}.items() if to}
    assert counted(verdict) == [(rule, reason, "") for rule, reason in held]


@pytest.mark.parametrize(
    ("until_ns", "now_ns", "is_quiet"),
    [
        (NOON_NS + HOUR_NS, NOON_NS + HOUR_NS - 1, True),
        (NOON_NS + HOUR_NS, NOON_NS + HOUR_NS, False),
        (None, NOON_NS + 10_000 * HOUR_NS, True),
    ],
)
def test_a_mute_ends_by_itself(until_ns: int | None, now_ns: int, is_quiet: bool) -> None:
    verdict = held_back(a_match(), a_mute("rule", "whales", until_ns), now_ns=now_ns)
    assert (not verdict.fires) == is_quiet


def test_a_pause_is_the_lanes_business_and_decides_nothing() -> None:
    assert told(held_back(MATCH, a_mute("pause", ""))) == ALL


def test_what_was_quiet_anyway_stays_so_for_its_own_reason() -> None:
    """A duplicate, and a rule in cooldown, whose count belongs to the alert that is there already."""
    muted = a_mute("ticker", "NVDA")
    assert counted(held_back(a_match(), muted, known=Known(duplicate_of="k1"))) == [("whales", "duplicate", "k1")]
    match = a_match(a_print(), a_route("whales"), a_route("sweeps"))
    verdict = held_back(match, muted, known=Known(cooling={"sweeps": "k1"}))
    assert counted(verdict) == [("sweeps", "cooldown", "k1"), ("whales", "mute", "")]
    assert verdict.fires == ()


def test_a_repeat_is_posted_anew_only_where_nothing_is_muted() -> None:
    match = a_match(a_print(), a_route("whales", send_to=("desk", "room"), repeats="post"))
    verdict = held_back(match, a_mute("destination", "room"), known=Known(cooling={"whales": "k1"}))
    assert verdict.quiet == {"whales": frozenset({"room"})}
    verdict = held_back(match, a_mute("rule", "whales"), known=Known(cooling={"whales": "k1"}))
    assert verdict.quiet == {"whales": frozenset({"desk", "room"})}
    assert held_back(match, a_mute("rule", "whales")).quiet == {}, "it cools nothing: it is muted"


def test_without_mutes_the_verdict_is_the_gates_own() -> None:
    verdict = judge(MATCH, Known())
    assert hold(verdict, MATCH, Mutes(), NOON_NS) is verdict
    assert who_fires(MATCH, verdict, {}) == MATCH.routes


def test_one_mute_of_a_kind_and_name_takes_the_others_place() -> None:
    first, second, other = a_mute("rule", "a"), a_mute("rule", "a", None), a_mute("ticker", "a")
    mutes = Mutes().with_one(first).with_one(other).with_one(second)
    assert list(mutes.by_key.values()) == [other, second]
    assert mutes.without(("rule", "a")).without(("rule", "b")) == Mutes.of([other])
