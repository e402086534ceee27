"""What RadarPulse's REST answers say, typed. Pure.

Source: RadarPulse's developer guide of 29 June 2026. It shows the answers of `/score-explain` and `POST /webhooks`; the
heat map, Congress and the list of webhooks are named and not shown: there every name is ours to guess, so each field
may be missing.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec

from bot.flow.numbers import number
from bot.flow.score import DTE_MAX, OTM_MAX, PREMIUM_MAX, VOL_OI_MAX
from bot.model.errors import FrameError, VendorError
from bot.model.secret import Secret
from bot.providers.answers import parse, read, read_all, split

_PARTS: Mapping[str, tuple[str, float]] = {
    "volOI": ("vol_oi", VOL_OI_MAX),
    "premium": ("premium", PREMIUM_MAX),
    "dte": ("dte", DTE_MAX),
    "otm": ("otm", OTM_MAX),
}


class ExplainedPart(msgspec.Struct, frozen=True):
    """One addend of a score, as `/score-explain` tells it."""

    name: str
    """Ours: vol_oi, premium, dte, otm; the vendor's where it is another."""
    points: float
    """Within 0 and `maximum`."""
    maximum: float | None
    """The guide's weights: 40, 30, 20, 10."""
    sent: float
    """As sent: the guide's own sample has 13 of 10."""


class ScoreExplanation(msgspec.Struct, frozen=True):
    """Why a print has its score (the guide, "Score Explanation Endpoint")."""

    score: float | None = None
    """0 to 100."""
    flag: str | None = None
    """EXTREME, ELEVATED, …"""
    parts: tuple[ExplainedPart, ...] = ()


class HeatCell(msgspec.Struct, frozen=True):
    """One sector's or ticker's flow in this session. The guide shows no cell."""

    name: str | None = None
    premium: float | None = None
    """US dollars, and so below."""
    call_premium: float | None = None
    put_premium: float | None = None
    prints: int | None = None


class Heatmap(msgspec.Struct, frozen=True):
    """`sector and ticker flow aggregates` (the guide, "RadarPulse Developer API"), in the vendor's order."""

    sectors: tuple[HeatCell, ...] = ()
    tickers: tuple[HeatCell, ...] = ()
    skipped: int = 0
    """Cells that could not be read."""


class Disclosure(msgspec.Struct, frozen=True):
    """One trade of a member of Congress under the STOCK Act. The guide shows none."""

    member: str | None = None
    chamber: str | None = None
    party: str | None = None
    ticker: str | None = None
    asset: str | None = None
    transaction: str | None = None
    """Purchase, sale, exchange; as sent."""
    amount: str | None = None
    """As sent: filings name a range, `$1,001 - $15,000`."""
    traded: date | None = None
    disclosed: date | None = None


class Disclosures(msgspec.Struct, frozen=True):
    """What Congress disclosed, in the vendor's order."""

    rows: tuple[Disclosure, ...]
    skipped: int = 0


class Webhook(msgspec.Struct, frozen=True):
    """A webhook that is registered with the vendor. Its list is not documented; registration names these fields."""

    id: str | None = None
    url: str | None = None
    min_score: float | None = None
    events: tuple[str, ...] = ()


class RegisteredWebhook(msgspec.Struct, frozen=True):
    """The answer to a registration (the guide, "Outbound Webhooks"); the secret is told this once."""

    id: str
    secret: Secret


_HEAT_ALIASES = {
    "name": ("sector", "ticker", "symbol"),
    "premium": ("totalPremium", "total_premium", "value"),
    "prints": ("count", "trades"),
}
_DISCLOSURE_ALIASES = {
    "member": ("representative", "senator", "politician", "name"),
    "ticker": ("symbol",),
    "asset": ("assetDescription", "asset_description"),
    "transaction": ("transactionType", "transaction_type", "type"),
    "amount": ("amountRange", "amount_range", "range"),
    "traded": ("transactionDate", "transaction_date", "tradeDate", "traded_at", "date"),
    "disclosed": ("disclosureDate", "disclosure_date", "filingDate", "filedDate", "reportedDate"),
}


def explanation_of(found: Mapping[str, object]) -> ScoreExplanation:
    """Raises VendorError: bad_answer."""
    parts = []
    sent = found.get("scoreParts")
    try:
        told = read(found, ScoreExplanation)
        for name, value in sent.items() if isinstance(sent, dict) else ():
            points = number(value, f"scoreParts.{name}")
            ours, maximum = _PARTS.get(name, (name[:40], None))
            within = max(0.0, points if maximum is None else min(points, maximum))
            parts.append(ExplainedPart(ours, within, maximum, points))
    except FrameError as error:
        raise VendorError("bad_answer", f"the score's explanation cannot be read: {error.detail}") from None
    return msgspec.structs.replace(told, parts=tuple(parts))


def heatmap_of(found: Any) -> Heatmap:
    """Cells in `sectors` and `tickers`, or in one list where each cell names its own sort; under `data` or bare."""
    data = found.get("data", found) if isinstance(found, dict) else found
    if isinstance(data, dict):
        given = [data.get(name) for name in ("sectors", "tickers")]
    elif isinstance(data, list):
        is_ticker = [isinstance(row, dict) and ("ticker" in row or "symbol" in row) for row in data]
        given = [[row for row, is_so in zip(data, is_ticker, strict=True) if is_so is sort] for sort in (False, True)]
    else:
        given = []
    if not any(isinstance(cells, list) for cells in given):
        raise VendorError("bad_answer", "the heat map has neither 'sectors' nor 'tickers'")
    (sectors, skipped), (tickers, more) = (_cells(cells) for cells in given)
    return Heatmap(sectors, tickers, skipped + more)


def _cells(rows: object) -> tuple[tuple[HeatCell, ...], int]:
    found, skipped = read_all(rows if isinstance(rows, list) else (), HeatCell, _HEAT_ALIASES)
    named = tuple(cell for cell in found if cell.name)
    return named, skipped + len(found) - len(named)


def disclosures_of(body: bytes) -> Disclosures:
    """A row that names nobody and nothing is skipped. Raises VendorError: bad_answer."""
    rows, _ = split(body, "data", "disclosures", "trades")
    found, skipped = read_all(rows, Disclosure, _DISCLOSURE_ALIASES)
    told = tuple(row for row in found if row.member or row.ticker or row.asset)
    return Disclosures(told, skipped + len(found) - len(told))


def registered_of(found: Mapping[str, object]) -> RegisteredWebhook:
    """Raises VendorError: bad_answer."""
    id_, secret = found.get("id"), found.get("secret")
    if not isinstance(id_, str) or not isinstance(secret, str) or not id_ or not secret:
        raise VendorError("bad_answer", "the registration was answered without an id and a secret")
    return RegisteredWebhook(id_, Secret(secret))


def webhooks_of(body: bytes) -> tuple[Webhook, ...]:
    """Raises VendorError: bad_answer."""
    rows, _ = split(body, "data", "webhooks")
    return tuple(_webhook(parse(row)) for row in rows)


def _webhook(row: object) -> Webhook:
    """A row that cannot be read is shown empty: it is there, and may be deleted."""
    try:
        told = read(row, Webhook)
    except FrameError:
        return Webhook()
    events = row.get("events") if isinstance(row, dict) else None
    named = tuple(event[:40] for event in events if isinstance(event, str)) if isinstance(events, list) else ()
    return msgspec.structs.replace(told, events=named)
