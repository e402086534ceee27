"""When a print repeats an alert, and what a rule makes of a repeat at a destination."""

import pytest

from bot.gate.repeats import is_repeat, mode
from bot.model.terms import RepeatMode, Terms
from tests.samples import NVDA, a_print, a_route


@pytest.mark.parametrize(
    ("changes", "repeats"),
    [
        ({"size": 7, "premium": 1.0, "kind": "block", "provider": "other"}, True),
        ({"strike": 150.0}, False),
        ({"type": "put"}, False),
        ({"ticker": "AMD"}, False),
        ({"side": "bid"}, False),
        ({"side": None}, False),
        ({"expiry": None}, False),
    ],
)
def test_a_repeat_has_the_same_contract_and_side(changes: dict[str, object], repeats: bool) -> None:
    assert is_repeat(a_print(**changes), NVDA) is repeats


def test_a_contract_that_neither_print_names_is_not_the_same() -> None:
    assert not is_repeat(a_print(expiry=None, size=7), a_print(expiry=None))


def test_a_side_that_neither_print_knows_is_the_same() -> None:
    assert is_repeat(a_print(side=None, size=7), a_print(side=None))


@pytest.mark.parametrize(
    ("rule", "destination", "can_edit", "made"),
    [
        (None, "edit", True, "edit"),
        (None, "edit", False, "drop"),
        (None, "post", False, "post"),
        (None, "drop", True, "drop"),
        ("post", "edit", True, "post"),
        ("drop", "post", True, "drop"),
        ("edit", "drop", True, "edit"),
        ("edit", "post", False, "drop"),
    ],
)
def test_the_rules_word_goes_before_the_destinations(
    rule: RepeatMode | None, destination: RepeatMode, can_edit: bool, made: RepeatMode
) -> None:
    assert mode(a_route(repeats=rule), Terms(repeats=destination, can_edit=can_edit)) == made
