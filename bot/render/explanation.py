"""Why an alert fired and what became of it, in plain text, for the terminal and for `/flow why`."""

from collections.abc import Iterator

from bot.model.alerts import Clause, DeliveryRecord, Explanation
from bot.model.memory import Evidence
from bot.model.prints import ScorePart
from bot.render import words
from bot.render.card import title_of
from bot.render.evidence import contribution_lines, evidence_line
from bot.render.look import Look
from bot.render.tags import tags_of

_MARKS = {True: "✓", False: "✗", None: "?"}


def explain_text(explanation: Explanation, now_ns: int) -> str:
    """Clause by clause, then the score's parts, each delivery's state, and what was kept quiet since."""
    return "\n".join(_lines(explanation, now_ns))


def _lines(explanation: Explanation, now_ns: int) -> Iterator[str]:
    alert = explanation.alert
    yield f"{alert.id}  {title_of(alert, now_ns)}"
    if tags := tags_of(alert, Look(), alert.created_ns):  # LATE as it was, not by how long ago it is asked about
        yield words.dotted(*tags)
    yield f"decided {_when(alert.created_ns, now_ns)}"
    for hit in alert.hits:
        yield ""
        yield f"rule {words.one_line(hit.rule)}"
        for clause in hit.why:
            yield from clause_lines(clause, depth=1)
        if hit.evidence is not None:
            yield from _remembered(hit.evidence, now_ns)
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
            details = [words.one_line(held.rule), "shown by editing the message" if held.reason == "repeat" else ""]
            about = ", ".join(detail for detail in details if detail)
            yield f"  {held.count:,} × {held.reason}" + (f" ({about})" if about else "")


def clause_lines(clause: Clause, depth: int = 0) -> Iterator[str]:
    """The clause with its mark and the print's value, then its parts, each `depth` further in."""
    value = f"  ({words.one_line(clause.value)})" if clause.value else ""
    yield f"{'  ' * depth}{_MARKS[clause.verdict]} {words.one_line(clause.text, 300)}{value}"
    for part in clause.parts:
        yield from clause_lines(part, depth + 1)


def _remembered(seen: Evidence, now_ns: int) -> Iterator[str]:
    """The clause of a rule with memory, and the prints that fulfilled it."""
    yield from clause_lines(Clause(seen.text, evidence_line(seen), verdict=True), depth=1)
    yield from (f"    {line}" for line in contribution_lines(seen, now_ns))


def _part(part: ScorePart) -> str:
    value = "" if part.value is None else f"  (from {words.trimmed(part.value, 2)})"
    of = f"{words.trimmed(part.points, 1)} of {words.trimmed(part.maximum, 1)}"
    return f"{words.one_line(part.name)}: {of}{value}"


def _delivery(record: DeliveryRecord, now_ns: int) -> str:
    parts = [
        f"{record.destination}: {record.state}",
        _overflow(record),
        f"×{1 + record.repeats:,} ({words.counted(record.repeats, 'repeat')})" if record.repeats else "",
        words.counted(record.attempts, "attempt") if record.attempts else "",
        _when(record.updated_ns, now_ns),
        words.one_line(record.reason, 300),
        record.message_url or (f"message {record.message_id}" if record.message_id else ""),
    ]
    return ", ".join(part for part in parts if part)


def _overflow(record: DeliveryRecord) -> str:
    if record.overflow is None:
        return ""
    why = words.OVERFLOWS[record.overflow]
    return why if record.state == "digested" else f"for the digest: {why}"


def _when(ns: int, now_ns: int) -> str:
    return f"{words.clock(words.new_york(ns), now_ns)}, {words.age((now_ns - ns) / 1e9)} ago"
