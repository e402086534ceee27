"""Why a rule fired on a print, or did not: its clauses, each with its mark, or what kept it quiet."""

from collections.abc import Iterable, Iterator

from bot.model.alerts import Clause, RuleHit
from bot.model.prints import Print
from bot.render import words
from bot.render.explanation import clause_lines
from bot.rules.rule import Rule
from bot.workbench.rule_tests.trial import Happened

_INDENT = "  "


def about_print(number: int, found: Print) -> str:
    """`print 2, NVDA 145C 7/17 (11d) · $450K, at 10:32:00 ET`."""
    premium = None if found.premium is None else words.money(found.premium)
    shown = words.dotted(words.contract_line(found, found.received_ns), premium)
    return f"print {number}, {shown}, at {words.clock(words.new_york(found.received_ns), found.received_ns)}"


def why_it_fired(hit: RuleHit) -> Iterator[str]:
    """The rule, and its clauses."""
    yield f"rule {hit.rule} fired"
    yield from indented(_clauses(hit.why))
    if hit.evidence is not None:
        yield f"{_INDENT}✓ {hit.evidence.text}  ({words.counted(hit.evidence.count, 'print')})"


def why_not(rule: Rule, number: int, happened: Happened) -> Iterator[str]:
    """What decided that `rule` did not fire on that print."""
    for quiet in happened.quiet:
        if (quiet.number, quiet.rule) == (number, rule.name):
            yield f"rule {rule.name} matched and kept quiet: {quiet.reason}, since the alert of print {quiet.since}"
            return
    if rule.when is None:
        yield f"rule {rule.name} is about silence: no print makes it fire"
        return
    clauses = rule.route.explain(happened.prints[number])
    remembering = rule.route.remembering
    if remembering is not None and all(clause.verdict for clause in clauses):
        yield f"rule {rule.name}: its when holds, and it has not seen enough"
        yield from indented(_clauses(clauses))
        yield f"{_INDENT}✗ {remembering.text}"
        return
    yield f"rule {rule.name} does not match"
    yield from indented(_clauses(clauses))


def distance(rule: Rule, found: Print) -> float:
    """How far the rule was from matching: the share of its clauses that do not hold."""
    clauses = rule.route.explain(found)
    return sum(clause.verdict is not True for clause in clauses) / len(clauses) if clauses else 1.0


def indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"{_INDENT}{line}" for line in lines)


def _clauses(clauses: Iterable[Clause]) -> Iterator[str]:
    for clause in clauses:
        yield from clause_lines(clause)
