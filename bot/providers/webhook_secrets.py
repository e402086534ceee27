"""`webhooks.json`, beside the store: the secrets that vendors gave out for webhooks, by provider and registration.

Outside the YAML, because they come while flowbot runs and nobody need see them. Readable by its owner alone.
"""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from bot.model.errors import UnavailableError
from bot.model.secret import Secret

FILE: Final = "webhooks.json"

_Kept = dict[str, dict[str, str]]
_decode = msgspec.json.Decoder(_Kept).decode


def kept_secrets(folder: Path, provider: str) -> Mapping[str, Secret]:
    """By registration, the secrets kept for `provider`; none where there is no file.

    Raises UnavailableError where it cannot be read.
    """
    return {id_: Secret(secret) for id_, secret in _read(folder).get(provider, {}).items()}


def kept_ids(folder: Path) -> frozenset[str]:
    """The registrations whose secrets are kept. Raises UnavailableError where the file cannot be read."""
    return frozenset(id_ for own in _read(folder).values() for id_ in own)


def keep_secret(folder: Path, provider: str, id_: str, secret: Secret) -> None:
    """Add a registration's secret, durably. Raises UnavailableError where it may not be there after a power cut."""
    kept = _read(folder)
    kept.setdefault(provider, {})[id_] = secret.reveal()
    _write(folder, kept)


def forget_secret(folder: Path, id_: str) -> None:
    """Forget a registration, whosever it is. Raises UnavailableError where it may still be there."""
    kept = _read(folder)
    left = {name: {known: own[known] for known in own if known != id_} for name, own in kept.items()}
    if left != kept:
        _write(folder, {name: own for name, own in left.items() if own})


def _read(folder: Path) -> _Kept:
    path = folder / FILE
    try:
        return _decode(path.read_bytes())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UnavailableError(f"cannot read {path}: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeError):
        # The text of the error could quote a secret.
        raise UnavailableError(
            f"cannot read {path}: it is not what flowbot wrote; delete it and register anew"
        ) from None


def _write(folder: Path, kept: _Kept) -> None:
    """All or nothing: a new file (0600 from its first byte) takes the old one's place."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=folder, prefix=f".{FILE}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(msgspec.json.format(msgspec.json.encode(kept)))
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(folder / FILE)
            _sync(folder)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UnavailableError(f"cannot write {folder / FILE}: {error.strerror}") from error


def _sync(folder: Path) -> None:
    """Make a change of names in it last over a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
