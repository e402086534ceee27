"""A watch's filter: one line in, and a `when` out that YAML would read the same way."""

import json
import re
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.commands.filters import read_filter
from bot.commands.lines import straight
from bot.rules.rule import watch_rule
from bot.rules.vocabulary import FACTS


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("NVDA premium>=1M side=ask", {"ticker": "NVDA", "premium": ">= 1M", "side": "ask"}),
        ("$nvda", {"ticker": "NVDA"}),
        ("NVDA, amd brk.b", {"ticker": ["NVDA", "AMD", "BRK.B"]}),
        ("NVDA ticker=AMD nvda", {"ticker": ["NVDA", "AMD"]}),
        ("calls sweeps NVDA", {"type": "call", "kind": "sweep", "ticker": "NVDA"}),
        ("NVDA ask bull", {"ticker": "NVDA", "side": "ask", "bias": "bull"}),
        ("NVDA bearish puts,calls", {"ticker": "NVDA", "bias": "bear", "type": ["put", "call"]}),
        ("NVDA Regular opening", {"ticker": "NVDA", "session": "regular", "opening": "true"}),
        ("0dte 500k", {"dte": "0", "premium": ">= 500k"}),
        ("0-7dte", {"dte": {"min": "0", "max": "7"}}),
        ("$500,000 NVDA", {"premium": ">= $500,000", "ticker": "NVDA"}),
        ("min_premium=1m min_score=85", {"premium": ">= 1m", "score": ">= 85"}),
        ("premium >= 500k", {"premium": ">= 500k"}),
        ("premium>=500k premium<=2M", {"premium": ">= 500k", "all": [{"premium": "<= 2M"}]}),
        ("dte=0-7", {"dte": {"min": "0", "max": "7"}}),
        ("otm_pct=-5-5", {"otm_pct": {"min": "-5", "max": "5"}}),
        ("expiry=2026-07-17", {"expiry": "2026-07-17"}),
        ("expiry=2026-07-01..2026-07-31", {"expiry": {"min": "2026-07-01", "max": "2026-07-31"}}),
        ("NVDA time=09:30-10:00", {"ticker": "NVDA", "time": {"between": ["09:30", "10:00"]}}),
        ("NVDA strike=100,105", {"ticker": "NVDA", "strike": ["100", "105"]}),
        ("NVDA side=ask,bid", {"ticker": "NVDA", "side": ["ask", "bid"]}),
        ("NVDA side=ask side=bid", {"ticker": "NVDA", "side": ["ask", "bid"]}),
        ("NVDA side!=mid", {"ticker": "NVDA", "side": {"not": "mid"}}),
        ("NVDA kind=Sweeps", {"ticker": "NVDA", "kind": "sweep"}),
        ('sector="Health Care", Energy 1m', {"sector": ["Health Care", "Energy"], "premium": ">= 1m"}),
        ("vol_oi>5 iv>=45%", {"vol_oi": "> 5", "iv": ">= 45%"}),
    ],
)
def test_a_filter(text: str, when: dict[str, object]) -> None:
    """Facts in the order of the line; a ticker stands alone, and so does whatever says which fact it means."""
    assert json.loads(read_filter(text)) == when


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "needs a filter"),
        ("premuim>=1m", 'did you mean "premium"?'),
        ("any=5", 'A print has no "any"'),
        ("use=whales NVDA", 'A print has no "use"'),
        ("premium>=lots", "premium: expected an amount"),
        ("side=left NVDA", "side: expected ask, bid or mid"),
        ("side>=ask NVDA", "side: >= compares numbers"),
        ("time=15:30 NVDA", "time needs a span"),
        ("dte=7-0", "min is above max"),
        ("score", "score needs a value"),
        ("NVDA premium=", "premium= needs a value"),
        ("techstocks", '"techstocks" is no ticker'),
        ("ticker=techstocks", '"techstocks" is no ticker'),
        ("<@U123>", "is no ticker"),
    ],
)
def test_a_wrong_filter(text: str, said: str) -> None:
    """The YAML's own words, without its places; lists, watchlists and definitions are no part of a watch."""
    with pytest.raises(ValueError, match=re.escape(said)) as refused:
        read_filter(text)
    assert "when" not in str(refused.value)


@pytest.mark.parametrize(
    "text", ["calls", "sweeps ask", "premium>=0", "score>0 calls", "ticker!=SPY", "opening", "side!=mid", "time>=09:30"]
)
def test_nearly_everything_is_refused(text: str) -> None:
    """A filter names a ticker, or asks for more or less than every print has."""
    with pytest.raises(ValueError, match="name a ticker or a threshold"):
        read_filter(text)


FACT_WORDS = st.builds(
    "{}{}{}".format,
    st.sampled_from([*FACTS, "x"]),
    st.sampled_from(["=", ">=", "<", "!=", " > "]),
    st.sampled_from(["NVDA", "1m", "0-7", "ask,bid", "2026-07-17", "09:30..10:00", "true", "Energy", '"', "-5", ""]),
)
BARE_WORDS = st.sampled_from(["NVDA", "amd,", "calls", "0dte", "500k", "energy", "opening", "ask", "$1,000", ",,"])


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80) | st.lists(FACT_WORDS | BARE_WORDS, max_size=6).map(" ".join))
def test_what_is_accepted_is_a_rule(text: str) -> None:
    """Whatever passes, the engine takes as a watch; whatever does not is a ValueError and nothing else."""
    with suppress(ValueError):
        when = read_filter(straight(text))
        assert watch_rule("watch:1", f'{{"when": {when}, "send_to": ["dm:discord:1"]}}').when is not None
