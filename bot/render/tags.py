"""An alert's tags, from `❌ CANCELLED` to `⏰ LATE 3m12s`: our own words and numbers, never upstream's text."""

from bot.model.alerts import Alert, Repeats
from bot.model.prints import Print
from bot.render import words
from bot.render.look import Look
from bot.render.spans import lateness, span

LEG_SIGN, LEG_TAG = "🧩", "🧩 MULTI-LEG"
OPENING_SIGN, OPENING_TAG = "🆕", "🆕 OPENING"
DELAYED_TAG = "🕒 DELAYED FEED"
LATE_TAG = "⏰ LATE"
CANCELLED_TAG = "❌ CANCELLED"


def tags_of(
    alert: Alert,
    look: Look,
    now_ns: int,
    repeats: Repeats | None = None,
    *,
    is_cancelled: bool = False,
    is_brief: bool = False,
) -> tuple[str, ...]:
    """What the print is, at a glance. Brief: signs alone where they say enough, and no word of gold."""
    found = alert.print
    kind = "" if found.kind is None else words.KIND_TAGS[found.kind]
    side = "" if found.side is None else words.SIDE_TAGS[found.side]
    biases = words.BIAS_SIGNS if is_brief else words.BIAS_TAGS
    tags = (
        CANCELLED_TAG if is_cancelled else "",
        "" if repeats is None else _repeats_tag(alert, repeats),
        words.GOLDEN_TAG if words.is_golden(found) and not is_brief else "",
        f"{kind} {side}".strip(),
        "" if not found.multi_leg else LEG_SIGN if is_brief else LEG_TAG,  # before the bias, which it takes back
        "" if found.bias is None else biases[found.bias],
        "" if not found.opening else OPENING_SIGN if is_brief else OPENING_TAG,
        "" if found.score is None else words.score_tag(found.score, look.bands, is_local=found.score_is_local),
        _late_tag(found, look, now_ns),
    )
    return tuple(tag for tag in tags if tag)


def _repeats_tag(alert: Alert, repeats: Repeats) -> str:
    """All prints of the contract and side together, the alert's own among them: absolute, so it may be shown twice."""
    premium = (alert.print.premium or 0.0) + repeats.premium_usd
    total = f" · {words.money(premium)}" if premium else ""
    return f"🔁 ×{1 + repeats.count:,}{total} in {span((repeats.last_ns - alert.created_ns) / 1e9)}"


def _late_tag(found: Print, look: Look, now_ns: int) -> str:
    if found.is_delayed:
        return DELAYED_TAG  # every print of such a feed is late: its age would say nothing about this one
    if found.time is None:
        return LATE_TAG if found.is_recovered else ""
    age_s = now_ns / 1e9 - found.time.timestamp()
    is_late = found.is_recovered or (look.late_after_s is not None and age_s > look.late_after_s)
    return f"{LATE_TAG} {lateness(age_s)}" if is_late else ""
