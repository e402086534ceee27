"""What mutes make of a verdict: which routes keep quiet, and at which destinations. Told the time."""

from collections.abc import Iterable, Mapping

import msgspec

from bot.model.matches import Held, Match, Route, Verdict
from bot.model.people import person_at
from bot.model.steering import Mute, MuteKind

Key = tuple[MuteKind, str]


class Mutes(msgspec.Struct, frozen=True):
    """All mutes at one moment. It never changes, so another thread may judge by it."""

    by_key: Mapping[Key, Mute] = {}

    @classmethod
    def of(cls, mutes: Iterable[Mute]) -> "Mutes":
        return cls({(mute.kind, mute.name): mute for mute in mutes})

    def with_one(self, mute: Mute) -> "Mutes":
        """In place of what was said of it before."""
        return self.of([*self.without((mute.kind, mute.name)).by_key.values(), mute])

    def without(self, *keys: Key) -> "Mutes":
        return Mutes({key: mute for key, mute in self.by_key.items() if key not in keys})

    def is_on(self, kind: MuteKind, name: str, now_ns: int) -> bool:
        mute = self.by_key.get((kind, name))
        return mute is not None and mute.is_on(now_ns)

    def is_quiet_at(self, destination: str, now_ns: int) -> bool:
        """Whether nobody is to hear anything there: it is muted, or the one whom it reaches wants no word."""
        person = person_at(destination)
        if person is None:
            return self.is_on("destination", destination, now_ns)
        return self.is_on("person", person, now_ns) or self.is_on("closed", person, now_ns)


def hold(verdict: Verdict, match: Match, mutes: Mutes, now_ns: int) -> Verdict:
    """The verdict without what mutes keep quiet at `now_ns`.

    A muted rule or ticker is quiet wherever all can read, a muted destination is taken out of every route. Somebody's
    own watches know their own snooze only. Whatever a mute took from a route is counted, though it fire elsewhere. A
    rule in cooldown stays so; `quiet` tells where a repeat of it is not posted anew.
    """
    if not mutes.by_key:
        return verdict
    is_muted = mutes.is_on("ticker", match.print.ticker, now_ns)
    fires = []
    held = list(verdict.held)
    for route in verdict.fires:
        gone = _quiet(route, mutes, now_ns, is_muted=is_muted)
        if not gone:
            fires.append(route)
            continue
        held.append(Held(route.rule, "snooze" if all(map(person_at, gone)) else "mute", ""))
        if kept := tuple(name for name in route.send_to if name not in gone):
            fires.append(msgspec.structs.replace(route, send_to=kept))
    cooling = {one.rule for one in verdict.held if one.reason == "cooldown"}
    quiet = {r.rule: _quiet(r, mutes, now_ns, is_muted=is_muted) for r in match.routes if r.rule in cooling}
    return Verdict(tuple(fires), tuple(held), quiet)


def _quiet(route: Route, mutes: Mutes, now_ns: int, *, is_muted: bool) -> frozenset[str]:
    """The route's destinations that do not hear of this print; `is_muted`: its ticker is."""
    is_muted = is_muted or mutes.is_on("rule", route.rule, now_ns)
    return frozenset(
        name for name in route.send_to if mutes.is_quiet_at(name, now_ns) or (is_muted and person_at(name) is None)
    )
