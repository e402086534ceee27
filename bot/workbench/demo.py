"""The demo's screen: a heading, alerts as they come, one live line, and the newcomer's next step.

Only presentation: it is told what happened and owns neither the service nor the clock of the feed. Rich is imported
when a screen opens, not before. Where the output is no terminal, everything is plain lines.
"""

import shutil
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.live import Live
    from rich.text import Text

LIVE_EVERY_S = 0.2
"""Seconds between two changes of the live line: often enough to look alive, seldom enough to be read."""
PLAIN_EVERY_S = 5.0
"""Seconds between two lines of progress where the output is no terminal."""
NARROW_COLUMNS = 60


@dataclass(frozen=True, slots=True)
class Tally:
    """What has happened so far."""

    prints: int = 0
    matches: int = 0
    """Prints that at least one rule matched."""
    alerts: int = 0


class DemoScreen:
    """`with DemoScreen(...) as screen:` then `show` each alert, `tick` a few times a second, `finish` once."""

    def __init__(
        self, url: str, rules: Sequence[str], *, out: TextIO | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._url = url
        self._rules = rules
        self._out = out if out is not None else sys.stdout
        self._clock = clock
        self._tally = Tally()
        self._began_s = self._said_s = clock()
        self._console: Console | None = None
        self._live: Live | None = None

    def __enter__(self) -> Self:
        from rich.console import Console

        console = Console(file=self._out, highlight=False)
        if not console.is_terminal:
            # Rich assumes 80 columns for a pipe, and would break lines that somebody wants to search.
            console = Console(file=self._out, highlight=False, width=max(console.width, 1_000))
        self._console = console
        self._began_s = self._said_s = self._clock()
        self._heading(console)
        if console.is_terminal:
            self._live = self._open_live(console)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop_live()

    def show(self, card_text: str) -> None:
        """Print one alert above the live line; terminal colours in it are kept where the terminal has them."""
        from rich.text import Text

        if self._console is not None:
            self._console.print(Text.from_ansi(card_text.rstrip("\n")).append("\n"))

    def tick(self, prints: int, matches: int, alerts: int) -> None:
        """Totals so far, as often as is convenient; the screen speaks only so often."""
        self._tally = Tally(prints, matches, alerts)
        now_s = self._clock()
        if self._console is None or now_s - self._said_s < (PLAIN_EVERY_S if self._live is None else LIVE_EVERY_S):
            return
        self._said_s = now_s
        if self._live is not None:
            self._live.update(self._status(), refresh=True)
        else:
            self._console.print(self._line())

    def finish(self, prints: int, matches: int, alerts: int) -> None:
        """The summary and what to do next."""
        from rich.text import Text

        self._tally = Tally(prints, matches, alerts)
        self._stop_live()
        if self._console is None:
            return
        self._console.print(Text(f"─── {self._line()}", style="bold"))
        self._console.print(
            "Nothing left this machine: the prints were made up, the rest was the real thing.\n", style="dim"
        )
        self._console.print(Text("Next, with your own feed and channel:", style="bold"))
        steps = (Text.assemble((command, "cyan"), what) for command, what in _NEXT_STEPS)
        self._console.print(_rows((Text(f"  {number}."), step) for number, step in enumerate(steps, 1)))
        self._console.print()

    # --- the parts ---

    def _heading(self, console: "Console") -> None:
        from rich.text import Text

        console.print()
        console.print(Text.assemble(("flowbot demo", "bold"), " · no keys needed"))
        facts = (
            ("feed", f"a simulated provider at {self._url}"),
            ("rules", ", ".join(self._rules)),
            ("alerts", "here, as they would be posted; Ctrl-C ends the demo"),
        )
        console.print(_rows((Text(f"{name:>8}", style="dim"), Text(what)) for name, what in facts))
        console.print()

    def _open_live(self, console: "Console") -> "Live":
        from rich.live import Live

        # Refreshed by `tick` alone: a timer thread would redraw between two parts of an alert.
        live = Live(self._status(), console=console, auto_refresh=False, transient=True)
        live.start()
        return live

    def _stop_live(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _status(self) -> "RenderableType":
        from rich.text import Text

        text = Text.assemble(("● ", "green"), self._line())
        text.no_wrap, text.overflow = True, "ellipsis"
        return text

    def _line(self) -> str:
        tally, elapsed_s = self._tally, self._clock() - self._began_s
        rate = tally.prints / elapsed_s if elapsed_s > 0 else 0.0
        parts = [_counted(tally.prints, "print"), _counted(tally.matches, "match", "matches")]
        parts += [_counted(tally.alerts, "alert"), f"{rate:,.0f}/s"]
        if self._columns() >= NARROW_COLUMNS:
            parts.append(f"{elapsed_s:.0f} s")
        return " · ".join(parts)

    def _columns(self) -> int:
        return self._console.width if self._console is not None else shutil.get_terminal_size().columns


_NEXT_STEPS = (
    ("cp config.example.yaml config.yaml", ""),
    ("put an API key and a webhook URL in .env", "  (config.yaml names the variables)"),
    ("make run", "  (flowbot check tells what is still amiss)"),
)


def _rows(rows: Iterable["tuple[Text, Text]"]) -> "RenderableType":
    """Two columns, the second wrapped within itself in a narrow terminal."""
    from rich.table import Table

    grid = Table.grid(padding=(0, 1))
    for row in rows:
        grid.add_row(*row)
    return grid


def _counted(n: int, one: str, many: str = "") -> str:
    return f"{n:,} {one if n == 1 else many or one + 's'}"
