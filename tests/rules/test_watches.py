"""A watch is kept as the YAML would hold it, with what its owner typed beside it."""

import json

import pytest

from bot.model.errors import InputError
from bot.rules.rule import watch_rule
from bot.rules.watches import is_person, text_of, watch_body

ANN = "discord:123"
BODY = watch_body('{"ticker": "NVDA", "premium": ">= 1M"}', 'NVDA premium>=1M "quoted"', 300.0)


def test_what_is_kept_is_a_rule_as_the_yaml_would_hold_it() -> None:
    assert json.loads(BODY) == {
        "when": {"ticker": "NVDA", "premium": ">= 1M"},
        "send_to": ["dm"],
        "cooldown": "5m",
        "text": 'NVDA premium>=1M "quoted"',
    }
    rule = watch_rule("watch:7", BODY, ["desk"], owner=ANN)
    assert (rule.name, rule.route.send_to, rule.route.cooldown_s) == ("watch:7", ("dm:discord:123",), 300.0)
    assert rule.settings.send_to == ["dm:discord:123"]


@pytest.mark.parametrize(
    ("send_to", "found"),
    [(["desk"], ("desk",)), (["desk", "dm"], ("desk", "dm:discord:123")), (["dm", "dm"], ("dm:discord:123",))],
)
def test_a_person_may_be_told_beside_others(send_to: list[str], found: tuple[str, ...]) -> None:
    body = json.dumps({"when": {"ticker": "NVDA"}, "send_to": send_to})
    assert watch_rule("watch:7", body, ["desk"], owner=ANN).route.send_to == found


@pytest.mark.parametrize("owner", ["", "bench", "ann", "telegram:1", "discord:"])
def test_who_is_no_person_has_no_direct_messages(owner: str) -> None:
    assert not is_person(owner)
    with pytest.raises(InputError, match='unknown destination "dm"'):
        watch_rule("watch:7", BODY, ["desk"], owner=owner)


def test_what_is_wrong_is_said_in_the_grammars_words() -> None:
    with pytest.raises(InputError, match='unknown field "tikker"'):
        watch_rule("watch:7", watch_body('{"tikker": "NVDA"}', "tikker=NVDA", 0.0), [], owner=ANN)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (BODY, 'NVDA premium>=1M "quoted"'),
        ('{"when": {"ticker": "NVDA"}, "send_to": ["desk"]}', '{"ticker":"NVDA"}'),
        ('{"when": {"ticker": "NVDA"}, "text": 7}', '{"ticker":"NVDA"}'),
        ("not JSON", "not JSON"),
        ("[]", "[]"),
    ],
)
def test_what_was_typed_is_what_its_owner_sees(body: str, text: str) -> None:
    assert text_of(body) == text
