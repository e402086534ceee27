"""Prices and strikes for simulated contracts: Black and Scholes without interest, close enough to look right."""

from math import erf, exp, log, sqrt

from bot.model.prints import OptionType

_NICKEL_FROM_CENTS = 300


def strike_near(spot: float, step: float, deviations: float) -> float:
    """The listed strike nearest to `deviations` (of the log price, to expiry) away from `spot`; at least one step."""
    return max(1, round(spot * exp(deviations) / step)) * step


def fair_price(kind: OptionType, *, spot: float, strike: float, years: float, iv: float) -> float:
    """US dollars a share. `years` to expiry is above zero, `iv` a fraction."""
    spread = iv * sqrt(years)
    d1 = log(spot / strike) / spread + spread / 2
    call = spot * _normal(d1) - strike * _normal(d1 - spread)
    return call if kind == "call" else call - spot + strike


def to_cents(price: float, *, has_pennies: bool) -> int:
    """The nearest price that may be quoted: whole cents, at least one; nickels from $3 unless the class has pennies."""
    cents = max(1, round(price * 100))
    return cents if has_pennies or cents < _NICKEL_FROM_CENTS else round(cents / 5) * 5


def _normal(x: float) -> float:
    return 0.5 + erf(x / sqrt(2)) / 2
