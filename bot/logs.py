"""Logging for the whole process: structlog for our lines and for libraries' lines, secrets redacted in both."""

import logging
import re
import sys
from collections.abc import Iterable, MutableMapping
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

import msgspec
import structlog
from pydantic import BaseModel, ConfigDict, Field

from bot.model.secret import STARS, Secret

Event = MutableMapping[str, Any]

SHAPES = re.compile(
    r"(?<=/webhooks/)\d+/[\w-]+"  # Discord webhook: id/token
    r"|(?<=hooks\.slack\.com/)[\w/-]+"
    r"|xox[a-z]-[\w-]+|xapp-[\w-]+"
    r"|(?<=api_key=)[^&\s\"']+|(?<=token=)[^&\s\"']+"
    r"|(?<=Bot )[\w-]{20,}\.[\w.-]+|(?<=Bearer )[\w.~+/-]{8,}=*"
)
"""What secrets look like, for those that no configuration names: a library may build a URL of its own."""

SHORTEST_SECRET = 4
"""Shorter values are not redacted: they would star out ordinary words."""


SHORTEST_TOKEN = 10
"""Shorter parts of a secret URL are words like `services` and ids that are no secret by themselves."""


class LogSettings(BaseModel):
    """`log:` what is written to standard error."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="The least severe level to write.")
    format: Literal["json", "console"] = Field("json", description="One JSON object a line, or lines for people.")


class Redactor:
    """Replaces every known secret, and whatever looks like one, by stars."""

    def __init__(self) -> None:
        self._known: re.Pattern[str] | None = None

    def learn(self, secrets: Iterable[Secret]) -> None:
        """From now on these values never appear."""
        values = {secret.reveal() for secret in secrets}
        values |= {part for value in values if "://" in value for part in _telling_parts(value)}
        longest_first = sorted((v for v in values if len(v) >= SHORTEST_SECRET), key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def text(self, text: str) -> str:
        if self._known is not None:
            text = self._known.sub(STARS, text)
        return SHAPES.sub(STARS, text)

    def value(self, value: object) -> object:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, bool | int | float | None):
            return value
        if isinstance(value, dict):
            return {key: self.value(item) for key, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.value(item) for item in value]
        return self.text(str(value))

    def __call__(self, logger: object, method: str, event: Event) -> Event:
        """Works as a structlog processor."""
        return {key: self.value(item) for key, item in event.items()}


def _telling_parts(url: str) -> Iterable[str]:
    """What of a secret URL gives it away: long parts of its path (tokens are long, words are not), and its values."""
    parsed = urlsplit(url)
    yield from (part for part in parsed.path.split("/") if len(part) >= SHORTEST_TOKEN)
    yield from (value for _, value in parse_qsl(parsed.query) if len(value) >= SHORTEST_TOKEN)
    if parsed.password:
        yield parsed.password


redactor = Redactor()
"""The process's own: `app` teaches it the configuration's secrets before anything else is started."""


class _Forward(logging.Handler):
    """Sends a library's record down our pipe; its text is redacted there."""

    def emit(self, record: logging.LogRecord) -> None:
        event = {"library": record.name, "message": _message(record)}
        if record.exc_info:
            event["exception"] = logging.Formatter().formatException(record.exc_info)
        level = min(max(record.levelno // 10 * 10, logging.DEBUG), logging.CRITICAL)
        structlog.get_logger().log(level, "library.log", **event)


def _message(record: logging.LogRecord) -> str:
    """The library's text; a format that does not fit its arguments must not hurt the library that wrote it."""
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):
        return f"{record.msg} {record.args}"


def _to_stderr(*_: object) -> structlog.WriteLogger:
    return structlog.WriteLogger(sys.stderr)


def configure(settings: LogSettings) -> None:
    """Set up structlog and the standard library's logging. May be called again."""
    level = getattr(logging, settings.level.upper())
    shared: list[Any] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redactor,
    ]
    if settings.format == "json":
        encode = msgspec.json.Encoder(enc_hook=str).encode
        render: Any = structlog.processors.JSONRenderer(serializer=lambda event, **_: encode(event))
        factory: Any = structlog.BytesLoggerFactory(sys.stderr.buffer)
    else:
        render = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=28)
        factory = _to_stderr
    structlog.configure(
        processors=[*shared, render],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=factory,
        # Lines for people come seldom, and from commands whose standard error may be another by then.
        cache_logger_on_first_use=settings.format == "json",
    )
    root = logging.getLogger()
    root.handlers = [_Forward()]
    # Libraries log bodies and webhook URLs at DEBUG and INFO: what we do not need to read, we do not format.
    root.setLevel(max(level, logging.WARNING))
