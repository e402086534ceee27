"""Whether a print provably opens a position."""


def is_opening(size: int, volume: int, open_interest: int) -> bool:
    """True where the print alone is larger than all that was open and all that traded before it that day together.

    Whoever closes a position holds it: from yesterday, which is the open interest, or since today, which is the volume
    before this print. A day's volume below the print's own size contradicts itself and proves nothing. Only the next
    morning's open interest confirms the rest: False says that there is no proof, not that the print closes.
    """
    return volume >= size > open_interest + volume - size
