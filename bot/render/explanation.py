"""Why an alert fired and what became of it, in plain text, for the terminal and for `/flow why`."""

from collections.abc import Iterator

from bot.model.alerts import Clause, DeliveryRecord, Explanation
from bot.model.prints import ScorePart
from bot.render import words
from bot.render.card import card_of
from bot.render.look import Look

_MARKS = {True: "✓", False: "✗", None: "?"}


def explain_text(explanation: Explanation, now_ns: int) -> str:
    """Clause by clause, then the score's parts, each delivery's state, and what was kept quiet since."""
    return "\n".join(_lines(explanation, now_ns))


def _lines(explanation: Explanation, now_ns: int) -> Iterator[str]:
    alert = explanation.alert
    shown = card_of(alert, Look(), now_ns)
    yield f"{alert.id}  {shown.title}"
    if shown.tags:
        yield shown.tag_line
    yield f"decided {_when(alert.created_ns, now_ns)}"
    for hit in alert.hits:
        yield ""
        yield f"rule {words.one_line(hit.rule)}"
        for clause in hit.why:
            yield from _clause(clause, depth=1)
    if alert.print.score_parts:
        yield ""
        yield "score" if not alert.print.score_is_local else "score (local)"
        yield from (f"  {_part(part)}" for part in alert.print.score_parts)
    yield ""
    yield "deliveries" if explanation.deliveries else "no deliveries"
    yield from (f"  {_delivery(record, now_ns)}" for record in explanation.deliveries)
    if explanation.suppressed:
        yield ""
        yield "kept quiet since"
        for held in explanation.suppressed:
            rule = f" ({words.one_line(held.rule)})" if held.rule else ""
            yield f"  {held.count} × {held.reason}{rule}"


def _clause(clause: Clause, depth: int) -> Iterator[str]:
    value = f"  ({words.one_line(clause.value)})" if clause.value else ""
    yield f"{'  ' * depth}{_MARKS[clause.verdict]} {words.one_line(clause.text, 300)}{value}"
    for part in clause.parts:
        yield from _clause(part, depth + 1)


def _part(part: ScorePart) -> str:
    value = "" if part.value is None else f"  (from {words.trimmed(part.value, 2)})"
    of = f"{words.trimmed(part.points, 1)} of {words.trimmed(part.maximum, 1)}"
    return f"{words.one_line(part.name)}: {of}{value}"


def _delivery(record: DeliveryRecord, now_ns: int) -> str:
    attempts = f"{record.attempts} {'attempt' if record.attempts == 1 else 'attempts'}"
    parts = [
        f"{record.destination}: {record.state}",
        attempts if record.attempts else "",
        _when(record.updated_ns, now_ns),
        words.one_line(record.reason, 300),
        record.message_url or (f"message {record.message_id}" if record.message_id else ""),
    ]
    return ", ".join(part for part in parts if part)


def _when(ns: int, now_ns: int) -> str:
    return f"{words.clock(words.new_york(ns), now_ns)}, {words.age((now_ns - ns) / 1e9)} ago"
