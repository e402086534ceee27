"""The report on a terminal, or as plain lines where the output is none. Rich is imported when it is shown."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

from bot.workbench.backtest import wording
from bot.workbench.backtest.report import Report, SetReport
from bot.workbench.backtest.wording import Sheet

if TYPE_CHECKING:
    from rich.console import Console

PLAIN_COLUMNS = 1_000
"""Rich assumes 80 columns for a pipe, and would break lines that somebody wants to search."""


def show(report: Report, out: TextIO | None = None) -> None:
    """Write the report to `out`, standard output unless told."""
    from rich.console import Console

    console = Console(file=out or sys.stdout, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console = Console(file=console.file, highlight=False, markup=False, emoji=False, width=PLAIN_COLUMNS)
    has_dates = wording.has_dates(report)
    console.print(f"{', '.join(report.tape.files)}: {wording.tape_line(report.tape)}", style="bold", soft_wrap=True)
    for warning in wording.warnings(report):
        console.print(f"! {warning}", style="yellow", soft_wrap=True)
    _config(console, report.config, has_dates=has_dates)
    if report.difference is not None:
        _config(console, report.difference.other, has_dates=has_dates)
        _difference(console, report, has_dates=has_dates)


def _config(console: "Console", config: SetReport, *, has_dates: bool) -> None:
    alerts = f"{config.alerts:,} {'alert' if config.alerts == 1 else 'alerts'}"
    console.print(f"\n{config.config}: {alerts}", style="bold", soft_wrap=True)
    _sheet(console, wording.rules_sheet(config, has_dates=has_dates))
    _sheet(console, wording.destinations_sheet(config, has_dates=has_dates))
    _lines(console, wording.remarks(config))


def _difference(console: "Console", report: Report, *, has_dates: bool) -> None:
    difference = report.difference
    assert difference is not None  # noqa: S101 the caller looked
    heading = f"{difference.other.config} instead of {report.config.config}: {wording.difference_line(difference)}"
    console.print(f"\n{heading}", style="bold", soft_wrap=True)
    deltas = wording.deltas_sheet(report.config, difference.other)
    if deltas.rows:
        _sheet(console, deltas)
    if difference.changed:
        _sheet(console, wording.changes_sheet(difference.changed, has_dates=has_dates))
        _lines(console, [line for line in (wording.left_out(difference.changed),) if line])


def _sheet(console: "Console", sheet: Sheet) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for place, column in enumerate(sheet.columns):
        # In a narrow terminal all cells wrap but names, which come first and are looked for.
        table.add_column(column.name, justify="right" if column.is_number else "left", no_wrap=place == 0)
    for row in sheet.rows:
        table.add_row(*(Text(cell) for cell in row))
    console.print()
    console.print(table)


def _lines(console: "Console", lines: Sequence[str]) -> None:
    if lines:
        console.print()
    for line in lines:
        console.print(line, soft_wrap=True)
