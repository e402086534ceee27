"""Whether what happened is what a test expects; what is not, with the clause that decided."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.render.words import counted
from bot.workbench.rule_tests.differences import differences
from bot.workbench.rule_tests.reading import RuleTest
from bot.workbench.rule_tests.reasons import about_print, distance, indented, why_it_fired, why_not
from bot.workbench.rule_tests.rule_set import RuleSet
from bot.workbench.rule_tests.settings import AlertSettings, CountSettings
from bot.workbench.rule_tests.trial import Happened, Told

MOST_LISTED = 20
"""Alerts that a failure about counts lists."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing that is not as expected."""

    title: str
    lines: tuple[str, ...] = ()


def failures(test: RuleTest, happened: Happened, rule_set: RuleSet) -> list[Failure]:
    """All that is not as the test expects; none: it passed."""
    if isinstance(test.expect, CountSettings):
        return list(_counts(test.expect, happened))
    judging = _Judging(happened, rule_set)
    return [*judging.expected(test.expect), *judging.unexpected()]


class _Judging:
    """Claims for each expectation its alert; what is left over nobody expected."""

    def __init__(self, happened: Happened, rule_set: RuleSet) -> None:
        self._happened = happened
        self._rule_set = rule_set
        self._left = list(happened.told)
        self._told: defaultdict[int, list[Told]] = defaultdict(list)
        """By print; one alert at most of each."""
        for told in happened.told:
            self._told[told.number].append(told)

    def expected(self, alerts: Sequence[AlertSettings]) -> Iterator[Failure]:
        """First those that name their print, then each of the others takes the first alert that fits it."""
        for alert in sorted(alerts, key=lambda one: one.print is None):
            if alert.is_alert:
                yield from self._alert(alert)
            if alert.suppressed is not None:
                yield from self._suppressed(alert)

    def unexpected(self) -> Iterator[Failure]:
        for told in self._left:
            rules, places = _rules(told), ", ".join(delivery.destination for delivery in told.at_first)
            lines = ["- no alert", f"+ an alert by {rules} to {places}"]
            yield Failure(
                f"{self._about(told.number, told)}: nobody expected an alert",
                (*lines, *(line for hit in told.alert.hits for line in why_it_fired(hit))),
            )

    # --- one expectation ---

    def _alert(self, expected: AlertSettings) -> Iterator[Failure]:
        looks = self._rule_set.looks
        candidates = [told for told in self._left if expected.print in (None, told.number)]
        if not candidates:
            yield self._missing(expected)
            return
        found = [(differences(expected, told, looks), told) for told in candidates]
        lines, told = min(found, key=lambda one: len(one[0]))
        self._left.remove(told)
        if lines:
            title = f"{self._about(told.number, told)}: the alert is another"
            yield Failure(title, (*lines, *self._decided(expected, told)))

    def _decided(self, expected: AlertSettings, told: Told) -> Iterator[str]:
        """Why the rules are others than expected."""
        if expected.rules is None:
            return
        fired = {hit.rule: hit for hit in told.alert.hits}
        for name, hit in fired.items():
            if name not in expected.rules:
                yield from why_it_fired(hit)
        for name in expected.rules:
            if name not in fired and told.number in self._happened.prints:
                yield from why_not(self._rule_set.rules[name], told.number, self._happened)

    def _missing(self, expected: AlertSettings) -> Failure:
        wanted = f"an alert by {', '.join(expected.rules)}" if expected.rules else "an alert"
        lines = [f"- {wanted}", "+ no alert"]
        number, prints = expected.print, self._happened.prints
        if number is None:
            title = f"{wanted} did not come, of {counted(len(prints), 'print')}"
            return Failure(title, (*lines, *self._why_missing(expected.rules, list(prints))))
        title = f"{self._about(number)}: {wanted} did not come"
        if number not in prints:
            return Failure(title, (*lines, f"there are {counted(len(prints), 'print')}"))
        return Failure(title, (*lines, *self._why_missing(expected.rules, [number])))

    def _why_missing(self, named: Sequence[str] | None, numbers: Sequence[int]) -> Iterator[str]:
        """Of each rule that was to fire, or else of the one that came nearest, on the print that came nearest."""
        rules = self._rule_set.rules
        for choice in [[name] for name in named] if named else [list(rules)]:
            pairs = [(name, number) for number in numbers for name in choice if not self._fired(name, number)]
            if not pairs:
                yield f"rule {choice[0]} fired: that alert is another expectation's" if named else "no rule is left"
                continue
            name, number = min(pairs, key=lambda pair: distance(rules[pair[0]], self._happened.prints[pair[1]]))
            if len(numbers) > 1:
                yield self._about(number)
            yield from why_not(rules[name], number, self._happened)

    def _fired(self, name: str, number: int) -> bool:
        return any(hit.rule == name for told in self._told[number] for hit in told.alert.hits)

    def _suppressed(self, expected: AlertSettings) -> Iterator[Failure]:
        number = expected.print or 0
        came = {quiet.rule: quiet for quiet in self._happened.quiet if quiet.number == number}
        for rule, reason in (expected.suppressed or {}).items():
            quiet = came.get(rule)
            if quiet is not None and quiet.reason == reason:
                continue
            lines = [f"- {rule}: {reason}"]
            if quiet is not None:
                lines.append(f"+ {rule}: {quiet.reason}, since the alert of print {quiet.since}")
            else:
                lines += self._not_suppressed(rule, number)
            yield Failure(f"{self._about(number)}: {rule} is not suppressed as expected", tuple(lines))

    def _not_suppressed(self, rule: str, number: int) -> Iterator[str]:
        fired = [hit for told in self._told[number] for hit in told.alert.hits if hit.rule == rule]
        if fired:
            yield f"+ {rule}: an alert"
            yield from why_it_fired(fired[0])
        elif number in self._happened.prints:
            yield f"+ {rule}: no match"
            yield from why_not(self._rule_set.rules[rule], number, self._happened)
        else:
            yield "+ no such print"

    def _about(self, number: int, told: Told | None = None) -> str:
        found = told.alert.print if told is not None else self._happened.prints.get(number)
        return f"print {number}" if found is None else about_print(number, found)


# --- counts ------------------------------------------------------------------------------------------------


def _counts(expected: CountSettings, happened: Happened) -> Iterator[Failure]:
    told = happened.told
    rules = Counter(hit.rule for one in told for hit in one.alert.hits)
    places = Counter(delivery.destination for one in told for delivery in one.at_first)
    quiet = Counter((one.rule, str(one.reason)) for one in happened.quiet)
    asked = [("alerts", expected.alerts, len(told))] if expected.alerts is not None else []
    asked += [(f"rules.{name}", count, rules[name]) for name, count in expected.rules.items()]
    asked += [(f"send_to.{name}", count, places[name]) for name, count in expected.send_to.items()]
    asked += [
        (f"suppressed.{rule}.{reason}", count, quiet[rule, reason])
        for rule, counts in expected.suppressed.items()
        for reason, count in counts.items()
    ]
    lines = [line for name, count, came in asked if count != came for line in (name, f"  - {count:,}", f"  + {came:,}")]
    if lines:
        yield Failure("the counts are others", (*lines, *_came(happened)))


def _came(happened: Happened) -> Iterator[str]:
    yield "the alerts that came" if happened.told else "no alert came"
    for told in happened.told[:MOST_LISTED]:
        yield from indented([f"{about_print(told.number, told.alert.print)}: {_rules(told)}"])
    if (more := len(happened.told) - MOST_LISTED) > 0:
        yield f"  and {more:,} more"
    for why, count in happened.rejected.items():
        yield f"{count:,} frames of the tape are no prints: {why}"


def _rules(told: Told) -> str:
    return ", ".join(hit.rule for hit in told.alert.hits)
