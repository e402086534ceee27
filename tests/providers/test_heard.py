"""The memory of what was heard: bounded, and cheap for the stream."""

import pytest

from bot.providers import heard
from bot.providers.heard import Heard
from tests.samples import a_print


async def test_what_the_stream_left_is_known() -> None:
    """Worked out when asked, before or while it is asked."""
    memory = Heard()
    memory.latest.extend(a_print(premium=float(number)) for number in range(1000))
    await memory.catch_up()
    memory.latest.append(a_print(premium=1000.0))
    assert [memory.is_new(a_print(premium=premium)) for premium in (0.0, 1000.0, 1001.0, 1001.0)] == [
        False, False, True, False,
    ]  # fmt: skip
    assert not memory.latest


def test_it_forgets_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between one and two generations are remembered, whatever comes."""
    monkeypatch.setattr(heard, "REMEMBERED", 10)
    memory = Heard()
    for number in range(35):
        assert memory.is_new(a_print(premium=float(number)))
    assert not memory.is_new(a_print(premium=20.0))
    assert memory.is_new(a_print(premium=19.0))
    memory.latest.extend(a_print() for _ in range(heard.LATEST + 5))
    assert len(memory.latest) == heard.LATEST


def test_a_row_that_is_no_print_is_known_by_its_text() -> None:
    """It has no identity."""
    memory = Heard()
    assert [memory.is_new_row(raw) for raw in (b"{", b"{", b"[")] == [True, False, True]
