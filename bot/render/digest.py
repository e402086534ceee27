"""A digest as one card: how much, of what, the best few, and why they were not posted one by one."""

from collections.abc import Iterator, Mapping

from bot.model.alerts import Delivery, Digest, Flow, TickerFlow
from bot.model.prints import Bias
from bot.render import words
from bot.render.card import GREY, Card, title_of
from bot.render.look import Look
from bot.render.spans import clock_span
from bot.render.tags import tags_of

MAX_TICKERS = 10
MAX_TOP = 5
"""Our own bounds: more than this is no summary, and need not fit a message."""
_MAX_TICKER_CHARS = 16


def digest_card(digest: Digest, mark: str, look: Look, now_ns: int) -> Card:
    """Most important first, so that a platform that has to cut it cuts the least."""
    return Card(
        title=words.dotted("📋 Digest", words.counted(digest.total.count, "alert"), _money(digest.total)),
        tags=tuple(_bias_tags(digest)),
        lines=tuple(_lines(digest, look, now_ns)),
        footer=words.dotted(mark, words.one_line(look.footer_note, 200)),
        colour=GREY,
    )


def _bias_tags(digest: Digest) -> Iterator[str]:
    unbiased = digest.total.count - sum(flow.count for flow in digest.by_bias.values())
    for sign, flow in _by_sign(digest.by_bias):
        yield f"{sign} {_flow(flow)}"
    if unbiased > 0:
        yield f"no bias ({unbiased:,})"


def _lines(digest: Digest, look: Look, now_ns: int) -> Iterator[str]:
    tickers = digest.tickers[:MAX_TICKERS]
    top = digest.top[:MAX_TOP]
    if tickers:
        yield "Top tickers:"
        yield from map(_ticker_line, tickers)
        if (more := digest.ticker_count - len(tickers)) > 0:
            yield f"and {words.counted(more, 'more ticker')}"
    if top:
        yield "Best alerts:"
        yield from (_alert_line(delivery, look, now_ns) for delivery in top)
        if (more := digest.total.count - len(top)) > 0:
            yield f"and {more:,} more"
    if why := [f"{count:,} {text}" for reason, text in words.OVERFLOWS.items() if (count := digest.why.get(reason, 0))]:
        yield f"Why: {' · '.join(why)}"
    yield f"received {clock_span(digest.first_ns, digest.last_ns, now_ns)}"


def _ticker_line(found: TickerFlow) -> str:
    """`NVDA $50M (120) 🐂 $40M 🐻 $10M`"""
    ticker = words.one_line(found.ticker, _MAX_TICKER_CHARS) or "?"
    parts = (f"{sign} {_money(flow) or f'({flow.count:,})'}" for sign, flow in _by_sign(found.by_bias))
    return " ".join((ticker, _flow(found.total), *parts))


def _alert_line(delivery: Delivery, look: Look, now_ns: int) -> str:
    """`NVDA 145C 7/17 (21d) · $2.4M · ⚡ SWEEP @ASK · 🐂 · 94 EXTREME · a1b2c3d4`"""
    alert = delivery.alert
    tags = tags_of(alert, look, now_ns, delivery.repeats, is_cancelled=delivery.is_cancelled, is_brief=True)
    return words.dotted(title_of(alert, now_ns), *tags, alert.id)


def _by_sign(flows: Mapping[Bias, Flow]) -> list[tuple[str, Flow]]:
    return [(sign, flows[bias]) for bias, sign in words.BIAS_SIGNS.items() if bias in flows]


def _flow(flow: Flow) -> str:
    return f"{_money(flow) or ''} ({flow.count:,})".strip()


def _money(flow: Flow) -> str | None:
    """None where no alert had a premium."""
    return words.money(flow.premium_usd) if flow.premium_usd else None
