"""Which facts of the print vocabulary a map can fill, so that `check` can warn of rules that need others."""

from collections.abc import Set

from bot.flow.mapping.settings import MapSettings
from bot.model.prints import Print

_DERIVED: tuple[tuple[str, frozenset[str]], ...] = tuple(
    (fact, frozenset(needs.split()))
    for fact, needs in (
        ("ticker", "option_symbol"), ("type", "option_symbol"), ("strike", "option_symbol"),
        ("expiry", "option_symbol"), ("sector", "ticker"), ("dte", "expiry"), ("premium", "price size"),
        ("price", "premium size"), ("vol_oi", "volume open_interest"), ("vol_oi", "size open_interest"),
        ("otm_pct", "spot strike type"), ("side", "tags"), ("side", "price ask"), ("side", "bias type"),
        ("kind", "has_sweep"), ("bias", "tags"), ("bias", "side type"), ("score", "vol_oi premium dte otm_pct"),
        ("session", "time"), ("time_of_day", "time"), ("opening", "size volume open_interest"),
        ("multi_leg", "has_multileg"), ("multi_leg", "side size time type strike expiry"),
    )
)  # fmt: skip
"""What `complete`, and of legs `Legs`, makes of what: in an order in which one pass is enough."""

_VOCABULARY = frozenset(Print.__struct_fields__) - {
    "provider", "received_ns", "provider_id", "score_is_local", "score_parts", "notes", "is_recovered", "is_delayed",
}  # fmt: skip


def facts_filled(settings: MapSettings) -> frozenset[str]:
    """The names of the print vocabulary that prints of this map can have, those that we derive included."""
    found: Set[str] = frozenset(settings.fields)
    for fact, needs in _DERIVED:
        if needs <= found:
            found = found | {fact}
    return _VOCABULARY & found
