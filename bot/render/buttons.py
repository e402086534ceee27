"""What can be pressed on an alert: why it fired, more like it, quiet. Knows no platform; each draws it its own way."""

import re
from dataclasses import dataclass
from typing import Final

from bot.model.alerts import Batch, Delivery
from bot.model.answers import Button
from bot.model.people import person_at
from bot.render.card import title_of
from bot.render.digest import MAX_TOP
from bot.render.lengths import cut

MAX_LABEL: Final = 75
"""Of a button or an option: Slack's limit, which is below Discord's."""
MAX_OPTIONS: Final = 25
"""Of a menu: Discord's limit, which is below Slack's."""

_SYMBOL = re.compile(r"[A-Z][A-Z0-9./-]{0,9}", re.ASCII)
"""A ticker that stands in a command as one plain word. A feed may send anything."""


@dataclass(frozen=True, slots=True)
class Menu:
    """One choice among several, each a button in all but its looks."""

    placeholder: str
    """What it says before anything is chosen; at most `MAX_LABEL` characters."""
    options: tuple[Button, ...]
    """Two to `MAX_OPTIONS`, no two with the same id."""


Controls = tuple[Button, ...] | Menu


def alert_controls(batch: Batch) -> Controls:
    """The buttons of a batch of one alert; the menu of one with several, or of a digest; a report's own; no notice's.

    They follow from the batch alone, so that an edit shows what the post showed.
    """
    if batch.report is not None:
        return batch.report.buttons
    shown = batch.deliveries if batch.digest is None else batch.digest.top[:MAX_TOP]
    alerts = list({delivery.alert.id: delivery for delivery in shown}.values())[:MAX_OPTIONS]
    if len(alerts) > 1:
        return Menu("Why did an alert fire?", tuple(_option(delivery, batch.frozen_ns) for delivery in alerts))
    return _buttons(alerts[0], is_personal=person_at(batch.destination) is not None) if alerts else ()


def _option(delivery: Delivery, now_ns: int) -> Button:
    return Button(cut(title_of(delivery.alert, now_ns), MAX_LABEL), f"flow why {delivery.alert.id}")


def _buttons(delivery: Delivery, *, is_personal: bool) -> tuple[Button, ...]:
    """A trade that was taken back has only its reason left; a test was never recorded, so it has no reason."""
    ticker = delivery.alert.print.ticker
    why = Button("Why?", f"flow why {delivery.alert.id}")
    more = (Button("More like this", f"flow ticker {ticker}"),) if _SYMBOL.fullmatch(ticker) else ()
    if delivery.alert.is_test:
        return more
    if delivery.is_cancelled:
        return (why,)
    if is_personal:
        return (why, *more, Button("Snooze 1h", "snooze 1h"))
    mutes = Button(f"Mute {ticker} 1h", f"flowadmin mute ticker {ticker} for 1h", is_for_admins=True)
    return (why, *more, mutes) if more else (why,)
