"""Sets of small numbers as Python's own big integers, of which one `&` takes a hundred thousand in a microsecond."""

from collections.abc import Collection, Generator, Sequence
from typing import Final

STEP: Final = 1024
"""Numbers, or rules, that are taken in between two turns of the event loop: about a millisecond."""

_FEW: Final = 16
"""So many are put in one by one, each time copying the whole integer."""
_SPARSE: Final = 64
"""So many are taken out one by one, likewise."""
_CHUNK: Final = 256
"""Bytes that are taken apart together: measured best for sets of some hundred to some thousand."""


def bits(numbers: Collection[int]) -> int:
    """The set of those that come an odd number of times."""
    found = 0
    if len(numbers) <= _FEW:
        for number in numbers:
            found ^= 1 << number
        return found
    raw = bytearray((max(numbers) >> 3) + 1)
    for number in numbers:
        raw[number >> 3] ^= 1 << (number & 7)
    return int.from_bytes(raw, "little")


def bits_in_steps(numbers: Sequence[int]) -> Generator[None, None, int]:
    """The same, in steps."""
    found = 0
    for start in range(0, len(numbers), STEP):
        found ^= bits(numbers[start : start + STEP])
        if start:
            yield
    return found


def numbers_in(found: int) -> list[int]:
    """The numbers in a set, in no order to rely on."""
    numbers: list[int] = []
    size = (found.bit_length() + 7) >> 3
    if size <= _CHUNK or found.bit_count() <= _SPARSE:
        _take_out(found, -1, numbers)
        return numbers
    raw = found.to_bytes(size, "little")
    for start in range(0, size, _CHUNK):
        _take_out(int.from_bytes(raw[start : start + _CHUNK], "little"), start * 8 - 1, numbers)
    return numbers


def _take_out(found: int, before: int, into: list[int]) -> None:
    """The highest first: the integer grows shorter, and no negative one is made on the way."""
    while found:
        length = found.bit_length()
        into.append(before + length)
        found ^= 1 << (length - 1)
