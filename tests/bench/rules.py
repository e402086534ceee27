"""The rules that the measured service runs, and which print matches them: written twice on purpose, once as YAML
for flowbot and once as a plain predicate, so that the provider can send an exact share of matching prints."""

from collections.abc import Mapping
from dataclasses import dataclass

Fact = str | int | float
Facts = Mapping[str, Fact]
"""One print as RadarPulse spells it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule: all of what is set must hold."""

    name: str
    score: float = 0
    """At least."""
    premium: int = 0
    """US dollars, at least."""
    side: str = ""
    type: str = ""
    kinds: tuple[str, ...] = ()
    tickers: tuple[str, ...] = ()
    sector: str = ""
    dte: int | None = None
    """Days to expiry, at most."""
    otm_pct: float | None = None
    """Percent out of the money, at most."""
    vol_oi: float = 0
    """At least."""
    cooldown: str = "0s"

    def matches(self, found: Facts) -> bool:
        return (
            number(found, "score") >= self.score
            and number(found, "premium") >= self.premium
            and (not self.side or found["side"] == self.side)
            and (not self.type or found["type"] == self.type)
            and (not self.kinds or found["kind"] in self.kinds)
            and (not self.tickers or found["ticker"] in self.tickers)
            and (not self.sector or found["sector"] == self.sector)
            and (self.dte is None or number(found, "dte") <= self.dte)
            and (self.otm_pct is None or number(found, "otmPct") <= self.otm_pct)
            and number(found, "volOI") >= self.vol_oi
        )

    def settings(self, *destinations: str) -> dict[str, object]:
        """The rule as the configuration spells it."""
        clauses: dict[str, object] = {
            "score": self.score and f">= {self.score:g}",
            "premium": self.premium and f">= {self.premium}",
            "side": self.side.lower(),
            "type": self.type.lower(),
            "kind": [kind.lower() for kind in self.kinds],
            "ticker": list(self.tickers),
            "sector": self.sector,
            "dte": "" if self.dte is None else f"<= {self.dte}",
            "otm_pct": "" if self.otm_pct is None else f"<= {self.otm_pct:g}",
            "vol_oi": self.vol_oi and f">= {self.vol_oi:g}",
        }
        when = {name: clause for name, clause in clauses.items() if clause}
        return {"name": self.name, "when": when, "send_to": list(destinations), "cooldown": self.cooldown}


def number(found: Facts, name: str) -> float:
    value = found[name]
    assert not isinstance(value, str), f"{name} is a number"
    return value


SAMPLE_BOT = Rule(name="extreme", score=85, premium=500_000, side="ASK")
"""What RadarPulse's sample bot posts; every matching print matches this one at least."""

TWENTY = (
    SAMPLE_BOT,
    Rule(name="golden-sweeps", score=80, premium=1_000_000, kinds=("SWEEP",), cooldown="5m"),
    Rule(name="whales", premium=8_000_000),
    Rule(name="zero-dte", score=85, premium=250_000, dte=0, side="ASK"),
    Rule(name="weeklies", score=88, premium=400_000, dte=7, kinds=("SWEEP", "BLOCK")),
    Rule(name="chips", score=80, premium=300_000, tickers=("NVDA", "AMD", "AVGO", "MU", "TSM"), side="ASK"),
    Rule(name="megacaps", score=82, premium=750_000, tickers=("AAPL", "MSFT", "AMZN", "META", "GOOGL"), side="ASK"),
    Rule(name="index-puts", score=80, premium=1_500_000, tickers=("SPY", "QQQ", "IWM"), type="PUT", side="ASK"),
    Rule(name="index-calls", score=80, premium=1_500_000, tickers=("SPY", "QQQ", "IWM"), type="CALL", side="ASK"),
    Rule(name="bank-blocks", score=75, premium=900_000, sector="Financials", kinds=("BLOCK",)),
    Rule(name="energy", score=80, premium=600_000, sector="Energy", side="ASK", cooldown="10m"),
    Rule(name="health", score=80, premium=600_000, sector="Health Care", side="ASK", cooldown="10m"),
    Rule(name="sold-puts", score=85, premium=1_000_000, type="PUT", side="BID"),
    Rule(name="sold-calls", score=88, premium=1_000_000, type="CALL", side="BID"),
    Rule(name="new-interest", score=85, premium=300_000, vol_oi=10, side="ASK"),
    Rule(name="near-money", score=90, premium=350_000, otm_pct=2, dte=30, side="ASK"),
    Rule(name="splits", score=90, premium=500_000, kinds=("SPLIT",), otm_pct=5),
    Rule(name="industrials", score=82, premium=700_000, sector="Industrials", kinds=("SWEEP",)),
    Rule(name="tesla", score=80, premium=500_000, tickers=("TSLA",), side="ASK", cooldown="1m"),
    Rule(name="ninety-five", score=95, premium=200_000),
)


def rules(count: int) -> tuple[Rule, ...]:
    """The first `count` rules: twenty of the usual sort, then watch lists' tight ones, which match next to nothing."""
    tight = (
        Rule(
            name=f"watch-{n}",
            score=86 + n % 12,
            premium=600_000 + 25_000 * (n % 80),
            side=("ASK", "BID")[n % 2],
            type=("CALL", "PUT")[n // 2 % 2],
            tickers=(f"W{n % 500:03d}", f"V{n % 333:03d}"),
            dte=7 * (1 + n % 12),
        )
        for n in range(count - len(TWENTY))
    )
    return TWENTY[:count] + tuple(tight)
