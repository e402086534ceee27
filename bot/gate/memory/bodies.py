"""What is kept of one key over a restart, as bytes: msgpack, with a version. An unknown format is no error."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import msgspec

from bot.gate.memory.trade import Contract, Trade, cents
from bot.gate.memory.window import Lump, Window

VERSION: Final = 1
"""Of the format: bodies of another version are passed over."""


class LumpRow(NamedTuple):
    """Dollars and not cents, because a float may be as large as a broken feed likes."""

    first_ns: int
    at_ns: int
    prints: int
    premium_usd: float
    of: int


class WindowBody(msgspec.Struct, frozen=True, array_like=True, tag="window"):
    lumps: list[LumpRow]


class FirstBody(msgspec.Struct, frozen=True, array_like=True, tag="first"):
    last_ns: int | None


class SpikeBody(msgspec.Struct, frozen=True, array_like=True, tag="spike"):
    edge_ns: int
    is_armed: bool
    near: list[LumpRow]
    far: list[LumpRow]


class RunRow(NamedTuple):
    first_ns: int
    last_ns: int
    prints: int
    premium_usd: float


class SteadyBody(msgspec.Struct, frozen=True, array_like=True, tag="steady"):
    run: RunRow | None
    earlier: RunRow | None
    barrier_ns: int | None


TallyBody = WindowBody | FirstBody | SpikeBody | SteadyBody


class TradeRow(NamedTuple):
    """A trade; words and contracts by their number."""

    at_ns: int
    mark: bytes
    provider: int
    contract: int
    size: int | None
    premium: float | None
    side: int | None
    flags: int
    twins: list[tuple[int, bytes]]


class KeyBody(msgspec.Struct, frozen=True, array_like=True):
    """One key: its trades in the order of their coming, and what they come to."""

    version: int
    since_ns: int
    touched_ns: int
    newest_ns: int | None
    words: list[str]
    contracts: list[Contract]
    trades: list[TradeRow]
    tally: TallyBody


class CoverageBody(msgspec.Struct, frozen=True, array_like=True):
    version: int
    since_ns: int
    heard_ns: int
    lost_ns: int


_TIMED, _OF, _COUNTED = 1, 2, 4
_encode = msgspec.msgpack.Encoder().encode
_decode_key = msgspec.msgpack.Decoder(KeyBody).decode
_decode_coverage = msgspec.msgpack.Decoder(CoverageBody).decode


def encode_key(
    *, since_ns: int, touched_ns: int, newest_ns: int | None, trades: Iterable[Trade], tally: TallyBody
) -> bytes:
    words: dict[str, int] = {}
    contracts: dict[Contract, int] = {}

    def word(text: str) -> int:
        return words.setdefault(text, len(words))

    rows = [
        TradeRow(
            trade.at_ns,
            trade.mark,
            word(trade.provider),
            contracts.setdefault(trade.contract, len(contracts)),
            trade.size,
            trade.premium,
            None if trade.side is None else word(trade.side),
            _TIMED * trade.is_timed | _OF * trade.is_of | _COUNTED * trade.is_counted,
            [(word(provider), mark) for provider, mark in trade.twins],
        )
        for trade in trades
    ]
    return _encode(KeyBody(VERSION, since_ns, touched_ns, newest_ns, list(words), list(contracts), rows, tally))


def decode_key(body: bytes) -> KeyBody | None:
    """None for what this version cannot read."""
    try:
        read = _decode_key(body)
    except msgspec.MsgspecError:
        return None
    return read if read.version == VERSION else None


def trades_of(body: KeyBody) -> list[Trade]:
    """Raises IndexError for a body that is not whole."""
    return [
        Trade(
            row.at_ns,
            row.mark,
            body.words[row.provider],
            body.contracts[row.contract],
            row.size,
            row.premium,
            None if row.side is None else body.words[row.side],
            bool(row.flags & _TIMED),
            bool(row.flags & _OF),
            cents(row.premium),
            bool(row.flags & _COUNTED),
            tuple((body.words[provider], mark) for provider, mark in row.twins),
        )
        for row in body.trades
    ]


def encode_coverage(*, since_ns: int, heard_ns: int, lost_ns: int) -> bytes:
    return _encode(CoverageBody(VERSION, since_ns, heard_ns, lost_ns))


def decode_coverage(body: bytes) -> CoverageBody | None:
    """None for what this version cannot read."""
    try:
        read = _decode_coverage(body)
    except msgspec.MsgspecError:
        return None
    return read if read.version == VERSION else None


def lump_rows(window: Window) -> list[LumpRow]:
    return [LumpRow(lump.first_ns, lump.at_ns, lump.count, lump.cents / 100, lump.of) for lump in window.lumps]


def fill_window(window: Window, lumps: Sequence[LumpRow], counted: Iterable[Trade]) -> None:
    """Put into an empty window what was in it."""
    for row in lumps:
        window.add_lump(Lump(row.first_ns, row.at_ns, row.prints, cents(row.premium_usd), row.of), 1)
    for trade in counted:
        window.add(trade)
