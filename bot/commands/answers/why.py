"""`/flow why`: the reason of one alert, or which alerts a message tells of. Knows who may see what."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from bot.commands.answers.facts import Facts, ask, why_untold
from bot.commands.answers.pressing import MOST_BUTTONS, button, row
from bot.commands.answers.wording import MAX_LINE, parts_of, trouble
from bot.commands.requests import MuteFor, Ticker, Why
from bot.commands.vendors import Told, Untold
from bot.model.alerts import DeliveryRecord, Explanation, RuleHit
from bot.model.answers import Answer, Button, Part
from bot.model.people import person_at
from bot.model.prints import Print
from bot.render.card import title_of
from bot.render.explanation import explain_text
from bot.render.words import counted, dotted, one_line, score_tag, trimmed

MOST_OF_A_MESSAGE: Final = 25
"""Alerts of one message that are looked up; Slack takes 15, a digest may tell of thousands."""
MUTE_S: Final = 3600.0

_PARTS = {"vol_oi": "vol/OI", "dte": "days to expiry", "otm": "distance from the money"}


WatchHits = Callable[[str, Collection[str], Print], Awaitable[Sequence[RuleHit]]]
"""Somebody, rules' names, a print -> why those of the rules fired that are that person's watches."""


@dataclass(frozen=True, slots=True)
class Records:
    """What the store tells."""

    explain: Callable[[str, str], Awaitable[Explanation | None]]
    """Takes an alert's id, and the person who asks."""
    alerts_of: Callable[[str], Awaitable[Sequence[str]]]
    """A message's id -> the ids of the alerts that it tells of."""
    watch_hits: "WatchHits"


async def why(facts: Facts, records: Records, wanted: str, person: str) -> Answer:
    """The alert of that id, or those of that message, as far as the person who asks may see them."""
    found = await records.explain(wanted, person)
    if found is not None:
        seen = seen_by(found, person)
        return _unknown(wanted) if seen is None else await _one(facts, await _with_watches(seen, records, person))
    ids = await records.alerts_of(wanted)
    told = [seen async for seen in _of_message(records, wanted, ids[:MOST_OF_A_MESSAGE], person)]
    if len(told) == 1:
        return await _one(facts, await _with_watches(told[0], records, person))
    return _several(told, facts.now_ns, has_more=len(ids) > MOST_OF_A_MESSAGE) if told else _unknown(wanted)


def seen_by(found: Explanation, person: str) -> Explanation | None:
    """Without what belongs to other people: their watches, and what was sent to them. None where nothing is left.

    A rule whose name holds a colon, `watch:17`, is somebody's watch: it may be told of to whoever may know of a
    delivery that it led to.
    """
    deliveries = [each for each in found.deliveries if person_at(each.destination) in (None, person)]
    told = {rule for each in deliveries for rule in each.rules}

    def is_open(rule: str) -> bool:
        return ":" not in rule or rule in told

    hits = tuple(hit for hit in found.alert.hits if is_open(hit.rule))
    if not hits and not deliveries:
        return None
    return Explanation(
        msgspec.structs.replace(found.alert, hits=hits),
        tuple(map(_named, deliveries)),
        tuple(held for held in found.suppressed if is_open(held.rule)),
    )


def _named(record: DeliveryRecord) -> DeliveryRecord:
    is_own = person_at(record.destination) is not None
    return msgspec.structs.replace(record, destination="your DM") if is_own else record


async def _of_message(records: Records, message: str, ids: Sequence[str], person: str) -> AsyncIterator[Explanation]:
    """Only alerts of which the person may know that this message tells of them."""
    for alert_id in ids:
        found = await records.explain(alert_id, person)
        seen = None if found is None else seen_by(found, person)
        if seen is not None and any(each.message_id == message for each in seen.deliveries):
            yield seen


async def _with_watches(seen: Explanation, records: Records, person: str) -> Explanation:
    """An alert names nobody's watches: those of whoever asks are judged anew."""
    known = {hit.rule for hit in seen.alert.hits}
    rules = {rule for each in seen.deliveries for rule in each.rules if ":" in rule and rule not in known}
    if not rules:
        return seen
    hits = (*seen.alert.hits, *await records.watch_hits(person, rules, seen.alert.print))
    return msgspec.structs.replace(seen, alert=msgspec.structs.replace(seen.alert, hits=hits))


async def _one(facts: Facts, seen: Explanation) -> Answer:
    """Rule by rule, the score, then what became of it."""
    alert = seen.alert
    score = await _score(facts, alert.print)
    unscored = msgspec.structs.replace(alert, print=msgspec.structs.replace(alert.print, score_parts=()))
    text = explain_text(msgspec.structs.replace(seen, alert=unscored), facts.now_ns)
    first, *rest = (_block(block) for block in text.split("\n\n"))
    rules = len(alert.hits)
    parts = (Part(title_of(alert, facts.now_ns), first.lines), *rest[:rules], score, *rest[rules:])
    return Answer(
        f"Alert {alert.id}",
        tuple(part for part in parts if part.heading or part.lines),
        is_private=True,
        buttons=_buttons(alert.print.ticker),
    )


def _block(text: str) -> Part:
    """Its first line is the heading."""
    heading, *lines = text.splitlines()
    return Part(heading, tuple(lines))


async def _score(facts: Facts, found: Print) -> Part:
    """The vendor's parts of its score, else ours of ours; an empty part where there are none."""
    told = None if found.score is None or found.score_is_local else await ask(facts.vendors.score(found))
    tag = "" if found.score is None else score_tag(found.score, facts.bands, is_local=found.score_is_local)
    own = tuple(_part(each.name, each.points, each.maximum, each.value) for each in found.score_parts)
    if isinstance(told, Told) and told.value.parts:
        parts = tuple(_part(each.name, each.points, each.maximum, sent=each.sent) for each in told.value.parts)
        return Part(f"score {tag}", (*parts, f"  as {_now(told.value.score, found.score, told.source)}"))
    note = (f"  {why_untold(told)}",) if isinstance(told, Untold) else ()
    return Part(f"score {tag}".strip() if own or note else "", (*own, *note))


def _now(score: float | None, was: float | None, source: str) -> str:
    """`radarpulse tells`, and its score of now where it moved on."""
    moved = score is not None and score != was
    return f"{one_line(source, 60)} tells" + (f", which scores it {trimmed(score or 0.0, 2)} by now" if moved else "")


def _part(name: str, points: float, most: float | None, value: float | None = None, sent: float | None = None) -> str:
    """`  vol/OI: 34 of 40 (from 12.3)`."""
    of = "" if most is None else f" of {trimmed(most, 1)}"
    come = "" if value is None else f" (from {trimmed(value, 2)})"
    odd = "" if sent is None or sent == points else f" (sent as {trimmed(sent, 1)})"
    return f"  {_PARTS.get(name) or one_line(name, 40)}: {trimmed(points, 1)}{of}{come}{odd}"


def _several(told: Sequence[Explanation], now_ns: int, *, has_more: bool) -> Answer:
    lines = tuple(
        f"{place}. {dotted(seen.alert.id, title_of(seen.alert, now_ns))}"[:MAX_LINE]
        for place, seen in enumerate(told, 1)
    )
    more = ("The others: /flow why with the eight characters.",) if len(told) > MOST_BUTTONS else ()
    buttons = row(
        button(f"{place}. {one_line(seen.alert.print.ticker, 32)}", Why(seen.alert.id))
        for place, seen in enumerate(told[:MOST_BUTTONS], 1)
    )
    parts = parts_of(Part("", lines), Part("", more))
    title = f"{counted(len(told), 'alert')}{', and more,' if has_more else ''} in this message"
    return Answer(title, parts, is_private=True, buttons=buttons)


def _buttons(ticker: str) -> tuple[Button, ...]:
    shown = one_line(ticker, 32)
    return row(
        (
            button("More like this", Ticker(ticker)),
            button(f"Mute {shown} 1h", MuteFor("ticker", ticker, MUTE_S), is_for_admins=True),
        )
    )


def _unknown(wanted: str) -> Answer:
    return trouble(
        f"No alert {one_line(wanted, 40)}",
        "The id is the eight letters and digits in the alert's footer: copy it from there.",
        "A message's link works too. A very old alert may have been forgotten.",
    )
