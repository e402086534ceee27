"""Where an alert that came is not the one that was expected: a small diff, key by key."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from bot.model.alerts import PRIORITY_RANK, Clause
from bot.render.card import card
from bot.render.look import Look
from bot.render.terminal import render
from bot.workbench.rule_tests.settings import AlertSettings
from bot.workbench.rule_tests.trial import Told

_UNWRAPPED = 10_000
"""Characters a line: a part of the text is looked for as it is written, wherever a terminal would break it."""


def differences(expected: AlertSettings, told: Told, looks: Mapping[str, Look]) -> list[str]:
    """Lines of a diff, `-` expected and `+` came; none where the alert is as expected."""
    hits = told.alert.hits
    priorities = sorted((delivery.priority for delivery in told.at_first), key=PRIORITY_RANK.__getitem__)
    return [
        *_names("rules", expected.rules, [hit.rule for hit in hits]),
        *_names("send_to", expected.send_to, [delivery.destination for delivery in told.at_first]),
        *_names("priority", None if expected.priority is None else [expected.priority], priorities[:1]),
        *_names("mention", expected.mention, [who for delivery in told.at_first for who in delivery.mentions]),
        *_why(expected, told),
        *_text(expected.text or (), told, looks),
    ]


def _names(key: str, expected: Sequence[str] | None, came: Iterable[str]) -> Iterator[str]:
    different = dict.fromkeys(came)
    if expected is not None and set(expected) != set(different):
        yield key
        yield f"  - {', '.join(expected) or 'none'}"
        yield f"  + {', '.join(different) or 'none'}"


def _why(expected: AlertSettings, told: Told) -> Iterator[str]:
    reasons = [clause for hit in told.alert.hits for clause in _flat(hit.why)]
    reasons += [Clause(hit.evidence.text, "", True) for hit in told.alert.hits if hit.evidence is not None]
    held = {_plain(clause.text) for clause in reasons if clause.verdict}
    missing = [text for text in expected.why or () if _plain(text) not in held]
    if missing:
        yield "why"
        yield from (f"  - {text}" for text in missing)
        yield from dict.fromkeys(f"  + {clause.text}" for clause in reasons if clause.verdict)


def _flat(clauses: Iterable[Clause]) -> Iterator[Clause]:
    """Groups opened; `not` with what it denies."""
    for clause in clauses:
        if clause.text == "not":
            yield Clause(f"not {clause.parts[0].text}", clause.parts[0].value, clause.verdict)
        elif clause.parts:
            yield from _flat(clause.parts)
        else:
            yield clause


def _text(parts: Sequence[str], told: Told, looks: Mapping[str, Look]) -> Iterator[str]:
    shown = list(_shown(told, looks)) if parts else []
    missing = [part for part in parts if not any(_plain(part) in _plain(text) for text in shown)]
    if missing:
        yield "text"
        yield from (f"  - {part}" for part in missing)
        yield from (f"  + {line}" for line in shown[-1].splitlines())


def _shown(told: Told, looks: Mapping[str, Look]) -> Iterator[str]:
    """The alert at each of its destinations as it is posted, and as it reads in the end."""
    for delivery in (*told.at_first, *told.in_the_end):
        look = looks.get(delivery.destination, Look())
        yield render(card(delivery, look, delivery.alert.created_ns), width=_UNWRAPPED)


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
