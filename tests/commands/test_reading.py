"""Reading what is asked: typed loosely, in a form or on a line, and refused with words that say what to try."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.commands.forms import COMMANDS
from bot.commands.reading import read_options, read_says, read_text
from bot.commands.requests import (
    Audit,
    Congress,
    Deliveries,
    Heatmap,
    Help,
    Intent,
    Momentum,
    MuteFor,
    Mutes,
    Pause,
    Reload,
    Request,
    Resume,
    Retry,
    Rules,
    SendTest,
    Snooze,
    Status,
    Ticker,
    Top,
    Unmute,
    Unusual,
    WatchAdd,
    WatchList,
    WatchRemove,
    Why,
)
from bot.engine.session import Query
from bot.render.words import one_line
from tests.commands.prints import HOSTILE

MESSAGE, TS = "1234567890123456789", "1700000000.123456"
SLACK_LINK = "https://acme.slack.com/archives/C0123ABCD/p1700000000123456"


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        ("top", Top(Query())),
        ("top 5 ticker=NVDA min_premium=1m", Top(Query(limit=5, ticker="NVDA", min_premium=1_000_000))),
        ("  TOP   $nvda  calls  Sweeps ASK ", Top(Query(ticker="NVDA", type="call", kind="sweep", side="ask"))),
        ("top 500k nvda 0dte", Top(Query(min_premium=500_000, ticker="NVDA", dte=(0, 0)))),
        ("top 0dte NVDA $1.2M", Top(Query(min_premium=1_200_000, ticker="NVDA", dte=(0, 0)))),
        ("top $call", Top(Query(ticker="CALL"))),
        ("top @bid block", Top(Query(side="bid", kind="block"))),
        ("top 5000", Top(Query(limit=25))),
        ("top min_premium=$500,000 min_score=85.5", Top(Query(min_premium=500_000, min_score=85.5))),
        ("top ticker = NVDA, type=puts", Top(Query(ticker="NVDA", type="put"))),
        ("top premium>=500k score >= 85", Top(Query(min_premium=500_000, min_score=85))),
        ("top premium≥500k", Top(Query(min_premium=500_000))),
        ("top dte<=7", Top(Query(dte=(0, 7)))),
        ("top dte<7", Top(Query(dte=(0, 6)))),
        ("top dte=7", Top(Query(dte=(7, 7)))),
        ("top dte=0-7", Top(Query(dte=(0, 7)))),
        ("top dte=0..7", Top(Query(dte=(0, 7)))),
        ("top dte>=90", Top(Query(dte=(90, 3650)))),
        ("top dte>90", Top(Query(dte=(91, 3650)))),
        ("top 0-7dte", Top(Query(dte=(0, 7)))),
        ('top sector="Health Care"', Top(Query(sector="Health Care"))),
        ("top sector=“health care”", Top(Query(sector="Health Care"))),
        ("top health care calls", Top(Query(sector="Health Care", type="call"))),
        ("top sector=tech", Top(Query(sector="Information Technology"))),
        ("top Energy puts", Top(Query(sector="Energy", type="put"))),
        ("top BRK.B page=3", Top(Query(ticker="BRK.B"), page=3)),
        ("ticker brk.b", Ticker("BRK.B")),
        ("ticker symbol=SPY", Ticker("SPY")),
        ("heatmap", Heatmap("sector")),
        ("heatmap tickers", Heatmap("ticker")),
        ("heatmap by=ticker", Heatmap("ticker")),
        ("momentum", Momentum()),
        ("momentum $nvda page=2", Momentum("NVDA", 2)),
        ("intent NVDA", Intent("NVDA")),
        ("congress page=4", Congress(None, 4)),
        ("unusual calls 500k 5", Unusual(Query(type="call", min_premium=500_000, limit=5))),
        ("status", Status()),
        ("help", Help()),
        ("help watch", Help(command="watch")),
        ("   ", Help()),
    ],
)
def test_a_question(text: str, request_: Request) -> None:
    """Words and key=value, in any case and order; a bare word is what it must mean."""
    assert read_text("flow", text) == request_


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("7kq2m9xd", "7kq2m9xd"),
        ("#7KQ2M9XD", "7kq2m9xd"),
        ("`7kq2m9xd`", "7kq2m9xd"),
        ("alert=7kq2m9xd", "7kq2m9xd"),
        (MESSAGE, MESSAGE),
        (f"https://discord.com/channels/111111111111111111/222222222222222222/{MESSAGE}", MESSAGE),
        (f"https://ptb.discord.com/channels/111111111111111111/222222222222222222/{MESSAGE}", MESSAGE),
        (f"https://canary.discordapp.com/channels/@me/222222222222222222/{MESSAGE}", MESSAGE),
        (f"<https://discord.com/channels/111111111111111111/222222222222222222/{MESSAGE}>", MESSAGE),
        (TS, TS),
        (SLACK_LINK, TS),
        (f"{SLACK_LINK}?thread_ts=1600000000.000100&amp;cid=C0123ABCD", TS),
        (f"&lt;{SLACK_LINK}&gt;", TS),
        (f"<{SLACK_LINK}|the alert>", TS),
    ],
)
def test_an_alert_or_a_message(said: str, wanted: str) -> None:
    """An alert's id, or its message, by link or by id, as either platform writes them."""
    assert read_text("flow", f"why {said}") == Why(wanted)


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        ("mute rule extreme-sweeps for 2h too noisy today", MuteFor("rule", "extreme-sweeps", 7200, "too noisy today")),
        ("mute ticker $nvda 1h", MuteFor("ticker", "NVDA", 3600)),
        ("mute tickers nvda for 90m for earnings", MuteFor("ticker", "NVDA", 5400, "for earnings")),
        ('mute destination desk for=2h reason="too noisy"', MuteFor("destination", "desk", 7200, "too noisy")),
        ('mute destination desk reason="too noisy" for=2h', MuteFor("destination", "desk", 7200, "too noisy")),
        ("mute destination desk 30d eps = 1.2 & more", MuteFor("destination", "desk", 2_592_000, "eps = 1.2 & more")),
        ("mute ticker NVDA 1h it’s “loud”", MuteFor("ticker", "NVDA", 3600, "it's 'loud")),
        ("mute name=NVDA what=ticker for=1h", MuteFor("ticker", "NVDA", 3600)),
        ("unmute ticker nvda", Unmute("ticker", "NVDA")),
        ("unmute Rule Extreme-Sweeps", Unmute("rule", "extreme-sweeps")),
        ("list", Mutes()),
        ("test desk", SendTest("desk")),
        ("reload", Reload()),
        ("pause", Pause()),
        ("pause 30m", Pause(1800)),
        ("pause for 30m new keys", Pause(1800, "new keys")),
        ("pause for maintenance", Pause(None, "for maintenance")),
        ("pause for 2 hours new keys", Pause(7200, "new keys")),
        ("pause new keys, 2 hours", Pause(None, "new keys, 2 hours")),
        ("mute ticker NVDA 30 minutes", MuteFor("ticker", "NVDA", 1800)),
        ("pause new keys", Pause(None, "new keys")),
        ("resume", Resume()),
        ("deliveries", Deliveries()),
        ("deliveries dead desk page=2", Deliveries("dead", "desk", 2)),
        ("deliveries desk", Deliveries("", "desk")),
        ("deliveries to desk", Deliveries("", "desk")),
        ("retry 7KQ2M9XD", Retry("7kq2m9xd")),
        ("retry 7kq2m9xd@desk", Retry("7kq2m9xd@desk")),
        ("rules page=2", Rules(2)),
        ("audit", Audit()),
        ("", Help(command="flowadmin")),
    ],
)
def test_steering(text: str, request_: Request) -> None:
    """In the order in which people say it; a reason is all that is left."""
    assert read_text("flowadmin", text) == request_


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        ("watch add NVDA", WatchAdd("NVDA", '{"ticker": "NVDA"}')),
        ("watch add nvda cooldown=10m", WatchAdd("nvda", '{"ticker": "NVDA"}', 600)),
        ("watch add cooldown=10m nvda", WatchAdd("nvda", '{"ticker": "NVDA"}', 600)),
        (
            'watch add filter="nvda calls" cooldown=1h',
            WatchAdd("nvda calls", '{"ticker": "NVDA", "type": "call"}', 3600),
        ),
        ("watch remove 3", WatchRemove(3)),
        ("watch remove #17: NVDA premium>=1M", WatchRemove(17)),
        ("watch remove watch=3", WatchRemove(3)),
        ("watch remove ALL", WatchRemove(None)),
        ("watch list", WatchList()),
        ("watch", Help(command="watch")),
        ("snooze 1h", Snooze(3600)),
        ("snooze for 1.5h", Snooze(5400)),
        ("snooze for=1d", Snooze(86_400)),
        ("/snooze OFF", Snooze(None)),
        ("snooze 1.5 Hours", Snooze(5400)),
        ("snooze 90min", Snooze(5400)),
        ("snooze", Help(command="snooze")),
        ("snooze help", Help(command="snooze")),
        ("/flow why 7kq2m9xd", Why("7kq2m9xd")),
        ("Flow top", Top(Query())),
    ],
)
def test_what_is_ones_own(text: str, request_: Request) -> None:
    """A whole line, as a button says it, with the slash or without."""
    assert read_says(text) == request_


def test_slack_escapes_three_characters() -> None:
    """`>` comes as `&gt;` ("Escaping text"); a button's text is our own and holds no such thing."""
    asked = read_text("watch", "add NVDA premium&gt;=1M")
    assert asked == WatchAdd("NVDA premium>=1M", '{"ticker": "NVDA", "premium": ">= 1M"}')
    assert read_says("flowadmin pause R&amp;D") == Pause(None, "R&amp;D")


@pytest.mark.parametrize(
    ("command", "text", "said"),
    [
        ("flow", "tpo", 'Did you mean "top"?'),
        ("flow", "NVDA", "/flow ticker NVDA"),
        ("flow", "amd", "/flow ticker AMD"),
        ("flow", "momentum by=x", 'There is only "ticker".'),
        ("watch", "NVDA", "/watch add NVDA"),
        ("flowadmin", "mute", "rule, ticker, destination"),
        ("flow", "top premuim=5", 'has no option "premuim"'),
        ("flow", "top min_premum=5", 'Did you mean "min_premium"?'),
        ("flow", "top limit=many", "try limit=10"),
        ("flow", "top 0", "from 1 to 25"),
        ("flow", "top limit=²", "try limit=10"),
        ("flow", "top page=0", "from 1 to 1000"),
        ("flow", "top min_score=101", "0 to 100"),
        ("flow", "top min_score=nan", "0 to 100"),
        ("flow", "top min_premium=lots", "500k"),
        ("flow", "top min_premium=-5", "500k"),
        ("flow", "top premium<=1m", "cannot ask for"),
        ("flow", "top dte!=5", "cannot ask for"),
        ("flow", "top dte=weekly", "dte=0-7"),
        ("flow", "top dte=7-0", "lets nothing through"),
        ("flow", "top dte<0", "lets nothing through"),
        ("flow", "top side=left", "ask, bid, mid"),
        ("flow", "top sector=Cars", "Utilities"),
        ("flow", "top sector=", "Utilities"),
        ("flow", "top sector=consumer", "Consumer Staples"),
        ("flow", "top 5 limit=6", "twice"),
        ("flow", "top NVDA AAPL", "twice"),
        ("flow", "unusual sweeps", 'has no option "kind"'),
        ("flow", "ticker", 'needs "symbol"'),
        ("flow", "ticker ;DROP", "is no ticker"),
        ("flow", "ticker NVDA AAPL", '"AAPL" is one word too many'),
        ("flow", "why", "eight characters"),
        ("flow", "why <@U1>", "alert's footer"),
        ("flow", "why https://evil.example/7kq2m9xd", "no link to a message"),
        ("flow", "status now", 'after "status"'),
        ("flow", "status page=2", 'has no option "page"'),
        ("flowadmin", "mute NVDA 1h", "rule, ticker, destination"),
        ("flowadmin", "mute ticker NVDA", 'needs "for"'),
        ("flowadmin", "mute ticker NVDA too noisy", "try 30m"),
        ("flowadmin", "mute ticker NVDA 90", "needs a unit"),
        ("flowadmin", "mute ticker NVDA 31d", "30d at most"),
        ("flowadmin", "mute ticker NVDA 0s", "out of bounds"),
        ("flowadmin", "mute ticker NVDA -1h", "is no duration"),
        ("flowadmin", "mute rule <@U1> 1h", "no name of a rule"),
        ("flowadmin", "test", 'needs "destination"'),
        ("flowadmin", "deliveries lost desk", "twice"),
        ("flowadmin", "retry desk@7kq2m9xd!", "no name of a destination"),
        ("flowadmin", "resume please", '"please" is one word too many'),
        ("watch", "add", 'needs "filter"'),
        ("watch", "add NVDA cooldown=5", "needs a unit"),
        ("watch", "add NVDA cooldown=8d", "7d at most"),
        ("watch", "remove NVDA", "its number"),
        ("snooze", "31d", "30d at most"),
        ("snooze", "soon", "is no duration"),
        ("snoze", "1h", 'Did you mean "snooze"?'),
        ("flow", "top " + "x" * 1000, "1,000 at most"),
    ],
)
def test_a_wrong_question(command: str, text: str, said: str) -> None:
    """Plain words: which value, and what to try instead; and the help is that of the command."""
    request = read_text(command, text)
    assert isinstance(request, Help)
    assert said in request.problem
    assert request.command == (command if command != "snoze" else "flow")


@pytest.mark.parametrize(("text", "sub"), [("TOP limit=many", "top"), ("tpo", ""), ("NVDA", ""), ("ticker", "ticker")])
def test_which_of_a_commands_uses_was_wrong(text: str, sub: str) -> None:
    """So that its own options are told, and not those of all."""
    asked = read_text("flow", text)
    assert isinstance(asked, Help)
    assert asked.sub == sub
    form = read_options("flow", "top", {"tikcer": "NVDA"})
    assert isinstance(form, Help)
    assert form.sub == "top"


def test_a_form_brings_types() -> None:
    """Discord's forms bring numbers; they read as their text does."""
    asked = read_options("flow", "top", {"limit": 5, "min_score": 90.0, "min_premium": "1.2M", "kind": "block"})
    assert asked == Top(Query(limit=5, min_score=90, min_premium=1_200_000, kind="block"))
    assert read_options("flow", "top", {"dte": " <= 7 "}) == Top(Query(dte=(0, 7)))
    assert read_options("snooze", "", {"for": "off"}) == Snooze(None)
    assert read_options("snooze", "", {"for": "2 hours"}) == Snooze(7200)
    watch = {"filter": "“NVDA” calls", "cooldown": "10m"}
    assert read_options("watch", "add", watch) == WatchAdd('"NVDA" calls', '{"ticker": "NVDA", "type": "call"}', 600)


@pytest.mark.parametrize(
    ("command", "sub", "options"),
    [
        ("flow", "nothing", {}),
        ("nothing", "", {}),
        ("flow", "ticker", {"symbol": HOSTILE}),
        ("flow", "ticker", {"symbol": None}),
        ("flow", "ticker", {}),
        ("flow", "top", {"limit": 10**5000}),
        ("flow", "top", {"tikcer": "NVDA"}),
        ("watch", "add", {"filter": "NVDA cooldown=1h", "cooldown": "1h"}),
    ],
)
def test_a_wrong_form(command: str, sub: str, options: dict[str, object]) -> None:
    """A form that is no longer ours, or filled in wrongly, is answered like any wrong question."""
    request = read_options(command, sub, options)
    assert isinstance(request, Help)
    assert request.problem


PIECES = [
    "top", "ticker", "why", "add", "remove", "mute", "pause", "rule", "NVDA", "$nvda", "calls", "ask", "500k",
    "$1.2M", "0dte", "5", "page=2", "for", "2h", "for=1h", 'reason="', "'", ",", "premium>=1M", "premium", ">=",
    "dte=0-7", "side=ask,bid", "sector=", "health", "care", "=", "<@1>", "x=\x00", ",,,", "\u202e", "&gt;",
    "cooldown=10m",
]  # fmt: skip
WORDS = st.sampled_from(PIECES)
LINES = st.text(max_size=1100) | st.lists(WORDS, max_size=12).map(" ".join)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(["flow", "watch", "snooze", "flowadmin", "?"]), LINES)
def test_any_text_is_a_request(command: str, text: str) -> None:
    """Whatever people type, there is a request, and what it quotes is one short line."""
    subs = [sub.name for form in COMMANDS if form.name == command for sub in form.subs]
    for line in (text, *(f"{sub} {text}" for sub in subs)):
        request = read_text(command, line)
        if isinstance(request, Help):
            assert len(request.problem) < 500
            assert request.problem == one_line(request.problem, 500)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from([(form.name, sub) for form in COMMANDS for sub in form.subs or (form,)]), st.data())
def test_any_form_is_a_request(where: tuple[str, object], data: st.DataObject) -> None:
    """Likewise whatever a form holds."""
    command, form = where
    names = [option.name for option in getattr(form, "options", ())]
    anything = st.text(max_size=50) | st.integers() | st.floats() | st.none() | st.booleans()
    filled = data.draw(st.dictionaries(st.sampled_from([*names, "page", "?"]), anything))
    request = read_options(command, getattr(form, "name", ""), filled)
    assert not isinstance(request, Help) or request.problem == one_line(request.problem, 500)
