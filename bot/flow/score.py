"""Our own score of a print whose provider sends none: 0 to 100, the sum of four parts with RadarPulse's weights.

| part    | of | curve                                                                                                |
|---------|----|------------------------------------------------------------------------------------------------------|
| vol_oi  | 40 | logarithmic: 0 at no volume, full from 10 times the open interest: 40 × ln(1 + x) / ln(11)            |
| premium | 30 | logarithmic: 0 up to $25K, full from $5M: 30 × ln(x / 25,000) / ln(200)                               |
| dte     | 20 | linear: full at 0DTE, 16 at 14 days, 0 from 70 days: 20 × (1 − x / 70)                                |
| otm     | 10 | full from the strike at the money to 5 % out; linear to 0 at 30 % out, and to 0 at 20 % in the money  |

Only the weights (40/30/20/10) and "14 days = 16 points" are the provider's (developer guide, 29 June 2026); its
curves are not published, so these are ours. Each part stays within 0 and its maximum and is rounded to one decimal.
"""

from math import log, log1p

from bot.model.prints import ScorePart

VOL_OI_MAX, PREMIUM_MAX, DTE_MAX, OTM_MAX = 40.0, 30.0, 20.0, 10.0

_FULL_VOL_OI = 10.0
_FIRST_PREMIUM, _FULL_PREMIUM = 25_000.0, 5_000_000.0
_LAST_DTE = 70
_FULL_OTM, _LAST_OTM, _LAST_ITM = 5.0, 30.0, 20.0


def score_parts(*, vol_oi: float, premium: float, dte: int, otm_pct: float) -> tuple[ScorePart, ...]:
    """The four parts, in the order of their weight. `premium` in US dollars, `dte` in days, `otm_pct` in percent."""
    return (
        _part("vol_oi", VOL_OI_MAX, log1p(vol_oi) / log1p(_FULL_VOL_OI), vol_oi),
        _part("premium", PREMIUM_MAX, _premium_share(premium), premium),
        _part("dte", DTE_MAX, 1 - dte / _LAST_DTE, dte),
        _part("otm", OTM_MAX, _otm_share(otm_pct), otm_pct),
    )


def total(parts: tuple[ScorePart, ...]) -> float:
    """The score that the parts add up to, to one decimal."""
    return round(sum(part.points for part in parts), 1)


def _premium_share(premium: float) -> float:
    return log(premium / _FIRST_PREMIUM) / log(_FULL_PREMIUM / _FIRST_PREMIUM) if premium > _FIRST_PREMIUM else 0.0


def _otm_share(otm_pct: float) -> float:
    if otm_pct < 0:
        return 1 + otm_pct / _LAST_ITM
    return 1 - (otm_pct - _FULL_OTM) / (_LAST_OTM - _FULL_OTM)


def _part(name: str, maximum: float, share: float, value: float) -> ScorePart:
    return ScorePart(name, round(maximum * min(1.0, max(0.0, share)), 1), maximum, value)
