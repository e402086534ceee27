"""Reading questions: typed loosely, refused with words that say what to try."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.commands.questions import COMMANDS, EXAMPLES, read_options, read_text
from bot.commands.requests import Help, Request, Status, Ticker, Top, Why
from bot.engine.session import Query


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        ("top", Top(Query())),
        ("top 5 ticker=NVDA min_premium=1m", Top(Query(limit=5, ticker="NVDA", min_premium=1_000_000))),
        ("  TOP   $nvda  calls  Sweeps ASK ", Top(Query(ticker="NVDA", type="call", kind="sweep", side="ask"))),
        ("top 5000", Top(Query(limit=25))),
        ("top min_premium=$500,000 min_score=85.5", Top(Query(min_premium=500_000, min_score=85.5))),
        ('top sector="Health Care"', Top(Query(sector="Health Care"))),
        ("top sector=“health care”", Top(Query(sector="Health Care"))),
        ("top sector=tech", Top(Query(sector="Information Technology"))),
        ("top sector=util", Top(Query(sector="Utilities"))),
        ("top Energy puts", Top(Query(sector="Energy", type="put"))),
        ("top BRK.B", Top(Query(ticker="BRK.B"))),
        ("ticker brk.b", Ticker("BRK.B")),
        ("ticker symbol=SPY", Ticker("SPY")),
        ("why #7kq2m9xd", Why("7kq2m9xd")),
        ("why `7kq2m9xd`", Why("7kq2m9xd")),
        ("status", Status()),
        ("help", Help()),
        ("   ", Help()),
    ],
)
def test_a_line_of_text(text: str, request_: Request) -> None:
    """Words and key=value, in any case and order; a bare word is what it must mean."""
    assert read_text(text) == request_


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tpo", 'Did you mean "top"?'),
        ("NVDA", "There are top, ticker, why, status."),
        ("top premuim=5", 'has no option "premuim"'),
        ("top min_premum=5", 'Did you mean "min_premium"?'),
        ("top limit=many", "try limit=10"),
        ("top 0", "from 1 to 25"),
        ("top limit=²", "try limit=10"),
        ("top min_score=101", "0 to 100"),
        ("top min_score=nan", "0 to 100"),
        ("top min_premium=lots", "500k"),
        ("top min_premium=-5", "500k"),
        ("top side=left", "ask, bid, mid"),
        ("top sector=Cars", "Utilities"),
        ("top sector=", "Utilities"),
        ("top sector=consumer", "Consumer Staples"),
        ("top 5 limit=6", "twice"),
        ("top NVDA AAPL", "twice"),
        ("ticker", "needs the symbol"),
        ("ticker ;DROP", "is no ticker"),
        ("why", "eight characters"),
        ("why <@U1>", "alert's footer"),
        ("status now", 'after "status"'),
    ],
)
def test_a_wrong_question(text: str, said: str) -> None:
    """Plain words: which value, and what to try instead."""
    request = read_text(text)
    assert isinstance(request, Help)
    assert said in request.problem


def test_a_form_brings_types() -> None:
    """Discord's forms bring numbers; they read as their text does."""
    asked = read_options("top", {"limit": 5, "min_score": 90.0, "min_premium": "1.2M", "kind": "block"})
    assert asked == Top(Query(limit=5, min_score=90, min_premium=1_200_000, kind="block"))


@pytest.mark.parametrize("example", EXAMPLES)
def test_our_own_examples_are_right(example: str) -> None:
    """What the help tells people to try works."""
    assert not isinstance(read_text(example.removeprefix("/flow ")), Help)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=600) | st.builds("{} {}".format, st.sampled_from([c.name for c in COMMANDS]), st.text()))
def test_any_text_is_a_question(text: str) -> None:
    """Whatever people type, there is a request, and what it quotes is one short line."""
    request = read_text(text)
    if isinstance(request, Help):
        assert len(request.problem) < 400
        assert "\n" not in request.problem
