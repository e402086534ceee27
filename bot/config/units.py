"""Durations, times of day, money, fractions and URLs as people write them in YAML.

Pure parsers, and the pydantic types made of them.

Messages say what is expected and never quote the value, which may be a secret; `bot.config.check` quotes it
where it may.
"""

import re
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

from bot.model.secret import Secret

SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
EXPONENTS = {"": "", "k": "e3", "m": "e6", "b": "e9"}
MAX_DURATION_S = 3650 * 86400.0
"""Ten years: whatever is longer is a slip of the pen."""

# An editor sees the file before `${NAME}` is filled in, so every pattern lets a placeholder pass.
PLACEHOLDER = r"\$\{"
DURATION_PATTERN = r"^\s*([0-9]+\.?[0-9]*|\.[0-9]+)\s*(ms|s|m|h|d)?\s*$"
CLOCK_PATTERN = r"^\s*(?:([01]?[0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]))?|24:00(?::00)?)\s*$"
MONEY_PATTERN = r"^\s*\$?\s*[0-9.][0-9_,.]*\s*[kKmMbB]?\s*$"
URL_PATTERN = r"^(https|wss|http|ws)://"

_DURATION = re.compile(DURATION_PATTERN)
_CLOCK = re.compile(CLOCK_PATTERN)
_MONEY = re.compile(
    r"""\$?\s*
    (?P<whole>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+(?:_[0-9]+)*)?
    (?P<fraction>\.[0-9]*)?
    (?:(?P<exponent>e[+-]?[0-9]{1,3})|\s*(?P<unit>[kmb]))?""",
    re.VERBOSE | re.IGNORECASE,
)
_FRACTION = re.compile(r"\s*([0-9]+\.?[0-9]*|\.[0-9]+)\s*(%?)\s*")
_UNFIT_FOR_A_URL = re.compile(r"[\x00-\x20\x7f\\]")


def parse_duration(text: str | float) -> float:
    """Seconds, from a number of seconds or a number with ms, s, m, h or d. Raises ValueError."""
    if isinstance(text, bool) or not isinstance(text, (str, int, float)):
        raise ValueError("expected a duration, such as 30s, 5m, 1.5h or 7d")  # noqa: TRY004 pydantic reports ValueError
    if isinstance(text, str):
        found = _DURATION.match(text)
        if not found:
            raise ValueError("expected a duration: seconds, or a number with ms, s, m, h or d, such as 30s, 5m or 1.5h")
        seconds = float(found[1]) * SECONDS[found[2] or "s"]
    else:
        seconds = text
    if not 0 <= seconds <= MAX_DURATION_S:  # false for NaN too
        raise ValueError("expected a duration between 0 and 3650d")
    return float(seconds)


def write_duration(seconds: float) -> str:
    """As `parse_duration` reads it, in the largest unit of which it is a whole number: `90m`, `5d`."""
    for unit in ("d", "h", "m"):
        if seconds and seconds % SECONDS[unit] == 0:
            return f"{seconds / SECONDS[unit]:.0f}{unit}"
    return f"{seconds:.15g}s"


def parse_clock(text: object) -> float:
    """Seconds since midnight, from HH:MM or HH:MM:SS; 24:00 ends the day. Raises ValueError."""
    found = _CLOCK.match(text) if isinstance(text, str) else None
    if not found:
        raise ValueError('expected a time of day in New York, such as "09:30" or "16:00:30"')
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return float((hours * 60 + minutes) * 60 + seconds) if found[1] else 86400.0


def write_clock(seconds: float) -> str:
    """`09:30`, and `09:30:15` where the seconds say something; a fraction of one is cut off."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}" + (f":{rest:02d}" if rest else "")


def parse_money(text: str | float) -> float:
    """US dollars, from 500k, $500K, 1.2M, 2.5b, 500_000, 500,000 or a plain number. Raises ValueError."""
    if isinstance(text, bool) or not isinstance(text, (str, int, float)):
        raise ValueError("expected an amount, such as 500k or 1.2M")  # noqa: TRY004 pydantic reports ValueError
    if isinstance(text, str):
        found = _MONEY.fullmatch(text.strip())
        if not found or not (found["whole"] or (found["fraction"] or ".") != "."):
            raise ValueError("expected an amount: a number, with k, m or b if you like, such as 500k, $1.2M or 500,000")
        digits = (found["whole"] or "0").replace(",", "").replace("_", "") + (found["fraction"] or "")
        amount = float(digits + (found["exponent"] or EXPONENTS[(found["unit"] or "").lower()]))
    else:
        amount = text
    if not 0 <= amount < 1e300:  # false for NaN too
        raise ValueError("expected an amount that is finite and not negative")
    return float(amount)


def parse_fraction(text: str | float) -> float:
    """A fraction, more than 0 and at most 1, from 0.7 or 70%. Raises ValueError."""
    expected = "expected a percentage or a fraction, such as 70% or 0.7"
    found = _FRACTION.fullmatch(text) if isinstance(text, str) else None
    if found:
        amount = float(f"{found[1]}e-2" if found[2] else found[1])  # not / 100, which may miss the nearest fraction
    elif isinstance(text, (int, float)) and not isinstance(text, bool):
        amount = text
        if 1 < amount <= 100:
            raise ValueError(f"expected a percentage or a fraction; write {amount:g}%")
    else:
        raise ValueError(expected)
    if not 0 < amount <= 1:  # false for NaN too
        raise ValueError(f"{expected}, more than 0 and at most 100%")
    return float(amount)


def is_loopback(host: str) -> bool:
    """Whether `host` (without brackets) can only be this machine: localhost, 127.0.0.0/8 or ::1."""
    if host.lower() == "localhost":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return str(address) == "::1" or (address.version == 4 and address.is_loopback)


def parse_url(url: str) -> str:
    """`url` itself if it is https/wss, or http/ws to a loopback host. Raises ValueError, which never quotes it."""
    if _UNFIT_FOR_A_URL.search(url):
        raise ValueError("expected a URL without spaces, control characters and backslashes")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError("expected a URL, such as https://host/path; the host or the port is malformed") from None
    if parts.scheme not in ("https", "wss", "http", "ws") or not host:
        raise ValueError("expected a URL that begins with https:// or wss:// and names a host")
    if parts.scheme in ("http", "ws") and not is_loopback(host):
        raise ValueError(
            "expected https:// or wss://; http:// and ws:// are for this machine only (localhost, 127.x.x.x)"
        )
    return url


def _parse_public_url(url: str) -> str:
    if "@" in urlsplit(parse_url(url)).netloc:
        raise ValueError("expected a URL without user name and password: URLs appear in logs")
    return url


def _parse_secret_url(url: Secret) -> Secret:
    parse_url(url.reveal())
    return url


Duration = Annotated[
    float,
    BeforeValidator(parse_duration),
    WithJsonSchema(
        {
            "description": "A duration: seconds, or a number with ms, s, m, h or d, such as 30s, 5m, 1.5h or 7d.",
            "anyOf": [
                {"type": "number", "minimum": 0, "maximum": MAX_DURATION_S},
                {"type": "string", "pattern": f"{DURATION_PATTERN}|{PLACEHOLDER}"},
            ],
        }
    ),
]
"""Seconds as a float."""

Money = Annotated[
    float,
    BeforeValidator(parse_money),
    WithJsonSchema(
        {
            "description": "US dollars: 500k, $500K, 1.2M, 2.5b, 500_000, 500,000 or a plain number.",
            "anyOf": [
                {"type": "number", "minimum": 0},
                {"type": "string", "pattern": f"{MONEY_PATTERN}|{PLACEHOLDER}"},
            ],
        }
    ),
]
"""US dollars as a float."""

Fraction = Annotated[
    float,
    BeforeValidator(parse_fraction),
    WithJsonSchema(
        {
            "description": "A part of the whole: 70% or 0.7.",
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
                {"type": "string", "pattern": rf"^\s*[0-9.]+\s*%?\s*$|{PLACEHOLDER}"},
            ],
        }
    ),
]
"""0.7 = 70 %."""

VendorUrl = Annotated[
    str,
    AfterValidator(_parse_public_url),
    WithJsonSchema(
        {
            "type": "string",
            "format": "uri",
            "pattern": f"{URL_PATTERN}|{PLACEHOLDER}",
            "description": "An https or wss URL; http and ws are accepted on loopback hosts.",
        }
    ),
]
"""The address of a vendor's or platform's API. Not secret: it may be logged."""

SecretUrl = Annotated[
    Secret,
    AfterValidator(_parse_secret_url),
    WithJsonSchema(
        {
            "type": "string",
            "writeOnly": True,
            "pattern": f"{URL_PATTERN}|{PLACEHOLDER}",
            "description": "An https or wss URL that holds a key, such as a webhook's; best as ${NAME}.",
        }
    ),
]
"""A URL that is itself a secret."""
