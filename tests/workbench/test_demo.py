"""The demo's screen on a pipe and on a terminal, wide and narrow, with and without colour."""

import io
import re

import pytest

from bot.workbench.demo import DemoScreen

URL = "ws://127.0.0.1:4711/v1/stream"
CARD = "\x1b[1mNVDA 145C 7/17 (21d)\x1b[0m · $2.4M · SWEEP @ASK · BULL · 94\n  [bold] 2,000 @ 12.00 · spot 142.1\n"
PLAIN_CARD = "NVDA 145C 7/17 (21d) · $2.4M · SWEEP @ASK · BULL · 94\n  [bold] 2,000 @ 12.00 · spot 142.1\n"


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the terminal of the person who runs the tests."""
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def run(out: io.StringIO, clock: Clock) -> str:
    """Ten seconds of demo at 30 prints a second, and one alert in the middle."""
    with DemoScreen(URL, ["extreme-sweeps", "whales"], out=out, clock=clock) as screen:
        for second in range(1, 11):
            clock.now_s += 1
            screen.tick(30 * second, second // 5, second // 5)
            if second == 5:
                screen.show(CARD)
        screen.finish(300, 2, 1)
    return out.getvalue()


def test_a_pipe_gets_plain_lines(clock: Clock) -> None:
    """Heading, alerts whole and unwrapped, progress every five seconds, the summary, the next steps; no escapes."""
    text = run(io.StringIO(), clock)
    assert "\x1b" not in text
    assert "\r" not in text
    assert URL in text
    assert "no keys needed" in text
    assert "extreme-sweeps, whales" in text
    assert PLAIN_CARD in text
    assert re.findall(r"^\d+ prints.*$", text, re.MULTILINE) == [
        "150 prints · 1 match · 1 alert · 30/s · 5 s",
        "300 prints · 2 matches · 2 alerts · 30/s · 10 s",
    ]
    assert "─── 300 prints · 2 matches · 1 alert · 30/s · 10 s" in text


def test_the_next_steps_are_what_a_newcomer_types(clock: Clock) -> None:
    """Copy the example, put the secrets in .env, run; in this order, at the end."""
    text = run(io.StringIO(), clock)
    steps = ["cp config.example.yaml config.yaml", ".env", "make run"]
    places = [text.rindex(step) for step in steps]
    assert places == sorted(places)
    assert text.index("─── 300 prints") < places[0]


def test_a_long_line_is_not_broken_on_a_pipe(clock: Clock) -> None:
    """Whoever greps the output finds each alert's line whole."""
    out = io.StringIO()
    with DemoScreen(URL, [], out=out, clock=clock) as screen:
        screen.show("x" * 400)
    assert "x" * 400 in out.getvalue()


def test_a_terminal_gets_one_live_line(clock: Clock) -> None:
    """It is rewritten in place and gone at the end; the cursor is back."""
    text = run(Terminal(), clock)
    assert "\x1b[2K" in text
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") == 1
    assert "\x1b[1mNVDA 145C" in text


def test_a_busy_caller_does_not_make_the_live_line_flicker(clock: Clock) -> None:
    """A thousand ticks in one moment redraw nothing."""
    out = Terminal()
    with DemoScreen(URL, [], out=out, clock=clock) as screen:
        before = len(out.getvalue())
        for prints in range(1_000):
            screen.tick(prints, 0, 0)
        assert len(out.getvalue()) == before
        clock.now_s += 1
        screen.tick(1_000, 0, 0)
        assert "1,000 prints" in out.getvalue()


def test_no_color_is_respected(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """No colour is ever set (https://no-color.org); bold and the live line remain."""
    monkeypatch.setenv("NO_COLOR", "1")
    text = run(Terminal(), clock)
    codes = {int(code) for group in re.findall(r"\x1b\[([\d;]+)m", text) for code in group.split(";")}
    assert codes <= {0, 1, 2}


def test_a_narrow_terminal_breaks_no_live_line(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """In 40 columns everything fits; a live line that wrapped could not be rewritten in place."""
    monkeypatch.setenv("COLUMNS", "40")
    text = run(Terminal(), clock)
    visible = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "\n", text)
    assert max(len(line) for line in re.split(r"[\r\n]", visible)) <= 40


def test_the_screen_is_closed_when_the_demo_breaks(clock: Clock) -> None:
    """Ctrl-C leaves a terminal with its cursor."""
    out = Terminal()
    with pytest.raises(KeyboardInterrupt), DemoScreen(URL, [], out=out, clock=clock):
        raise KeyboardInterrupt
    assert out.getvalue().count("\x1b[?25h") == 1
