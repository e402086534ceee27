"""What is other in a configuration that was read anew, and what of that a running service can take over."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from bot.rules.rule import Rule
from bot.settings import Settings

NEEDS_RESTART = ("discord", "slack", "store", "http", "log")
"""Sections whose news a running service leaves alone: clients that are logged in, the store's lock, the port."""


@dataclass(frozen=True, slots=True)
class Named:
    """Of things with names: which are new, gone, and other than before."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)

    def text(self, noun: str) -> str:
        """`rules +2 −1 ~3`, with the names of a few."""
        marks = (("+", self.added), ("−", self.removed), ("~", self.changed))
        return f"{noun} " + " ".join(f"{mark}{len(names)} ({_few(names)})" for mark, names in marks if names)


@dataclass(frozen=True, slots=True)
class Changes:
    """From one configuration to the next."""

    rules: Named
    destinations: Named
    providers: Named
    sections: tuple[str, ...]
    """Other sections that are obeyed from now on."""
    restart: tuple[str, ...]
    """What is obeyed after a restart only."""

    def text(self) -> str:
        """For the log and for whoever asked."""
        named = (("rules", self.rules), ("destinations", self.destinations), ("providers", self.providers))
        parts = [things.text(noun) for noun, things in named if things]
        parts += [", ".join(self.sections)] if self.sections else []
        applied = "; ".join(parts) or ("nothing that can change now" if self.restart else "nothing has changed")
        return applied + (f"; restart flowbot for the rest: {', '.join(self.restart)}" if self.restart else "")


def changes(old: Settings, new: Settings) -> Changes:
    """What is other in `new`."""
    providers = _named(old.providers, new.providers)
    hooks = tuple(
        f"provider {name}"
        for name in (*providers.added, *providers.removed, *providers.changed)
        if _is_hook(old, name) or _is_hook(new, name)
    )  # the listener's paths are made when it starts
    kept = {name.removeprefix("provider ") for name in hooks}
    sections = ("delivery", "admin", "watches", "reports", "look", "dedup", "watchlists")
    return Changes(
        rules=_named(_by_name(old), _by_name(new)),
        destinations=_named(_destinations(old), _destinations(new)),
        providers=Named(*(tuple(n for n in names if n not in kept) for names in _three(providers))),
        sections=tuple(name for name in sections if getattr(old, name) != getattr(new, name)),
        restart=(*(name for name in NEEDS_RESTART if getattr(old, name) != getattr(new, name)), *hooks),
    )


def obeyed(old: Settings, new: Settings, found: Changes) -> Settings:
    """`new` as a running service obeys it: what needs a restart is as it was, so that it is told again next time."""
    waits = {name.removeprefix("provider ") for name in found.restart if name.startswith("provider ")}
    providers = {name: own for name, own in new.providers.items() if name not in waits}
    providers |= {name: own for name, own in old.providers.items() if name in waits}
    return replace(new, providers=providers, **{name: getattr(old, name) for name in NEEDS_RESTART})


def _named(old: Mapping[str, Any], new: Mapping[str, Any]) -> Named:
    return Named(
        added=tuple(name for name in new if name not in old),
        removed=tuple(name for name in old if name not in new),
        changed=tuple(name for name in new if name in old and old[name] != new[name]),
    )


def _by_name(settings: Settings) -> dict[str, tuple[object, ...]]:
    return {rule.name: _asks(rule) for rule in settings.rules}


def _asks(rule: Rule) -> tuple[object, ...]:
    """All that a rule is; its functions are equal only to themselves."""
    remembering = rule.route.remembering
    return rule.settings, rule.when, remembering and remembering.id


def _destinations(settings: Settings) -> dict[str, tuple[object, ...]]:
    return {
        name: (own, settings.lane_options(name), settings.look_at(name)) for name, own in settings.destinations.items()
    }


def _is_hook(settings: Settings, name: str) -> bool:
    return name in settings.providers and settings.providers[name].type == "webhook"


def _three(named: Named) -> tuple[tuple[str, ...], ...]:
    return named.added, named.removed, named.changed


def _few(names: tuple[str, ...], most: int = 5) -> str:
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")
