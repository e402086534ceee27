"""A batch as JSON for programs: facts, where the other renderers make text. Stable: names are added, never changed.

`{"type": "alerts", "id": …, "destination": …, "created_at": …}` and one more key, named as `type` says:

- `alerts`: a list of alerts, `id rules priority is_test created_at print why repeats`. `print` has every fact of the
  print vocabulary (docs/vocabulary.md) and `provider provider_id contract received_at score_is_local is_delayed
  is_recovered notes`; a missing fact is null. `why` has, for each of `rules`, its clauses `text value verdict parts`,
  and `evidence`, null but for a rule with memory: what had accumulated, `text count premium span_s share of factor
  usual quiet_s prints`, and of the newest of those prints each its `time title premium size side`.
  `repeats` is null or `count premium last_at`: of further prints that this alert stands for.
- `digest`: `count premium first_at last_at by_bias tickers ticker_count top why` of alerts that are not
  sent one by one.
- `report`: `title tone parts source`, an answer that a schedule asked for. `tone` is bull, bear, neutral or trouble;
  each of `parts` has `heading`, which may be empty, and `lines`; `source` says where it comes from, empty: from flowbot
  itself. A picture is left out: the lines say the same.
- `notice`: `title lines`, flowbot's own words to its admins.

Times are ISO 8601 in UTC, amounts US dollars. A batch that is sent again has the same bytes.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from bot.model.alerts import Batch, Clause, Delivery, Digest, Flow, Repeats, RuleHit
from bot.model.answers import Answer
from bot.model.memory import Evidence
from bot.model.prints import Print

MAX_ALERTS: Final = 50
MAX_BYTES: Final = 262_144
"""Of a body with more than one alert; receivers commonly take a megabyte or less."""
_ENVELOPE_BYTES: Final = 1024
"""More than what stands around the alerts."""

FACTS: Final = (
    "ticker", "type", "strike", "expiry", "dte", "size", "volume", "open_interest", "vol_oi", "premium", "price",
    "side", "kind", "otm_pct", "spot", "iv", "score", "bias", "sector", "time", "session", "time_of_day", "opening",
    "multi_leg",
)  # fmt: skip
"""The print vocabulary, in the order of its document."""
_OURS: Final = ("provider", "provider_id", "contract", "score_is_local", "is_delayed", "is_recovered", "notes")


def fit(deliveries: Sequence[Delivery]) -> int:
    """How many of these, from the first on, one body carries; at least 1 for a non-empty sequence."""
    room = MAX_BYTES - _ENVELOPE_BYTES
    for index, delivery in enumerate(deliveries[:MAX_ALERTS]):
        room -= len(msgspec.json.encode(_alert(delivery))) + 1
        if room < 0:
            return max(index, 1)
    return min(len(deliveries), MAX_ALERTS)


def body(batch: Batch) -> bytes:
    """The batch as UTF-8 JSON."""
    kind, content = _content(batch)
    about = {"type": kind, "id": batch.id, "destination": batch.destination, "created_at": _time(batch.frozen_ns)}
    return msgspec.json.encode({**about, kind: content})


def _content(batch: Batch) -> tuple[str, object]:
    if batch.digest is not None:
        return "digest", _digest(batch.digest)
    if batch.report is not None:
        return "report", _report(batch.report)
    if batch.notice is not None:
        return "notice", {"title": batch.notice.title, "lines": batch.notice.lines}
    return "alerts", [_alert(delivery) for delivery in batch.deliveries]


def _alert(delivery: Delivery) -> dict[str, Any]:
    alert = delivery.alert
    hits = {hit.rule: hit for hit in alert.hits}
    return {
        "id": alert.id,
        "rules": delivery.rules,
        "priority": delivery.priority,
        "is_test": alert.is_test,
        "created_at": _time(alert.created_ns),
        "print": _print(alert.print),
        # Only of the rules that send here: what other rules say is none of this receiver's business.
        "why": [_why(rule, hits.get(rule)) for rule in delivery.rules],
        "repeats": _repeats(delivery.repeats),
    }


def _print(found: Print) -> dict[str, Any]:
    facts = {name: getattr(found, name) for name in (*FACTS, *_OURS)}
    return {**facts, "received_at": _time(found.received_ns)}


def _why(rule: str, hit: RuleHit | None) -> dict[str, Any]:
    clauses = () if hit is None else hit.why
    evidence = None if hit is None or hit.evidence is None else _evidence(hit.evidence)
    return {"rule": rule, "clauses": _clauses(clauses), "evidence": evidence}


def _evidence(seen: Evidence) -> dict[str, Any]:
    facts = ("text", "count", "span_s", "share", "of", "factor", "usual", "quiet_s")
    prints = [
        {"time": _time(p.at_ns), "title": p.title, "premium": p.premium_usd, "size": p.size, "side": p.side}
        for p in seen.prints
    ]
    return {**{name: getattr(seen, name) for name in facts}, "premium": seen.premium_usd, "prints": prints}


def _clauses(clauses: Iterable[Clause]) -> list[dict[str, Any]]:
    return [
        {"text": clause.text, "value": clause.value, "verdict": clause.verdict, "parts": _clauses(clause.parts)}
        for clause in clauses
    ]


def _repeats(repeats: Repeats | None) -> dict[str, Any] | None:
    if repeats is None:
        return None
    return {"count": repeats.count, "premium": repeats.premium_usd, "last_at": _time(repeats.last_ns)}


def _digest(digest: Digest) -> dict[str, Any]:
    return {
        **_flow(digest.total),
        "first_at": _time(digest.first_ns),
        "last_at": _time(digest.last_ns),
        "by_bias": {bias: _flow(flow) for bias, flow in digest.by_bias.items()},
        "tickers": [
            {
                "ticker": found.ticker,
                **_flow(found.total),
                "by_bias": {bias: _flow(flow) for bias, flow in found.by_bias.items()},
            }
            for found in digest.tickers
        ],
        "ticker_count": digest.ticker_count,
        "top": [_alert(delivery) for delivery in digest.top],
        "why": digest.why,
    }


def _report(report: Answer) -> dict[str, Any]:
    parts = [{"heading": part.heading, "lines": part.lines} for part in report.parts]
    return {"title": report.title, "tone": report.tone, "parts": parts, "source": report.source}


def _flow(flow: Flow) -> dict[str, Any]:
    return {"count": flow.count, "premium": flow.premium_usd}


def _time(ns: int) -> datetime:
    """To the microsecond: through a float it would not be exact."""
    seconds, rest = divmod(ns, 1_000_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest // 1000)
