"""Which trades another provider has just told of: for the day's sums only, which would count them twice.

Alerts do not depend on it: the store decides about those, by the same judgement.
"""

from datetime import date
from typing import Final

from bot.gate.verdict import is_twin
from bot.model.prints import OptionType, Print

REMEMBERED: Final = 10_000
"""Contracts in each of two generations; twins come within seconds."""
OF_A_CONTRACT: Final = 16
"""Prints of one contract that wait for their twins, the newest."""

_Contract = tuple[str, OptionType, float, date]


class Twins:
    """Each print is the twin of one other at most, as in the store."""

    __slots__ = ("_new", "_old")

    def __init__(self) -> None:
        self._new: dict[_Contract, list[Print]] = {}
        self._old: dict[_Contract, list[Print]] = {}

    def is_twin(self, found: Print) -> bool:
        """Whether another provider told of this trade already; remembers it where not."""
        if found.type is None or found.strike is None or found.expiry is None or found.time is None:
            return False
        contract = (found.ticker, found.type, found.strike, found.expiry)
        told = self._new.get(contract)
        if told is None:
            told = self._old.pop(contract, None) or []
            self._remember(contract, told)
        for place, other in enumerate(told):
            if other.provider == found.provider or other.time is None:
                continue
            if is_twin(found, time=other.time, size=other.size, premium=other.premium):
                del told[place]
                return True
        told.append(found)
        if len(told) > OF_A_CONTRACT:
            del told[0]
        return False

    def _remember(self, contract: _Contract, told: list[Print]) -> None:
        if len(self._new) >= REMEMBERED:
            self._old, self._new = self._new, {}
        self._new[contract] = told
