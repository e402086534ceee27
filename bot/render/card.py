"""`Card`: what is said in words, the same for every platform, and that of an alert. Its text is raw: each platform
escapes it for itself."""

from dataclasses import dataclass
from urllib.parse import quote

from bot.model.alerts import Alert, Delivery, Repeats
from bot.model.prints import Bias, Print
from bot.render import words
from bot.render.evidence import evidence_line
from bot.render.look import Look
from bot.render.tags import tags_of

GREEN, RED, GREY = 0x2ECC71, 0xE74C3C, 0x95A5A6
_COLOURS: dict[Bias, int] = {"bull": GREEN, "bear": RED, "neutral": GREY}

MAX_RULES_CHARS = 400
MAX_NOTES = 5
MAX_EVIDENCE = 5


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Card:
    """What a reader sees, top to bottom. A fact that the print lacks is not there at all."""

    title: str
    """`NVDA 145C 7/17 (21d) · $2.4M`"""
    tags: tuple[str, ...]
    """`❌ CANCELLED`, `🔁 ×7 · $3.1M in 2m`, `🐂 BULL`; our own words and numbers, never upstream text."""
    lines: tuple[str, ...]
    footer: str
    colour: int
    """0xRRGGBB. It repeats the bias tag and is never the only sign of it."""
    links: tuple[Link, ...] = ()
    struck: int = 0
    """So many of `lines`, the last ones, hold no more: struck through where the platform can."""

    @property
    def tag_line(self) -> str:
        return " · ".join(self.tags)

    @property
    def headline(self) -> str:
        """The whole in one line, for notifications."""
        return " · ".join((self.title, *self.tags))


def card(delivery: Delivery, look: Look, now_ns: int) -> Card:
    """The alert as one destination shows it at `now_ns`, which gives the year and the latency."""
    alert = delivery.alert
    found = alert.print
    is_cancelled = delivery.is_cancelled
    lines = tuple(line for line in _lines(alert, delivery.rules, now_ns) if line)
    return Card(
        title=title_of(alert, now_ns),
        tags=tags_of(alert, look, now_ns, delivery.repeats, is_cancelled=is_cancelled),
        lines=(_retraction(delivery.repeats), *lines) if is_cancelled else lines,
        footer=_footer(alert, look, now_ns),
        colour=GREY if found.bias is None or is_cancelled else _COLOURS[found.bias],
        links=_links(found, look),
        struck=len(lines) if is_cancelled else 0,
    )


def title_of(alert: Alert, now_ns: int) -> str:
    """Contract and premium of the alert's own print: `NVDA 145C 7/17 (21d) · $2.4M`; a test says so first."""
    found = alert.print
    premium = None if found.premium is None else words.money(found.premium)
    return words.dotted("🧪 TEST" if alert.is_test else None, words.contract_line(found, now_ns), premium)


def _retraction(repeats: Repeats | None) -> str:
    """The alert's own print was cancelled; those that repeated it were not."""
    if repeats is None:
        return "The exchange cancelled this trade."
    return f"The exchange cancelled the first of these trades, not its {words.counted(repeats.count, 'repeat')}."


def _lines(alert: Alert, rules: tuple[str, ...], now_ns: int) -> list[str]:
    found = alert.print
    moment = found.time
    return [
        "This is a test: nobody traded this." if alert.is_test else "",
        words.dotted(_size_at_price(found), _count("vol", found.volume), _count("OI", found.open_interest)),
        words.dotted(
            words.ratio(found.vol_oi, found.open_interest),
            None if found.spot is None else f"spot {words.price(found.spot)}",
            None if found.otm_pct is None else words.moneyness(found.otm_pct),
            None if found.iv is None else f"IV {words.percent(found.iv * 100)}",
        ),
        words.dotted(
            None if found.sector is None else words.one_line(found.sector, 60),
            f"received {words.clock(words.new_york(found.received_ns), now_ns)}"
            if moment is None
            else words.clock(moment, now_ns),
        ),
        _rules(rules),
        *_evidence(alert, rules),
        *(f"⚠ {note}" for note in _notes(found)),
    ]


def _size_at_price(found: Print) -> str | None:
    if found.size is None:
        return None if found.price is None else f"at {words.price(found.price)}"
    if found.price is None:
        return words.counted(found.size, "contract")
    return f"{found.size:,} @ {words.price(found.price)}"


def _count(name: str, contracts: int | None) -> str | None:
    return None if contracts is None else f"{name} {contracts:,}"


def _rules(names: tuple[str, ...]) -> str:
    """All the names while they fit; then how many more there are. Of somebody's own watches their numbers."""
    shown: list[str] = []
    room = MAX_RULES_CHARS
    are_watches = all(map(_watch_number, names))
    for name in names:
        line = _watch_number(name) if are_watches else _shown(name)
        room -= len(line) + 2
        if room < 0:
            break
        shown.append(line)
    if not names:
        return ""
    more = len(names) - len(shown)
    noun = ("Watch", "Watches") if are_watches else ("Rule", "Rules")
    return f"{noun[len(names) > 1]}: {', '.join(shown)}" + (f" and {more} more" if more else "")


def _watch_number(rule: str) -> str:
    """`17`, of `watch:17`, a rule that a command made; empty of one that YAML names."""
    return rule.removeprefix("watch:") if rule.startswith("watch:") else ""


def _shown(rule: str) -> str:
    number = _watch_number(rule)
    return f"watch {number}" if number else words.one_line(rule)


def _evidence(alert: Alert, rules: tuple[str, ...]) -> list[str]:
    """What had accumulated for those of the rules that remember; by name where the alert has more rules than one."""
    seen = [(hit.rule, hit.evidence) for hit in alert.hits if hit.evidence is not None and hit.rule in rules]
    shown = [
        evidence_line(evidence) if len(rules) == 1 else f"{_shown(rule)}: {evidence_line(evidence)}"
        for rule, evidence in seen[:MAX_EVIDENCE]
    ]
    more = len(seen) - MAX_EVIDENCE
    return shown if more <= 0 else [*shown, f"and what {words.counted(more, 'more rule')} saw"]


def _notes(found: Print) -> tuple[str, ...]:
    notes = tuple(line for line in (words.one_line(note, 200) for note in found.notes[: MAX_NOTES + 1]) if line)
    more = len(found.notes) - MAX_NOTES
    return notes if more <= 0 else (*notes[:MAX_NOTES], f"and {more} more notes")


def _footer(alert: Alert, look: Look, now_ns: int) -> str:
    latency_s = (now_ns - alert.print.received_ns) / 1e9
    return words.dotted(
        "TEST" if alert.is_test else None,
        alert.id,
        words.age(latency_s),
        words.one_line(alert.print.provider, 60),
        words.one_line(look.footer_note, 200),
    )


def _links(found: Print, look: Look) -> tuple[Link, ...]:
    """A template whose fact is missing gives no link."""
    facts = {"ticker": words.one_line(found.ticker, 32), "contract": words.one_line(found.contract or "", 60)}
    wanted = [(label, template) for label, template in look.links if found.contract or "{contract}" not in template]
    encoded = {name: quote(fact, safe="") for name, fact in facts.items()}
    return tuple(Link(words.one_line(label, 80), template.format(**encoded)) for label, template in wanted)
