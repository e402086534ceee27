"""The body of a webhook's request: whether its signature is right, and which frames it holds. Pure.

Source: RadarPulse's developer guide of 29 June 2026, "Outbound Webhooks", which shows the signature and no body.
"""

import hashlib
import hmac
from collections.abc import Collection, Sequence
from typing import Final

import msgspec

from bot.flow.facts import load
from bot.model.errors import FrameError
from bot.model.secret import Secret
from bot.providers.answers import texts

SIGNATURE_HEADERS: Final = ("x-signature", "x-webhook-signature")
BOM: Final = b"\xef\xbb\xbf"

Headers = Sequence[tuple[str, str]]
"""As they came: one that came twice is here twice."""

_rows = msgspec.json.Decoder(list[msgspec.Raw]).decode
_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_parts = msgspec.json.Decoder(dict[str, msgspec.Raw] | list[msgspec.Raw]).decode


def is_signed(body: bytes, headers: Headers, secrets: Collection[Secret]) -> bool:
    """Whether the raw body is signed with one of `secrets`, in either header and nowhere otherwise.

    Signed twice is well where both are right. Takes as long whatever is wrong, and however much of it.
    """
    sent = [value.encode("utf-8", "surrogateescape") for name, value in headers if name.lower() in SIGNATURE_HEADERS]
    right = [b"sha256=" + _mac(body, secret).encode() for secret in secrets]
    found = [[hmac.compare_digest(value, signature) for signature in right] for value in sent or [b""]]
    return all([any(matches) for matches in found])  # noqa: C419 - a generator would stop early


def _mac(body: bytes, secret: Secret) -> str:
    return hmac.new(secret.reveal().encode(), body, hashlib.sha256).hexdigest()


def frames(body: bytes, mark: str) -> list[bytes]:
    """The frames in a body: the object that it is, or those of an array.

    An object with `data` and without the key `mark`, which every frame of this vendor has, is an envelope, and what is
    in it are the frames. Raises FrameError where the body is no JSON object or array; a frame is not looked into.
    """
    text = body.removeprefix(BOM)
    try:
        rows = [bytes(row) for row in found] if isinstance(found := _parts(text), list) else [text]
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        rows = _loosely(text)
    return [frame for row in rows for frame in _unwrapped(row, mark)]


def _loosely(text: bytes) -> list[bytes]:
    """The same, of a body with a NaN in it, which many encoders write: its frame will be refused, and no other."""
    found = load(text)
    if not isinstance(found, (dict, list)):
        raise FrameError("bad_shape", f"expected a JSON object or array, got {type(found).__name__}")
    return texts(found if isinstance(found, list) else [found])


def _unwrapped(row: bytes, mark: str) -> list[bytes]:
    if b'"data"' not in row:
        return [row]
    try:
        found = _object(row)
        inner = b"" if mark in found else bytes(found.get("data", b""))
        if inner.startswith(b"["):
            return [bytes(frame) for frame in _rows(inner)]
        return [inner] if inner.startswith(b"{") else [row]
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return [row]  # its decoder says what is wrong with it
