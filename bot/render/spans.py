"""How long, and from when to when, in the few characters that a tag has room for. Knows no card and no platform."""

from bot.render.words import clock, new_york

_UNITS = ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "m"), (60, "m", 1, "s"))


def lateness(seconds: float) -> str:
    """`42s`, `3m12s`, `1h05m`, `2d3h`; a clock that ran backwards counts as no time."""
    whole = max(0, round(seconds))
    for unit_s, unit, part_s, part in _UNITS:
        if whole >= unit_s:
            rest = whole % unit_s // part_s
            shown = f"{rest}" if part == "h" else f"{rest:02d}"
            return f"{whole // unit_s}{unit}" + (f"{shown}{part}" if rest else "")
    return f"{whole}s"


def span(seconds: float) -> str:
    """Coarser: `40s`, `2m`, `1h 5m`, `2d 3h`; a clock that ran backwards counts as no time."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole}s"
    minutes = (whole + 30) // 60
    if minutes < 60:
        return f"{minutes}m"
    days, hours = divmod(minutes // 60, 24)
    small = f"{hours}h" if days else f"{minutes % 60}m"
    large = f"{days}d" if days else f"{hours}h"
    return large if small in ("0h", "0m") else f"{large} {small}"


def clock_span(first_ns: int, last_ns: int, now_ns: int) -> str:
    """`09:30:01–09:34:12 ET`, with dates where they are not today's: `7/16 16:20:00 – 7/17 04:10:00 ET`."""
    first, last = new_york(first_ns), new_york(last_ns)
    begins = clock(first, now_ns)
    if first == last:
        return begins
    if first.date() == last.date():
        return f"{begins.removesuffix(' ET')}–{last:%H:%M:%S} ET"
    return f"{begins.removesuffix(' ET')} – {clock(last, now_ns)}"
