"""`RuleSet`: the part of a configuration that tests of rules are about, without its secrets."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.model.terms import Terms
from bot.providers.replay import Read
from bot.render.look import Look
from bot.rules.rule import Rule


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Rules, and what decides with them about alerts."""

    rules: Mapping[str, Rule]
    """By name, in the configuration's order; watchlists are resolved."""
    terms: Mapping[str, Terms]
    """How each destination is served: whether it can edit decides what becomes of repeats."""
    looks: Mapping[str, Look] = field(default_factory=dict)
    """How alerts look at each destination."""
    readers: Mapping[str, Read] = field(default_factory=dict)
    """The providers, the most trusted first, and how a tape's frames of each are read."""
