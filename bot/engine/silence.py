"""`silence`: a rule that fires when a feed says nothing while the market is open, on the market's clock.

It knows when each feed's last print came, and no print.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import msgspec
import structlog

from bot.engine.metrics import rule_label
from bot.engine.shared import Shared
from bot.flow.trading_time import open_s, opened_ns
from bot.model.alerts import Notice
from bot.model.errors import StoreError
from bot.model.matches import Route
from bot.model.memory import MemoryStore
from bot.model.ports import ProviderStatus
from bot.render.spans import lateness, span

log = structlog.get_logger()

LOOK_S: Final = 1.0
MEMORY: Final = "silence"
"""Under which the store keeps what was told; no rule's memory is called so, for those have a digest in their name."""
DELAYED_NS: Final = 15 * 60 * 10**9
"""By so much a delayed feed runs behind the exchanges, and begins after the opening: the usual 15 minutes."""

_encode = msgspec.msgpack.Encoder().encode


class SilenceRule(msgspec.Struct, frozen=True):
    """One rule, as far as it is needed here."""

    route: Route
    for_s: float
    """Without a print for so long, in regular trading hours, a feed is silent."""


class Told(msgspec.Struct, frozen=True, array_like=True):
    """The last silence of one feed that one rule told of."""

    since_ns: int
    """From when no print came, unix nanoseconds."""
    told_ns: int
    is_over: bool = False
    """Prints came again."""


_decode = msgspec.msgpack.Decoder(Told).decode


class Silence:
    """Call `use`, then `restore`, then `run`; and `use` again whenever the rules are others.

    A silence is told once, to the rule's destinations, and once more when prints come again. One that lasts into the
    next session is told there anew. What was told is in the store before it goes out, so that a restart within a
    silence does not tell it twice; a crash in between loses it.
    """

    def __init__(
        self,
        shared: Shared,
        store: MemoryStore,
        feeds: Callable[[], Mapping[str, ProviderStatus]],
        last_print_ns: Mapping[str, int],
    ) -> None:
        """`feeds`: those at work now, by name. `last_print_ns`: when each one's newest print was received; it grows."""
        self._shared = shared
        self._store = store
        self._feeds = feeds
        self._last_print_ns = last_print_ns
        self._started_ns = shared.now_ns()
        self._rules: tuple[SilenceRule, ...] = ()
        self._told: dict[str, Told] = {}
        """By rule and feed."""
        self._held: dict[str, int] = {}
        """By rule and feed: since when the silence lasts that a cooldown keeps quiet, so that it is counted once."""

    def use(self, rules: Iterable[SilenceRule]) -> None:
        """Obey these rules from now on."""
        self._rules = tuple(rules)

    def restore(self, bodies: Mapping[str, bytes]) -> None:
        """What an earlier run told, as the store has it under `MEMORY`."""
        self._told = {key: _decode(body) for key, body in bodies.items()}

    async def run(self) -> None:
        """Watch for ever."""
        while True:
            await asyncio.sleep(LOOK_S)
            if self._rules:
                await self.look()

    async def look(self) -> None:
        """Tell what is to be told now."""
        now_ns = self._shared.now_ns()
        live = {name: status for name, status in self._feeds().items() if status.mode != "replay"}
        for rule in self._rules:
            for name, status in live.items():
                key = f"{rule.route.rule} {name}"
                told = self._told.get(key)
                last_ns = self._last_print_ns.get(name, 0)
                if told is not None and not told.is_over and last_ns > told.told_ns:
                    await self._tell_over(rule, name, told, last_ns)
                elif (since_ns := self._silent_since(rule, status, last_ns, now_ns)) is not None:
                    await self._fire(rule, name, status, since_ns, now_ns)

    def _silent_since(self, rule: SilenceRule, status: ProviderStatus, last_ns: int, now_ns: int) -> int | None:
        """From when on this feed has said nothing, if that is too long; None: all is well, or the market is closed."""
        opening_ns = opened_ns(now_ns)
        if opening_ns is None:
            return None
        if status.is_delayed:
            opening_ns += DELAYED_NS
        since_ns = max(opening_ns, self._started_ns, last_ns)
        return since_ns if now_ns - since_ns >= rule.for_s * 1e9 else None

    async def _fire(self, rule: SilenceRule, name: str, status: ProviderStatus, since_ns: int, now_ns: int) -> None:
        key, route = f"{rule.route.rule} {name}", rule.route
        told = self._told.get(key)
        opening_ns = opened_ns(now_ns) or 0
        if told is not None and not told.is_over and told.told_ns >= opening_ns:
            return
        if told is not None and now_ns - told.told_ns < route.cooldown_s * 1e9:
            if self._held.get(key) != since_ns:
                self._held[key] = since_ns
                self._shared.metrics.suppressed.labels(rule_label(route.rule), "cooldown").inc()
            return
        await self._note(key, Told(since_ns, now_ns))
        self._shared.metrics.matches.labels(rule_label(route.rule)).inc()
        self._shared.metrics.today.matched(route.rule)
        silent_s = (now_ns - since_ns) / 1e9
        log.warning("silence.began", rule=route.rule, provider=name, silent_s=round(silent_s))
        title = f"{name}: no print for {span(silent_s)}"
        self._post(key, route, Notice(title, (_connection(status, now_ns), f"Rule: {route.rule}")))

    async def _tell_over(self, rule: SilenceRule, name: str, told: Told, last_ns: int) -> None:
        key, route = f"{rule.route.rule} {name}", rule.route
        await self._note(key, msgspec.structs.replace(told, is_over=True))
        silent_s = open_s(told.since_ns, last_ns)
        log.info("silence.over", rule=route.rule, provider=name, silent_s=round(silent_s))
        notice = Notice(f"{name}: prints again after {span(silent_s)}", (f"Rule: {route.rule}",))
        self._post(key, route, notice)

    def _post(self, key: str, route: Route, notice: Notice) -> None:
        if self._shared.steering.is_muted(route.rule):
            self._shared.metrics.suppressed.labels(rule_label(route.rule), "mute").inc()
        else:
            self._shared.post(f"silence:{key}", notice, route.send_to)

    async def _note(self, key: str, told: Told) -> None:
        """A store that is out of order keeps nobody from being told; a restart may then tell it twice."""
        self._told[key] = told
        try:
            await self._store.note_memories([(MEMORY, key, _encode(told))])
        except StoreError as error:
            log.error("silence.not_noted", reason=str(error))  # noqa: TRY400 - no bug


def _connection(status: ProviderStatus, now_ns: int) -> str:
    """What the connection says of itself."""
    if not status.is_connected:
        return f"It is not connected: {status.last_error or 'no reason is known'}"
    if not status.last_frame_ns:
        return "It is connected, and has sent nothing at all."
    return f"It is connected; the last frame of any sort came {lateness((now_ns - status.last_frame_ns) / 1e9)} ago."
