"""One rule set over a tape: matched, judged, told to the channels' models, and counted."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.engine.matching import Matching, TrueOf
from bot.model.matches import Match, Route
from bot.model.prints import Print
from bot.model.terms import Terms
from bot.outbox.records import deliveries_of
from bot.workbench.backtest.channel import Channel, Outlet
from bot.workbench.backtest.memories import Memories
from bot.workbench.backtest.pacing import Windows
from bot.workbench.backtest.tally import ChannelTally, RuleTally
from bot.workbench.backtest.verdicts import Decided, Verdicts

NEVER_NS = 2**63


@dataclass(frozen=True, slots=True)
class RuleSet:
    """One configuration, as far as it is played."""

    name: str
    """Its file."""
    routes: tuple[Route, ...]
    """In the configuration's order."""
    outlets: tuple[Outlet, ...]
    true_of: TrueOf
    unplayed: tuple[str, ...] = ()
    """Rules about silence: they watch the feed and not the prints."""


class Trial:
    """`match` each print in the order of the tape, `take` what it gives; `finish` at the end."""

    def __init__(self, rules: RuleSet) -> None:
        self.rules = rules
        self.tallies = {route.rule: RuleTally() for route in rules.routes}
        self.alerts = 0
        windows = Windows()
        self.channels = {outlet.name: Channel(outlet, windows, ChannelTally()) for outlet in rules.outlets}
        self._terms = {outlet.name: outlet.terms for outlet in rules.outlets}
        self._verdicts = Verdicts(self._terms, lambda to, own_id, now_ns: self.channels[to].repeat(own_id, now_ns))
        self.memories = Memories(rules.routes)
        matching = Matching(rules.true_of, self.memories)
        self.match = matching.match
        self._forget = matching.forget

    def take(self, match: Match, identity: bytes, now_ns: int) -> Decided:
        """Judge a match at the moment when its print was received."""
        self._advance(now_ns)
        tallies, found = self.tallies, match.print
        for route in match.routes:
            tallies[route.rule].matches += 1
        decided = self._verdicts.decide(match, identity)
        for held in decided.held:
            tallies[held.rule].suppressed[held.reason] += 1
        if decided.alert is not None:
            self.alerts += 1
            for route in decided.fires:
                tallies[route.rule].alerted(found, now_ns)
            for delivery in deliveries_of(decided.alert, decided.fires):
                to = delivery.destination
                stale_ns = _stale_ns(to, decided.fires, self._terms[to], decided.alert.created_ns)
                self.channels[to].add(delivery, stale_ns, now_ns)
        return decided

    def cancel(self, found: Print, now_ns: int) -> None:
        """The feed takes back a trade that it reported."""
        self._advance(now_ns)
        self._forget(found)
        own_id = self._verdicts.cancel(found)
        if own_id is not None:
            for channel in self.channels.values():
                channel.cancel(own_id, now_ns)

    def amend(self, found: Print, now_ns: int) -> None:
        """More is known of a print than when its alert was decided."""
        own_id = self._verdicts.speaks_for(found)
        if own_id is not None:
            self._advance(now_ns)
            for channel in self.channels.values():
                channel.amend(own_id, now_ns)

    def finish(self) -> None:
        """The tape is over: let the channels post, or digest, what still waits."""
        self._advance(NEVER_NS)

    def _advance(self, now_ns: int) -> None:
        """Let the channels do what was due before now. What is due now waits for what else comes at this moment, as
        one transaction takes it in."""
        while True:
            first: Channel | None = None
            first_ns = now_ns
            for channel in self.channels.values():
                due_ns = channel.due_ns
                if due_ns is not None and due_ns < first_ns:
                    first, first_ns = channel, due_ns
            if first is None:
                return
            first.step(first_ns)


def _stale_ns(destination: str, fires: Sequence[Route], terms: Terms, created_ns: int) -> int | None:
    """When it will have waited too long: the most patient of its rules decides. None: never."""
    ages_s = [
        terms.max_age_s if route.max_age_s is None else route.max_age_s
        for route in fires
        if destination in route.send_to
    ]
    known_s = [age_s for age_s in ages_s if age_s is not None]
    return None if len(known_s) < len(ages_s) else created_ns + int(max(known_s) * 1e9)
