"""The report as one HTML file that needs nothing else: the sheets, and a timeline of each destination's day.

Every text is escaped. Colours are Okabe and Ito's, which colour-blind readers tell apart ("Color Universal Design",
2008), and nothing is told by colour alone: the legend has the order of the stack, and each bar its words.
"""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from bot.workbench.backtest import wording
from bot.workbench.backtest.report import Report, SetReport
from bot.workbench.backtest.timeline import COLOURS, timelines
from bot.workbench.backtest.wording import Sheet

_STYLE: Final = (
    """
:root { color-scheme: light dark; --ink: #1b1f24; --dim: #5c6670; --paper: #fff; --line: #d5dae0; --limit: #b3261e; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ec; --dim: #9aa5b1; --paper: #14171a; --line: #343b43; --limit: #ff8a80; }
}
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 2rem auto;
  max-width: 72rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.15rem; margin-top: 2.5rem; } h3 { font-size: 1rem; margin-bottom: .2rem; }
p { margin: .3rem 0; } .dim { color: var(--dim); } .warning { border-left: .25rem solid var(--limit);
  padding-left: .6rem; }
.sheet { overflow-x: auto; } table { border-collapse: collapse; margin: 1rem 0; }
th, td { text-align: left; padding: .2rem 1.2rem .2rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { color: var(--dim); font-weight: normal; } .number { text-align: right; font-variant-numeric: tabular-nums; }
svg { width: 100%; height: auto; display: block; } svg text { fill: var(--dim); font: 11px system-ui, sans-serif; }
.axis { stroke: var(--line); } .limit { stroke: var(--limit); stroke-dasharray: 6 4; }
svg text.limit-name { fill: var(--limit); }
.digested { fill: var(--limit); } .bar { stroke: var(--paper); stroke-width: .3; }
.legend span { white-space: nowrap; margin-right: 1.2rem; } .legend svg { display: inline; width: .8rem;
  height: .8rem; vertical-align: -.1rem; }
"""
    + "\n".join(f".c{n} {{ fill: {colour}; }}" for n, colour in enumerate(COLOURS))
    + "\n"
)


def page(report: Report) -> str:
    """The whole file."""
    head = (
        '<meta charset="utf-8"/><meta name="viewport" content="width=device-width, initial-scale=1"/>'
        f"<title>flowbot backtest</title><style>{_STYLE}</style>"
    )
    body = "".join(_body(report))
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head><body>\n{body}</body></html>\n'


def _body(report: Report) -> Iterable[str]:
    has_dates = wording.has_dates(report)
    yield "<h1>flowbot backtest</h1>\n"
    yield f"<p>{escape(', '.join(report.tape.files))}: {escape(wording.tape_line(report.tape))}</p>\n"
    yield from (f'<p class="warning">{escape(line)}</p>\n' for line in wording.warnings(report))
    if report.difference is not None:
        yield from _difference(report, has_dates=has_dates)
        yield from _config(report.config, has_dates=has_dates)
        yield from _config(report.difference.other, has_dates=has_dates)
    else:
        yield from _config(report.config, has_dates=has_dates)


def _config(config: SetReport, *, has_dates: bool) -> Iterable[str]:
    yield f"<h2>{escape(config.config)}: {config.alerts:,} {'alert' if config.alerts == 1 else 'alerts'}</h2>\n"
    yield from (f"<p>{escape(line)}</p>\n" for line in wording.remarks(config))
    yield _sheet(wording.rules_sheet(config, has_dates=has_dates))
    yield _sheet(wording.destinations_sheet(config, has_dates=has_dates))
    yield from timelines(config)


def _difference(report: Report, *, has_dates: bool) -> Iterable[str]:
    difference = report.difference
    assert difference is not None  # noqa: S101 the caller looked
    names = f"{escape(difference.other.config)} instead of {escape(report.config.config)}"
    yield f"<h2>{names}: {escape(wording.difference_line(difference))}</h2>\n"
    sheets = (
        wording.deltas_sheet(report.config, difference.other),
        wording.changes_sheet(difference.changed, has_dates=has_dates),
    )
    yield from (_sheet(sheet) for sheet in sheets if sheet.rows)
    yield f'<p class="dim">{escape(wording.left_out(difference.changed))}</p>\n'


def _sheet(sheet: Sheet) -> str:
    kinds = [' class="number"' if column.is_number else "" for column in sheet.columns]
    header = _cells("th", kinds, [column.name for column in sheet.columns])
    rows = "\n".join(f"<tr>{_cells('td', kinds, row)}</tr>" for row in sheet.rows)
    return f'<div class="sheet"><table><thead><tr>{header}</tr></thead>\n<tbody>{rows}</tbody></table></div>\n'


def _cells(tag: str, kinds: Sequence[str], texts: Sequence[str]) -> str:
    return "".join(f"<{tag}{kind}>{escape(text)}</{tag}>" for kind, text in zip(kinds, texts, strict=True))
