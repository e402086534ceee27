"""The real verdicts over a tape, from what dictionaries remember in the store's place: a day is played in seconds.

`bot.outbox.stamps`, `repeats`, `records` and `cancellations` say what is remembered and how it is used; a test compares
the two.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final, NamedTuple

from bot.gate.repeats import fires as who_fires
from bot.gate.repeats import is_repeat, mode
from bot.gate.verdict import TWIN_WINDOW_S, cooldown_key, is_twin, judge
from bot.model.alerts import Alert, RuleHit
from bot.model.matches import Held, Known, Match, Route, Verdict
from bot.model.prints import Print
from bot.model.terms import RepeatMode, Terms
from bot.outbox.cancellations import SAME_USD
from bot.outbox.records import alert_id

TWIN_MS: Final = int(TWIN_WINDOW_S * 1000) + 1
"""Twins lie at most so far apart: they are looked for in one drawer of this width and its two neighbours."""

TellAgain = Callable[[str, str, int], bool]
"""Destination, alert's id, now in unix ns: whether the message there tells of one print more."""


class Decided(NamedTuple):
    """What became of one match."""

    alert: Alert | None
    fires: tuple[Route, ...] = ()
    """The rules that send it, each to where it sends it."""
    held: tuple[Held, ...] = ()


class _Stamp:
    """A print that had its verdict."""

    __slots__ = ("alert_id", "identity", "is_cancelled", "premium", "provider", "size", "time_ms", "trade")

    def __init__(self, found: Print, identity: bytes, alert_id: str, trade: bytes, time_ms: int | None) -> None:
        self.identity = identity
        self.provider = found.provider
        self.time_ms = time_ms
        self.size = found.size
        self.premium = found.premium
        self.alert_id = alert_id
        self.trade = trade
        self.is_cancelled = False


class Verdicts:
    """One rule set's memory of what it has said. Nothing is forgotten: a tape ends."""

    def __init__(self, terms: Mapping[str, Terms], tell_again: TellAgain) -> None:
        """`terms` by destination, with `can_edit` as the platform has it."""
        self._terms = terms
        self._tell_again = tell_again
        self._stamps: dict[bytes, _Stamp] = {}
        self._drawers: dict[tuple[str, int], list[_Stamp]] = defaultdict(list)
        """Those with contract and time, by contract and time in units of `TWIN_MS`."""
        self._tellings: set[tuple[str, bytes, str]] = set()
        """Contract, trade and provider of those."""
        self._cooldowns: dict[tuple[str, str], tuple[int, str]] = {}
        """Rule and key -> when it ends, and the alert that began it."""
        self._alerts: dict[str, Alert] = {}
        self._providers: set[str] = set()

    def decide(self, match: Match, identity: bytes) -> Decided:
        """Judge a match, whose print's `identity` the caller has, and remember what follows."""
        found = match.print
        contract = found.contract
        time_ms = None if found.time is None else int(found.time.timestamp() * 1000)
        self._providers.add(found.provider)
        known, trade = self._known(match, identity, contract, time_ms)
        verdict = judge(match, known)
        fires, held = self._hear(match, verdict, contract)
        if known.duplicate_of is not None:
            return Decided(None, held=held)
        alert = self._alert(found, identity, fires) if fires else None
        said_by = verdict.held[0].alert_id if alert is None else alert.id
        self._stamp(_Stamp(found, identity, said_by, trade, time_ms), contract)
        if alert is not None:
            self._start_cooldowns(alert, verdict.fires)
        return Decided(alert, fires, held)

    def speaks_for(self, found: Print) -> str | None:
        """The id of the alert that `found` itself made, or a twin of it; None where none did."""
        stamp = self._stamps.get(found.identity)
        return None if stamp is None or not self._is_of(stamp) else stamp.alert_id

    def cancel(self, found: Print) -> str | None:
        """The feed takes a trade back: the id of the alert that told of it, if one did; its cooldowns end."""
        stamp = self._told(found)
        if stamp is None:
            return None
        stamp.is_cancelled = True
        if not self._is_of(stamp):
            return None
        self._cooldowns = {key: told for key, told in self._cooldowns.items() if told[1] != stamp.alert_id}
        return stamp.alert_id

    # --- what is known ---

    def _known(self, match: Match, identity: bytes, contract: str | None, time_ms: int | None) -> tuple[Known, bytes]:
        """And the identity of the first print that told of the same trade. The first thing that decides is enough."""
        stamp = self._stamps.get(identity)
        if stamp is not None:
            return Known(duplicate_of=stamp.alert_id), stamp.trade
        if contract is not None and time_ms is not None and len(self._providers) > 1:
            twin = self._twin(match.print, contract, time_ms)
            if twin is not None:
                return Known(twin_of=twin.alert_id), twin.trade
        cooling: dict[str, str] = {}
        for route in match.routes:
            key = cooldown_key(route, match.print)
            if key is not None:
                until_ns, by = self._cooldowns.get((route.rule, key), (0, ""))
                if until_ns > match.print.received_ns:
                    cooling[route.rule] = by
        return Known(cooling=cooling), identity

    def _twin(self, found: Print, contract: str, time_ms: int) -> _Stamp | None:
        """One print there is the twin of one print here."""
        near = self._near(contract, time_ms)
        near.sort(key=lambda stamp: (stamp.time_ms, stamp.identity))
        for stamp in near:
            if stamp.provider == found.provider or (contract, stamp.trade, found.provider) in self._tellings:
                continue
            time = datetime.fromtimestamp((stamp.time_ms or 0) / 1000, UTC)
            if is_twin(found, time=time, size=stamp.size, premium=stamp.premium):
                return stamp
        return None

    def _near(self, contract: str, time_ms: int) -> list[_Stamp]:
        drawer = time_ms // TWIN_MS
        return [
            stamp for place in (drawer - 1, drawer, drawer + 1) for stamp in self._drawers.get((contract, place), ())
        ]

    def _told(self, found: Print) -> _Stamp | None:
        """By identity; else the oldest of the same facts that still holds, because a correction may lack the id."""
        stamp = self._stamps.get(found.identity)
        contract = found.contract
        if stamp is not None or contract is None or found.time is None:
            return stamp
        time_ms = int(found.time.timestamp() * 1000)
        return next((one for one in self._near(contract, time_ms) if _is_same(one, found, time_ms)), None)

    def _is_of(self, stamp: _Stamp) -> bool:
        """Whether the alert that a stamp names is of that very trade: it may merely have kept the print quiet."""
        return self._alerts[stamp.alert_id].print.identity in (stamp.identity, stamp.trade)

    # --- repeats ---

    def _hear(self, match: Match, verdict: Verdict, contract: str | None) -> tuple[tuple[Route, ...], tuple[Held, ...]]:
        """A verdict, with the repeats among what it held back dealt with: what fires, and what is held."""
        cooling = {held.rule: held.alert_id for held in verdict.held if held.reason == "cooldown"}
        repeated = {
            route.rule: (route, cooling[route.rule])
            for route in match.routes
            if route.rule in cooling
            and contract is not None
            and is_repeat(match.print, self._alerts[cooling[route.rule]].print)
        }
        if not repeated:
            return verdict.fires, verdict.held
        modes = {rule: self._modes(route) for rule, (route, _) in repeated.items()}
        fires = who_fires(match, verdict, modes)
        covered = {destination for route in fires for destination in route.send_to}
        held = [one for one in verdict.held if one.rule not in repeated]
        edited: set[str] = set()
        for rule, (_, by) in repeated.items():
            wanted = {destination for destination, how in modes[rule].items() if how == "edit"} - covered
            edited |= {to for to in wanted - edited if self._tell_again(to, by, match.print.received_ns)}
            if wanted & edited:
                held.append(Held(rule, "repeat", by))
            elif any(how != "post" for how in modes[rule].values()):
                held.append(Held(rule, "cooldown", by))
        return fires, tuple(held)

    def _modes(self, route: Route) -> dict[str, RepeatMode]:
        return {to: mode(route, self._terms[to]) for to in route.send_to}

    # --- what is remembered ---

    def _alert(self, found: Print, identity: bytes, fires: tuple[Route, ...]) -> Alert:
        salt, own_id = 0, alert_id(identity)
        while own_id in self._alerts:  # forty bits are few: another print has this id
            salt += 1
            own_id = alert_id(identity, salt)
        hits = tuple(RuleHit(route.rule, ()) for route in fires)
        alert = self._alerts[own_id] = Alert(own_id, found, hits, created_ns=found.received_ns)
        return alert

    def _stamp(self, stamp: _Stamp, contract: str | None) -> None:
        self._stamps[stamp.identity] = stamp
        if contract is not None and stamp.time_ms is not None:
            self._drawers[contract, stamp.time_ms // TWIN_MS].append(stamp)
            self._tellings.add((contract, stamp.trade, stamp.provider))

    def _start_cooldowns(self, alert: Alert, fires: tuple[Route, ...]) -> None:
        for route in fires:
            key = cooldown_key(route, alert.print)
            if key is not None:
                until_ns = alert.created_ns + int(route.cooldown_s * 1e9)
                self._cooldowns[route.rule, key] = (until_ns, alert.id)


def _is_same(stamp: _Stamp, found: Print, time_ms: int) -> bool:
    if stamp.is_cancelled or (stamp.time_ms, stamp.provider, stamp.size) != (time_ms, found.provider, found.size):
        return False
    if stamp.premium is None or found.premium is None:
        return stamp.premium is found.premium and stamp.size is not None
    return abs(stamp.premium - found.premium) < SAME_USD
