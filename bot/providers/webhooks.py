"""What `flowbot webhooks register | list | delete` does at the vendor, and with the secrets that it gives out.

Gives text for the terminal; no secret is ever in it.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NoReturn, Protocol
from urllib.parse import urlsplit

from bot.config.units import parse_url
from bot.model.errors import InputError, UnavailableError, VendorError
from bot.providers.inbound import InboundSettings, path_of
from bot.providers.radarpulse_answers import RegisteredWebhook, Webhook
from bot.providers.webhook_secrets import FILE, forget_secret, keep_secret, kept_ids

EVENTS: Final = ("flow.extreme", "flow.elevated")
"""Those of RadarPulse's developer guide of 29 June 2026."""
MIN_SCORE: Final = 70.0
"""Where "elevated" begins."""


class Webhooks(Protocol):
    """The vendor's REST API, as far as webhooks go. Every method raises VendorError."""

    async def register_webhook(self, url: str, *, min_score: float, events: Sequence[str]) -> RegisteredWebhook: ...

    async def webhooks(self) -> Sequence[Webhook]: ...

    async def delete_webhook(self, id_: str) -> None: ...


async def register(
    rest: Webhooks,
    public_url: str | None,
    name: str,
    settings: InboundSettings,
    store_folder: Path,
    *,
    min_score: float = MIN_SCORE,
    events: Sequence[str] = EVENTS,
) -> str:
    """Have the vendor post to provider `name`, and keep the secret. Raises InputError, UnavailableError."""
    url = _address(public_url, path_of(name, settings))
    if settings.secret is not None:
        raise InputError(
            f'provider "{name}" has its secret in the configuration, and registering makes another one: '
            f"take `secret` out, and run this again"
        )
    kept_ids(store_folder)  # a file that cannot be read is to be found before there is a secret to keep
    with _told("register a webhook"):
        made = await rest.register_webhook(url, min_score=min_score, events=events)
    try:
        keep_secret(store_folder, name, made.id, made.secret)
    except UnavailableError as error:
        await _take_back(rest, made.id, error)
    return f"registered {made.id}: prints are posted to {url}\nits secret is kept in {store_folder / FILE}"


async def listing(rest: Webhooks, store_folder: Path) -> str:
    """What is registered at the vendor, one a line. Raises InputError, UnavailableError."""
    kept = kept_ids(store_folder)
    with _told("list webhooks"):
        found = await rest.webhooks()
    return "\n".join(_line(webhook, kept) for webhook in found) or "nothing is registered"


async def delete(rest: Webhooks, id_: str, store_folder: Path) -> str:
    """End a registration at the vendor, and forget its secret. Raises InputError, UnavailableError."""
    is_kept = id_ in kept_ids(store_folder)
    with _told(f"delete {id_}"):
        try:
            await rest.delete_webhook(id_)
        except VendorError as refused:
            if refused.kind == "not_found":  # it is gone at the vendor, and its secret signs nothing any more
                forget_secret(store_folder, id_)
            raise
    forget_secret(store_folder, id_)
    return f"deleted {id_}{', and forgot its secret' if is_kept else ''}"


async def _take_back(rest: Webhooks, id_: str, error: UnavailableError) -> NoReturn:
    """A secret is told only once: a registration whose secret is not kept is of no use. Raises UnavailableError."""
    try:
        await rest.delete_webhook(id_)
    except VendorError as refused:
        raise UnavailableError(f"{error}; {id_} stays registered ({refused.detail}): delete it") from error
    raise UnavailableError(f"{error}; nothing is registered") from error


def _address(public_url: str | None, path: str) -> str:
    example = "such as https://flow.example.org"
    if public_url is None:
        raise InputError(f"the vendor must know where to post: set http.public_url to this listener, {example}")
    try:
        parts = urlsplit(parse_url(public_url))
    except ValueError as error:
        raise InputError(f"http.public_url: {error}") from None
    if parts.scheme not in ("https", "http") or parts.query or parts.fragment or "@" in parts.netloc:
        raise InputError(f"http.public_url: expected an address to which {path} can be added, {example}")
    return public_url.rstrip("/") + path


@contextmanager
def _told(what: str) -> Iterator[None]:
    """A refusal of the vendor's, as what the user can mend or as what may pass."""
    try:
        yield
    except VendorError as refused:
        message = f"cannot {what}: {refused.detail}"
        if refused.kind in ("unauthorized", "tier", "not_found"):
            raise InputError(message) from refused
        raise UnavailableError(message) from refused


def _line(webhook: Webhook, kept: Collection[str]) -> str:
    """A URL without its query, where other people's keys are."""
    score = "any score" if webhook.min_score is None else f"score {webhook.min_score:g} and up"
    told = [webhook.id or "no id", _plain(webhook.url), score, _plain(" ".join(webhook.events))]
    return "  ".join(filter(None, [*told, "secret kept" if webhook.id in kept else "secret not here"]))


def _plain(text: str | None) -> str:
    return "".join(letter for letter in (text or "").partition("?")[0] if letter.isprintable())
