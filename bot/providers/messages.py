"""What is said to a mapped feed: messages in which {key}, {session}, {tickers} and {ticker} are filled in. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence

from bot.config.wording import suggest
from bot.model.secret import Secret

PLACEHOLDERS = ("key", "session", "tickers", "ticker")
"""`key` is the provider's api_key, `session` the id that auth.session gave. A text that is {tickers} alone becomes
their list, within a text they are parted by commas; a message with {ticker} is sent once for each."""

_PLACEHOLDER = re.compile(r"\{([A-Za-z_]+)\}")


def placeholders(message: object) -> frozenset[str]:
    """The names between braces in the texts of `message`, known or not."""
    return frozenset(name for text in _texts(message) for name in _PLACEHOLDER.findall(text))


def check_placeholders(message: object) -> None:
    """Raises ValueError where a text of `message` has a placeholder that nothing fills."""
    for name in sorted(placeholders(message).difference(PLACEHOLDERS)):
        raise ValueError(f"nothing fills {{{name}}}{suggest(name, PLACEHOLDERS)}")


def filled(message: object, *, key: Secret | None, session: str, tickers: Sequence[str]) -> list[object]:
    """The messages, as JSON values, that `message` stands for: one, or one for each ticker."""
    values = {"key": key.reveal() if key else "", "session": session, "tickers": ",".join(tickers)}
    if "ticker" not in placeholders(message):
        return [_fill(message, values, tickers)]
    return [_fill(message, {**values, "ticker": ticker}, tickers) for ticker in tickers]


def _fill(value: object, values: Mapping[str, str], tickers: Sequence[str]) -> object:
    if isinstance(value, Mapping):
        return {key: _fill(item, values, tickers) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_fill(item, values, tickers) for item in value]
    if not isinstance(value, str):
        return value
    if value == "{tickers}":
        return list(tickers)
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), value)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)
