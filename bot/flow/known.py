"""What was said lately of contracts and underlyings, to complete a print whose own feed leaves it out.

For several providers at once: one names the open interest, the other does not. Holds no clock: a print's receipt is
the present.
"""

from collections.abc import Hashable, Mapping
from datetime import date
from typing import NamedTuple

import msgspec

from bot.flow.opening import is_opening
from bot.flow.score import score_parts, total
from bot.model.prints import OptionType, Print

REMEMBERED = 20_000
"""Contracts, and underlyings, in each of two generations."""
_NS_PER_S = 1_000_000_000
OPEN_INTEREST_NS = 16 * 3600 * _NS_PER_S
"""Counted once a night: it holds for the session."""
IV_NS = 60 * _NS_PER_S
SPOT_NS = 10 * _NS_PER_S
"""Prices move: an older one would be a lie."""

Contract = tuple[str, OptionType, float, date]


class _Said(NamedTuple):
    value: float
    at_ns: int
    rank: int


class _Memory:
    """Values by key, the latest of the most trusted provider; the longest unheard of are forgotten."""

    __slots__ = ("_keep_ns", "_new", "_old")

    def __init__(self, keep_ns: int) -> None:
        self._keep_ns = keep_ns
        self._new: dict[Hashable, _Said] = {}
        self._old: dict[Hashable, _Said] = {}

    def learn(self, key: Hashable, value: float, at_ns: int, rank: int) -> None:
        said = self._find(key)
        if said is not None and said.rank < rank and at_ns - said.at_ns <= self._keep_ns:
            return
        self._new[key] = _Said(value, at_ns, rank)
        if len(self._new) >= REMEMBERED:
            self._old, self._new = self._new, {}

    def recall(self, key: Hashable, now_ns: int) -> float | None:
        said = self._find(key)
        return said.value if said is not None and now_ns - said.at_ns <= self._keep_ns else None

    def _find(self, key: Hashable) -> _Said | None:
        return self._new.get(key) or self._old.get(key)


class Known:
    """Completes prints from what other prints said. `ranks`: provider -> 0 for the most trusted, 1 for the next …

    A provider's own word is never replaced. Open interest holds for a session, volatility for a minute, a spot price
    for ten seconds; what follows from them (vol/OI, percent out of the money, our local score, whether the print is
    provably an opening) is worked out anew.
    """

    def __init__(self, ranks: Mapping[str, int]) -> None:
        self._ranks = ranks
        self._open_interest = _Memory(OPEN_INTEREST_NS)
        self._iv = _Memory(IV_NS)
        self._spot = _Memory(SPOT_NS)

    def completed(self, found: Print) -> Print:
        """The print with what was missing and is known; learns from it what it says itself."""
        if found.is_recovered:
            return found  # of another time
        at_ns, rank = found.received_ns, self._ranks.get(found.provider, len(self._ranks))
        learned: dict[str, float | int] = {}
        if found.spot is not None:
            self._spot.learn(found.ticker, found.spot, at_ns, rank)
        elif (spot := self._spot.recall(found.ticker, at_ns)) is not None:
            learned["spot"] = spot
        if found.type is not None and found.strike is not None and found.expiry is not None:
            contract: Contract = (found.ticker, found.type, found.strike, found.expiry)
            if found.open_interest is not None:
                self._open_interest.learn(contract, found.open_interest, at_ns, rank)
            elif (open_interest := self._open_interest.recall(contract, at_ns)) is not None:
                learned["open_interest"] = int(open_interest)
            if found.iv is not None:
                self._iv.learn(contract, found.iv, at_ns, rank)
            elif (iv := self._iv.recall(contract, at_ns)) is not None:
                learned["iv"] = iv
        return _derived(msgspec.structs.replace(found, **learned)) if learned else found


def _derived(found: Print) -> Print:
    """What follows from facts that came in later; whatever was there stays."""
    more: dict[str, object] = {}
    vol_oi, otm_pct = found.vol_oi, found.otm_pct
    traded = found.volume or found.size
    if vol_oi is None and found.open_interest and traded:
        more["vol_oi"] = vol_oi = traded / found.open_interest
    if found.opening is None and found.size and found.volume and found.open_interest is not None:
        more["opening"] = is_opening(found.size, found.volume, found.open_interest)
    if otm_pct is None and found.spot and found.strike is not None and found.type is not None:
        otm = found.strike - found.spot if found.type == "call" else found.spot - found.strike
        more["otm_pct"] = otm_pct = otm / found.spot * 100
    premium, dte = found.premium, found.dte
    if found.score is None and not (vol_oi is None or premium is None or dte is None or otm_pct is None):
        parts = score_parts(vol_oi=vol_oi, premium=premium, dte=dte, otm_pct=otm_pct)
        more |= {"score": total(parts), "score_parts": parts, "score_is_local": True}
    return msgspec.structs.replace(found, **more) if more else found
