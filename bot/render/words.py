"""How traders write the facts of a print: `$1.2M`, `NVDA 145C 7/17 (21d)`, `@ASK`. Knows no card and no platform."""

import re
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from bot.model.alerts import Overflow
from bot.model.prints import Bias, Kind, Print, Side
from bot.render.look import Bands

NEW_YORK = ZoneInfo("America/New_York")
GOLDEN_SWEEP_USD = 1_000_000
"""A sweep from this premium on is golden; definitions vary, this is the usual one."""

KIND_TAGS: dict[Kind, str] = {"sweep": "⚡ SWEEP", "block": "🧱 BLOCK", "split": "✂️ SPLIT", "single": "• SINGLE"}
BIAS_TAGS: dict[Bias, str] = {"bull": "🐂 BULL", "bear": "🐻 BEAR", "neutral": "⚪ NEUTRAL"}
BIAS_SIGNS: dict[Bias, str] = {"bull": "🐂", "bear": "🐻", "neutral": "⚪"}
SIDE_TAGS: dict[Side, str] = {"ask": "@ASK", "bid": "@BID", "mid": "@MID"}
GOLDEN_TAG = "🏆 GOLDEN SWEEP"
OVERFLOWS: dict[Overflow, str] = {
    "stale": "waited too long",
    "backlog": "behind the backlog",
    "budget": "over the hourly budget",
    "hours": "outside active hours",
}
"""Why an alert goes to the digest, in a reader's words."""
_ABSURD = 1e15
"""From here on a number is no dollar amount of ours: it is shown as it is, and must not break the message."""

# Line breaks, terminal escapes, direction overrides, invisible spaces and lone surrogates: whatever could make
# upstream text leave its line, hide in it, or fail to encode. Zero-width joiners stay: emoji are made with them.
_UNPRINTABLE = re.compile(
    "[\\s\x00-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\ufff9-\ufffb"
    "\ud800-\udfff]+"
)


def one_line(text: str, max_chars: int = 120) -> str:
    """Anyone's text as one printable line of at most `max_chars` characters."""
    line = _UNPRINTABLE.sub(" ", text[: 4 * max_chars]).strip()
    return line if len(line) <= max_chars else line[: max_chars - 1].rstrip() + "…"


def dotted(*parts: str | None) -> str:
    """`a · b`, without the parts that are not there."""
    return " · ".join(part for part in parts if part)


def counted(count: int, noun: str) -> str:
    """`1 alert`, `1,234 alerts`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def trimmed(number: float, places: int) -> str:
    """At most so many decimals, rounded half up, without trailing zeros: 352.5, 145."""
    if not abs(number) < _ABSURD:
        return f"{number:.3g}"
    text = f"{_rounded(number, places):,f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _rounded(number: float, places: int) -> Decimal:
    # repr first: the shortest decimal that means this float is what the feed wrote, so 1.25 rounds to 1.3.
    return Decimal(repr(float(number))).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def money(usd: float) -> str:
    """US dollars, short: `$7.50`, `$12,345`, `$950K`, `$1.2M`, `$3.4B`; never `$1000K`."""
    amount = abs(usd)
    sign = "-" if usd < 0 else ""
    if amount < 100:
        return f"{sign}{price(round(amount, 2))}"
    if amount < 99_999.5:
        return f"{sign}${trimmed(amount, 0)}"
    if amount < 999_500:
        return f"{sign}${trimmed(amount / 1_000, 0)}K"
    if amount < 999_950_000:
        return f"{sign}${trimmed(amount / 1_000_000, 1)}M"
    return f"{sign}${trimmed(amount / 1_000_000_000, 1)}B"


def price(usd: float) -> str:
    """US dollars a share: two decimals, four where the price has them: `$20.00`, `$0.0675`."""
    whole, _, decimals = trimmed(usd, 4).partition(".")
    return f"${whole}.{decimals:0<2}"


def percent(value: float) -> str:
    """One decimal at most: `3.6%`, `45%`."""
    return f"{trimmed(value, 1)}%"


def moneyness(otm_pct: float) -> str:
    """`3.6% OTM`, `3.6% ITM`, `ATM`."""
    shown = percent(abs(otm_pct))
    return "ATM" if shown == "0%" else f"{shown} {'OTM' if otm_pct > 0 else 'ITM'}"


def ratio(vol_oi: float | None, open_interest: int | None) -> str | None:
    """`vol/OI 12.3×`; `vol/OI new` where nothing was open before; None where it is not known."""
    if open_interest == 0:
        return "vol/OI new"
    return None if vol_oi is None else f"vol/OI {trimmed(vol_oi, 1)}×"


def contract_line(found: Print, now_ns: int) -> str:
    """`NVDA 145C 7/17 (21d)`, the year only where it is not the present one; unknown parts are left out."""
    words = [one_line(found.ticker, 32) or "?"]
    if found.strike is not None:
        words.append(trimmed(found.strike, 3).replace(",", "") + (found.type or "")[:1].upper())
    elif found.type is not None:
        words.append(found.type.upper())
    if found.expiry is not None:
        words.append(_short_date(found.expiry, new_york(now_ns).date()))
    if found.dte is not None:
        words.append("(0DTE)" if found.dte == 0 else f"({found.dte}d)")
    return " ".join(words)


def _short_date(day: date, today: date) -> str:
    shown = f"{day.month}/{day.day}"
    return shown if day.year == today.year else f"{shown}/{day:%y}"


def new_york(ns: int) -> datetime:
    """Unix nanoseconds as New York time."""
    return datetime.fromtimestamp(ns // 1_000_000_000, UTC).astimezone(NEW_YORK)


def clock(moment: datetime, now_ns: int) -> str:
    """`10:31:05 ET`, with the date where it is not today's: `7/17 10:31:05 ET`."""
    local = moment.astimezone(NEW_YORK)
    today = new_york(now_ns).date()
    day = "" if local.date() == today else f"{_short_date(local.date(), today)} "
    return f"{day}{local:%H:%M:%S} ET"


def age(seconds: float) -> str:
    """`42 ms`, `1.3 s`, `2 min 5 s`, `3 h 20 min`, `2 d 3 h`; a clock that ran backwards counts as no time."""
    if seconds < 0.9995:
        return f"{max(0, round(seconds * 1000))} ms"
    if seconds < 59.95:
        return f"{trimmed(seconds, 1)} s"
    whole = round(seconds)
    for unit_s, unit, part_s, part in ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= unit_s:
            rest = whole % unit_s // part_s
            return f"{whole // unit_s} {unit}" + (f" {rest} {part}" if rest else "")
    return f"{whole} s"


def score_tag(score: float, bands: Bands, *, is_local: bool) -> str:
    """`94 EXTREME`, `94 EXTREME (local)`; below the lowest band the number alone."""
    # The band is that of the number shown, so that no reader sees "85 ELEVATED".
    shown = trimmed(score, 2)
    words = [shown, bands.name(float(shown.replace(",", ""))), "(local)" if is_local else ""]
    return " ".join(word for word in words if word)


def is_golden(found: Print) -> bool:
    """A sweep of a million dollars or more."""
    return found.kind == "sweep" and found.premium is not None and found.premium >= GOLDEN_SWEEP_USD
