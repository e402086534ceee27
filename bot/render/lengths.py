"""Cutting text to a platform's limits. Knows no platform: each names its own numbers."""


def units(text: str) -> int:
    """Length in UTF-16 code units.

    Neither Discord nor Slack says what a character is. Their clients count UTF-16 units, their servers may count code
    points, of which there are never more: what fits by this measure fits by both.
    """
    return len(text) + sum(character > "\uffff" for character in text)


def cut(text: str, max_units: int) -> str:
    """The text itself where it fits, else its beginning and an ellipsis."""
    if units(text) <= max_units:
        return text
    kept = text[: max(0, max_units - 1)]
    while units(kept) > max_units - 1:
        kept = kept[:-1]
    return f"{kept}…" if max_units > 0 else ""
