"""What two rule sets say differently of the same tape: each alert that one posts to a destination and the other not."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import msgspec

from bot.model.prints import Print
from bot.render.words import contract_line
from bot.workbench.backtest.tally import moment
from bot.workbench.backtest.verdicts import Decided

Change = Literal["added", "removed"]


class Changed(msgspec.Struct, frozen=True):
    """One print whose alert one rule set has and the other has not, at these destinations."""

    change: Change
    at: datetime
    """When the print was received, UTC."""
    contract: str
    """`NVDA 145C 7/17 (21d)`. Upstream's text."""
    premium: float | None
    score: float | None
    destinations: tuple[str, ...]
    rules: tuple[str, ...]
    """Those of the rule set that has it."""


class Difference:
    """From one rule set to another, print by print. Alerts are the same where print and destination are."""

    def __init__(self) -> None:
        self._only: Mapping[Change, dict[tuple[bytes, str], tuple[Print, tuple[str, ...]]]] = {
            "removed": {},
            "added": {},
        }

    def note(self, found: Print, identity: bytes, before: Decided | None, after: Decided | None) -> None:
        """What the two made of one print."""
        was, now = _sent(before), _sent(after)
        if was.keys() == now.keys():
            return
        self._note("removed", "added", found, identity, {to: was[to] for to in was.keys() - now.keys()})
        self._note("added", "removed", found, identity, {to: now[to] for to in now.keys() - was.keys()})

    def _note(
        self, change: Change, opposite: Change, found: Print, identity: bytes, sent: Mapping[str, tuple[str, ...]]
    ) -> None:
        for to, rules in sent.items():
            # A feed may give one print twice: one rule set may have taken the first of them, the other the second.
            if self._only[opposite].pop((identity, to), None) is None:
                self._only[change][identity, to] = (found, rules)

    def changed(self) -> list[Changed]:
        """In the order of the tape; of one print, what was removed stands first."""
        found = [one for change, only in self._only.items() for one in _by_print(change, only)]
        return sorted(found, key=lambda one: one.at)


def _sent(decided: Decided | None) -> dict[str, tuple[str, ...]]:
    """Destination -> the rules that send the alert there."""
    sent: dict[str, tuple[str, ...]] = {}
    if decided is not None and decided.alert is not None:
        for route in decided.fires:
            for to in dict.fromkeys(route.send_to):
                sent[to] = (*sent.get(to, ()), route.rule)
    return sent


def _by_print(change: Change, only: Mapping[tuple[bytes, str], tuple[Print, tuple[str, ...]]]) -> list[Changed]:
    of_print: dict[bytes, tuple[Print, list[str], dict[str, None]]] = {}
    for (identity, to), (found, rules) in only.items():
        _, destinations, names = of_print.setdefault(identity, (found, [], {}))
        destinations.append(to)
        names.update(dict.fromkeys(rules))
    return [
        Changed(
            change,
            moment(found.received_ns),
            contract_line(found, found.received_ns),
            found.premium,
            found.score,
            tuple(sorted(destinations)),
            tuple(names),
        )
        for found, destinations, names in of_print.values()
    ]
