"""The words that feeds use for sides, kinds, types and biases, and ours for each. A word we do not know is None."""

from typing import Generic, TypeVar

from bot.model.prints import Bias, Kind, OptionType, Side

W = TypeVar("W", bound=str)


class Words(dict[str | None, W | None], Generic[W]):
    """Look a feed's word up with `[]`, in any case and spacing; None (no word) and unknown words give None.

    The usual spellings are keys, so that the usual look-up is one; the rest pass through `__missing__`.
    """

    def __init__(self, spellings: dict[W, str]) -> None:
        super().__init__({None: None})
        for ours, theirs in spellings.items():
            words: list[str] = [ours, *theirs.split()]
            for word in words:
                for spelled in (word.lower(), word.upper(), word.capitalize()):
                    self[spelled] = ours

    def __missing__(self, word: str | None) -> W | None:
        return self.get(word.strip().lower().replace(" ", "_")) if word and len(word) <= 40 else None


TYPES: Words[OptionType] = Words({"call": "c calls", "put": "p puts"})
SIDES: Words[Side] = Words(
    {
        "ask": "a buy at_ask above_ask ask_side aa",
        "bid": "b sell at_bid below_bid bid_side bb",
        "mid": "m midpoint at_mid mid_side between",
    }
)
KINDS: Words[Kind] = Words({"sweep": "sweeps", "block": "blocks", "split": "splits", "single": "trade"})
BIASES: Words[Bias] = Words({"bull": "bullish", "bear": "bearish", "neutral": ""})

BIAS_OF: dict[tuple[Side | None, OptionType | None], Bias] = {
    ("ask", "call"): "bull",
    ("bid", "put"): "bull",
    ("ask", "put"): "bear",
    ("bid", "call"): "bear",
    ("mid", "call"): "neutral",
    ("mid", "put"): "neutral",
}
"""What trading on that side of that type bets on: buyers lift the ask, sellers hit the bid."""

SIDE_OF: dict[tuple[Bias | None, OptionType | None], Side] = {
    (bias, type_): side for (side, type_), bias in BIAS_OF.items() if side and type_ and bias != "neutral"
}  # fmt: skip
"""The other way round, where a feed names the bias alone. A neutral one says nothing about the side."""

OPPOSITE: dict[Bias, Bias] = {"bull": "bear", "bear": "bull", "neutral": "neutral"}
