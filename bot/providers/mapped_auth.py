"""What a mapped feed is shown and told, with the key, the session and the tickers filled in. Pure."""

from collections.abc import Mapping
from secrets import token_hex
from typing import Final
from urllib.parse import urlencode, urlsplit

import msgspec

from bot.model.secret import Secret
from bot.providers.feed import Lines
from bot.providers.mapped_settings import MappedSettings
from bot.providers.messages import filled, placeholders

_NO_KEY: Final = Secret(token_hex())


def key_of(settings: MappedSettings) -> Secret:
    """The key; where there is none, a text that nothing holds, so that there is nothing to scrub."""
    return settings.api_key or _NO_KEY


def headers(settings: MappedSettings, session: str | None) -> dict[str, Secret]:
    """The headers of auth; those that want a session's id only where there is one."""
    return {name: Secret(text) for name, text in _texts(settings.auth.header, settings, session).items()}


def query(settings: MappedSettings, session: str | None) -> dict[str, str]:
    """The query of auth, likewise."""
    return _texts(settings.auth.query, settings, session)


def _texts(texts: Mapping[str, str], settings: MappedSettings, session: str | None) -> dict[str, str]:
    wanted = {name: text for name, text in texts.items() if session is not None or "session" not in placeholders(text)}
    # In the midst of a text even {tickers} is a text.
    framed = {name: f" {text}" for name, text in wanted.items()}
    (found,) = filled(framed, key=settings.api_key, session=session or "", tickers=settings.tickers)
    return {name: text[1:] for name, text in msgspec.convert(found, dict[str, str]).items()}


def stream_url(settings: MappedSettings, session: str | None) -> Secret:
    """The stream's address with the query of auth."""
    url = settings.url or ""
    added = urlencode(query(settings, session))
    joint = "" if not added else "&" if urlsplit(url).query else "?"
    return Secret(f"{url}{joint}{added}")


def lines(settings: MappedSettings, session: str | None) -> Lines:
    """What is said on the stream."""
    auth, beat = settings.auth, settings.heartbeat

    def said(*messages: object) -> tuple[Secret, ...]:
        found = (
            text
            for message in messages
            for text in filled(message, key=settings.api_key, session=session or "", tickers=settings.tickers)
        )
        return tuple(Secret(msgspec.json.encode(text).decode()) for text in found)

    return Lines(
        first=said(auth.first_message) if auth.first_message is not None else (),
        is_answered=bool(auth.wait_for),
        then=said(*settings.subscribe),
        beat=said(beat.message) if beat else (),
        beat_s=beat.every if beat else 0.0,
    )
