"""A watch's filter in the rule grammar, on one line: `NVDA premium>=1M side=ask` is what a rule's `when` would say.

Facts, values and what is wrong with them are the YAML's: its reader judges what is made here.
"""

import json
import re
from collections.abc import Iterator

from bot.commands.lines import unquoted, words
from bot.commands.values import choice_like, days_of, is_money, shown, symbol
from bot.config.wording import suggest
from bot.model.errors import InputError
from bot.model.sectors import gics_name
from bot.rules.clauses import All, Any, Between, Compare, Node, OneOf
from bot.rules.rule import watch_rule
from bot.rules.vocabulary import FACTS, Fact

_WATCH = "this watch"
_SAMPLE = "try NVDA premium>=1M side=ask"
_LONGEST_TICKER = 6
"""Letters of an option's underlying (OCC): a longer word is a slip, not a ticker."""
_SAYING = ("type", "side", "kind", "bias", "session")
"""Facts whose values say which fact is meant."""
_ALIASES = {"bullish": "bull", "bearish": "bear"}
_AT_LEAST = {"min_premium": "premium", "min_score": "score"}
"""As `/flow top` has it."""
_SAMPLES = {
    "ticker": "ticker=NVDA",
    "provider": "provider=radarpulse",
    "sector": "sector=Energy",
    "expiry": "expiry=2026-07-17",
    "time": "time=09:30-10:00",
    "premium": "premium>=1M",
}
_NARROWING = ("number", "date")
_ITEM = re.compile(r"\"[^\"]*\"|'[^']*'|[^,]+")
_PLACE = re.compile(r"when\.([a-z_]+)\S* of this watch: ")


def read_filter(text: str) -> str:
    """The `when` of a straight line, as JSON that `watch_rule` reads. Raises ValueError with what to mend."""
    asked = _Asked()
    for word in words(text):
        if word.key:
            _take(asked, word.key, word.operator, word.value)
        else:
            for value in [word.value] if is_money(word.value) else word.value.split(","):
                _take_bare(asked, value)
    when = asked.when()
    if not when:
        raise ValueError(f"A watch needs a filter: {_SAMPLE}.")
    try:
        rule = watch_rule(_WATCH, json.dumps({"when": when, "send_to": ["dm"]}))
    except InputError as error:
        message = _PLACE.sub(r"\1: ", error.problems[0].message)
        raise ValueError(f"{message.removesuffix('.')}.") from None
    if rule.when is None or not _narrows(rule.when):
        raise ValueError(f"That would let nearly everything through: name a ticker or a threshold; {_SAMPLE}.")
    return json.dumps(when, ensure_ascii=False)


class _Asked:
    """What a filter asks, fact by fact, in the order of the line."""

    def __init__(self) -> None:
        self._any_of: dict[str, list[str]] = {}
        self._none_of: dict[str, list[str]] = {}
        self._bounds: dict[str, list[object]] = {}
        self._facts: dict[str, None] = {}

    def any_of(self, fact: str, *values: str) -> None:
        """Said again, it is one of all that were said."""
        self._note(self._any_of, fact, *values)

    def none_of(self, fact: str, *values: str) -> None:
        self._note(self._none_of, fact, *values)

    def bound(self, fact: str, value: object) -> None:
        """A threshold or a span: each must hold."""
        self._facts[fact] = None
        self._bounds.setdefault(fact, []).append(value)

    def when(self) -> dict[str, object]:
        """As YAML would hold it: by fact, and what more is asked of a fact stands under `all`."""
        when: dict[str, object] = {}
        more: list[dict[str, object]] = []
        for fact in self._facts:
            clauses = [_one_or_list(self._any_of[fact])] if fact in self._any_of else []
            clauses += [{"not": _one_or_list(self._none_of[fact])}] if fact in self._none_of else []
            clauses += self._bounds.get(fact, ())
            when[fact] = clauses[0]
            more += [{fact: clause} for clause in clauses[1:]]
        return when | ({"all": more} if more else {})

    def _note(self, where: dict[str, list[str]], fact: str, *values: str) -> None:
        self._facts[fact] = None
        where.setdefault(fact, []).extend(values)


def _one_or_list(values: list[str]) -> object:
    different = list(dict.fromkeys(values))
    return different[0] if len(different) == 1 else different


def _take(asked: _Asked, name: str, operator: str, value: str) -> None:
    """`fact>=value`, `fact=a,b`, `fact!=value`, `fact=low-high`."""
    if name in _AT_LEAST and operator == "=":
        name, operator = _AT_LEAST[name], ">="
    if name not in FACTS:
        raise ValueError(f'A print has no "{shown(name)}"{suggest(name, FACTS)}')
    fact = FACTS[name]
    if not value:
        raise ValueError(f"{name}{operator} needs a value, such as {_sample(fact)}.")
    if operator == "!=":
        asked.none_of(name, *_listed(fact, value))
    elif operator != "=":
        asked.bound(name, f"{operator} {value}")
    elif span := _span(fact, value):
        asked.bound(name, span)
    elif fact.kind == "clock":
        raise ValueError(f"{name} needs a span, such as {_sample(fact)} or {name}>=15:30.")
    else:
        asked.any_of(name, *_listed(fact, value))


def _take_bare(asked: _Asked, text: str) -> None:
    """What a word without a fact must mean: a ticker, if nothing else."""
    if days := days_of(text):
        _take(asked, "dte", "=", days)
    elif is_money(text):
        asked.bound("premium", f">= {text}")
    elif meant := next(_meanings(text), None):
        asked.any_of(*meant)
    elif text.lower() in FACTS:
        raise ValueError(f"{text.lower()} needs a value, such as {_sample(FACTS[text.lower()])}.")
    elif text:
        asked.any_of("ticker", _ticker(text))


def _meanings(text: str) -> Iterator[tuple[str, str]]:
    for name in _SAYING:
        if (value := _choice(FACTS[name], text)) in FACTS[name].choices:
            yield name, value
    if text.lower() in FACTS and FACTS[text.lower()].kind == "flag":
        yield text.lower(), "true"
    if (sector := gics_name(text)) is not None:
        yield "sector", sector


def _ticker(text: str) -> str:
    if text.isalpha() and len(text) > _LONGEST_TICKER:
        raise ValueError(f'"{shown(text)}" is no ticker, and nothing else that a filter knows; {_SAMPLE}.')
    return symbol(text)


def _choice(fact: Fact, text: str) -> str:
    return choice_like(fact.choices, _ALIASES.get(text.casefold(), text)) or text


def _listed(fact: Fact, text: str) -> list[str]:
    """`ask,bid` are two; sums of money have commas of their own, and nobody asks for two of them."""
    items = [text] if fact.unit == "premium" else [unquoted(item.strip()) for item in _ITEM.findall(text)]
    values = [value for value in items if value]
    if fact.name == "ticker":
        return [_ticker(value) for value in values]
    return [_choice(fact, value) if fact.name in _SAYING else value for value in values]


def _span(fact: Fact, text: str) -> object:
    """`0-7`, `09:30-10:00`, `2026-07-01..2026-07-31`: dates have dashes of their own. None where it is none."""
    low, to, high = text.partition("..")
    if not to and fact.kind != "date":
        low, to, high = text[:1] + text[1:].partition("-")[0], *text[1:].partition("-")[1:]
    if not (fact.is_ordered and low and to and high):
        return None
    ends = [low.strip(), high.strip()]
    return {"between": ends} if fact.kind == "clock" else {"min": ends[0], "max": ends[1]}


def _sample(fact: Fact) -> str:
    if fact.name in _SAMPLES:
        return _SAMPLES[fact.name]
    return f"{fact.name}={fact.choices[0]}" if fact.choices else f"{fact.name}>=10"


def _narrows(node: Node) -> bool:
    """Whether it names a ticker, or bounds a number more than every print does."""
    match node:
        case All(parts):
            return any(map(_narrows, parts))
        case Any(parts):
            return all(map(_narrows, parts))
        case Compare("ticker", operator, _):
            return operator == "=="
        case Compare(name, operator, value):
            is_idle = operator == "!=" or (operator in (">", ">=") and value == 0)
            return FACTS[name].kind in _NARROWING and not is_idle
        case OneOf(name, _):
            return name == "ticker" or FACTS[name].kind in _NARROWING
        case Between(name, _, _):
            return FACTS[name].kind in _NARROWING
        case _:
            return False
