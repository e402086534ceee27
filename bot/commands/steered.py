"""What admins are shown: mutes, rules, deliveries, the audit log, a page at a time. Pure; knows no store."""

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec.structs import replace

from bot.commands.answers.empty import no_page
from bot.commands.answers.pressing import button, row, turning
from bot.commands.answers.wording import MAX_LINE, on_page, parts_of
from bot.commands.requests import Audit, Deliveries, Resume, Retry, Rules, Unmute
from bot.engine.metrics import WATCH
from bot.engine.today import DayCounts
from bot.model.alerts import DeliveryRecord, DeliveryState
from bot.model.answers import Answer, Button, Part
from bot.model.people import label
from bot.model.steering import Act, Mute
from bot.outbox.retrying import RETRIED
from bot.render.listing import delivery_line
from bot.render.spans import span
from bot.render.words import clock, counted, dotted, new_york, one_line
from bot.rules.rule import Rule

RULES_A_PAGE: Final = 10
ACTS_A_PAGE: Final = 10
DELIVERIES_A_PAGE: Final = 10
RETRIES_A_PAGE: Final = 3
"""Each has its button, and two more turn the page."""


def until(mute: Mute, now_ns: int) -> str:
    """`until 12:31:05 ET (2h)`, or `until somebody ends it`."""
    if mute.until_ns is None:
        return "until somebody ends it"
    return f"until {clock(new_york(mute.until_ns), now_ns)} ({span((mute.until_ns - now_ns) / 1e9)})"


def sentence(text: str) -> str:
    """The words of a refusal, as one reads them in an answer."""
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '?', '!')) else '.'}"


def mutes(active: Sequence[Mute], now_ns: int) -> Answer:
    """What is kept quiet; of people only how many."""
    paused = [mute for mute in active if mute.kind == "pause"]
    muted = [mute for mute in active if mute.kind not in ("pause", "person", "closed")]
    snoozed, closed = (sum(mute.kind == kind for mute in active) for kind in ("person", "closed"))
    people = (
        f"{_people(snoozed)} snoozed." if snoozed else "",
        f"{_people(closed)} no messages of ours." if closed else "",
    )
    parts = parts_of(
        Part("Paused", tuple(_mute_line(mute, "Nothing is posted anywhere", now_ns) for mute in paused)),
        Part("Muted", tuple(_mute_line(mute, f"{mute.kind} {mute.name}", now_ns) for mute in muted)),
        Part("Own alerts", tuple(line for line in people if line)),
    )
    ends = [button("Resume", Resume(), is_for_admins=True) for _ in paused]
    ends += [
        button(f"Unmute {mute.name}", Unmute(mute.kind, mute.name), is_for_admins=True)
        for mute in muted
        if mute.kind in ("rule", "ticker", "destination")
    ]
    title = "What is kept quiet" if parts else "Nothing is muted, and nothing is paused"
    return Answer(title, parts, is_private=True, buttons=row(ends))


def rules(loaded: Sequence[Rule], page: int, today: DayCounts, muted: Sequence[Mute], now_ns: int) -> Answer:
    """The configuration's rules in their order, with today's counts."""
    first = (page - 1) * RULES_A_PAGE
    shown = loaded[first : first + RULES_A_PAGE]
    if not shown and page > 1:
        return no_page(page, Rules())
    quiet = {mute.name: until(mute, now_ns) for mute in muted}
    lines = tuple(
        one_line(f"{place}. {_rule_line(rule, today, quiet.get(rule.name))}", MAX_LINE)
        for place, rule in enumerate(shown, first + 1)
    )
    watches = _counts(WATCH, today)
    since = f"Counted since {clock(new_york(today.since_ns), now_ns)}."
    more = Rules(page + 1) if len(loaded) > first + RULES_A_PAGE else None
    parts = (
        Part("", lines or ("The configuration has no rules: add some under rules.",)),
        Part("", (*((f"People's own watches: {watches}.",) if watches else ()), since)),
    )
    title = on_page(f"{counted(len(loaded), 'rule')} loaded", page)
    return Answer(title, parts, is_private=True, buttons=turning(Rules(page - 1) if page > 1 else None, more))


def wanted(asked: Deliveries) -> tuple[tuple[DeliveryState, ...], int]:
    """The states that are meant, and how many deliveries a page has."""
    states = tuple(state for state in _STATES if state == asked.state) or RETRIED
    return states, RETRIES_A_PAGE if set(states) <= set(RETRIED) else DELIVERIES_A_PAGE


def deliveries(asked: Deliveries, found: Sequence[DeliveryRecord], now_ns: int) -> Answer:
    """One page of them; `found` has one more where there is another page."""
    size = wanted(asked)[1]
    shown = found[:size]
    if not shown and asked.page > 1:
        return no_page(asked.page, replace(asked, page=1))
    what = asked.state or "given up"
    place = f" to {one_line(asked.destination, 60)}" if asked.destination else ""
    if not shown:
        return Answer(f"No deliveries {what}{place}", (), is_private=True)
    lines = tuple(delivery_lines(shown, now_ns))
    retries = [_retry_button(record) for record in shown if record.state in RETRIED]
    turns = turning(
        replace(asked, page=asked.page - 1) if asked.page > 1 else None,
        replace(asked, page=asked.page + 1) if len(found) > size else None,
    )
    title = on_page(f"Deliveries {what}{place}", asked.page)
    return Answer(title, (Part("", lines),), is_private=True, buttons=row([*retries, *turns]))


def delivery_lines(found: Sequence[DeliveryRecord], now_ns: int) -> list[str]:
    """One each. Whose direct messages they are is not told."""
    named = (msgspec.structs.replace(record, destination=label(record.destination)) for record in found)
    return [one_line(delivery_line(record, now_ns), MAX_LINE) for record in named]


def audit(found: Sequence[Act], page: int, now_ns: int) -> Answer:
    """One page of the audit log; `found` has one more where there is another page."""
    shown = found[:ACTS_A_PAGE]
    if not shown and page > 1:
        return no_page(page, Audit())
    lines = tuple(
        one_line(f"{dotted(clock(new_york(act.at_ns), now_ns), act.by, act.what)} → {act.result}", MAX_LINE)
        for act in shown
    )
    title = on_page("Who steered what" if shown else "Nobody has steered anything yet", page)
    turns = turning(Audit(page - 1) if page > 1 else None, Audit(page + 1) if len(found) > ACTS_A_PAGE else None)
    return Answer(title, parts_of(Part("", lines)), is_private=True, buttons=turns)


_STATES: Final[tuple[DeliveryState, ...]] = ("queued", "sending", "sent", "digested", *RETRIED)


def _mute_line(mute: Mute, what: str, now_ns: int) -> str:
    by = f"by {mute.by}"
    return one_line(dotted(f"{what} {until(mute, now_ns)}", by, mute.reason), MAX_LINE)


def _people(count: int) -> str:
    return f"{count:,} {'person has' if count == 1 else 'people have'}"


def _rule_line(rule: Rule, today: DayCounts, quiet: str | None) -> str:
    route = rule.route
    return dotted(
        f"{rule.name} → {', '.join(route.send_to)}",
        f"silence for {span(rule.silence_s)}" if rule.silence_s is not None else "",
        route.remembering.text if route.remembering is not None else "",
        f"cooldown {span(route.cooldown_s)} by {route.cooldown_by}" if route.cooldown_s > 0 else "",
        _counts(rule.name, today) or "no match",
        f"🔇 {quiet}" if quiet else "",
    )


def _counts(label: str, today: DayCounts) -> str:
    matches, alerts = today.matches.get(label, 0), today.alerts.get(label, 0)
    if not matches:
        return ""
    return f"{matches:,} {'match' if matches == 1 else 'matches'}, {counted(alerts, 'alert')}"


def _retry_button(record: DeliveryRecord) -> Button | None:
    wanted_one = f"{record.alert_id}@{record.destination}"
    return button(f"Retry {record.alert_id}", Retry(wanted_one), is_for_admins=True)
