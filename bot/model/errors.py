"""Every error that flowbot raises on purpose. A class exists only where a caller behaves differently.

FlowbotError
├── InputError           the user's configuration, file or argument is wrong            (exit 1)
├── UnavailableError     something outside is not to be had: store locked, port taken   (exit 69)
├── StoreError           the store refused a transaction (disk full, I/O): trying later may help
├── FrameError           one frame of a feed cannot become a print; the feed goes on
└── VendorError          a provider's REST API did not give what was asked for
"""

from dataclasses import dataclass
from typing import Literal


class FlowbotError(Exception):
    """The root: everything below says what failed, which value, and what to do about it."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong in the user's input. `line` and `column` count from 1; 0 means the file as a whole."""

    file: str
    line: int
    column: int
    message: str
    is_warning: bool = False

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {'warning: ' if self.is_warning else ''}{self.message}"


class InputError(FlowbotError):
    """The user's input is wrong, in one or more places; `problems` holds all of them, in file order."""

    def __init__(self, *problems: Problem | str) -> None:
        self.problems = sorted(p if isinstance(p, Problem) else Problem("flowbot", 0, 0, p) for p in problems)
        super().__init__("\n".join(map(str, self.problems)))


class UnavailableError(FlowbotError):
    """Something outside the program is not available now; trying later may help."""


class StoreError(FlowbotError):
    """The store could not do what was asked, and did none of it."""


class FrameError(FlowbotError):
    """One frame cannot become a print.

    `reason` comes from a small closed set (it labels a metric); `detail` is for the person who reads the
    quarantine. Reasons: not_json, not_text, bad_shape, no_ticker, bad_number, bad_date, bad_value.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(f"{reason}: {detail}" if detail else reason)


Refusal = Literal["unauthorized", "tier", "rate_limited", "not_found", "upstream", "bad_answer"]


class VendorError(FlowbotError):
    """A provider's REST API did not give what was asked for; `kind` says what a caller can do about it.

    unauthorized: the key is missing or wrong; asking again is no use. tier: the key's plan does not include this.
    rate_limited: ask again after `after_s` seconds. not_found: there is no such thing. upstream: the vendor is down, or
    cannot be reached; later may help. bad_answer: not what the vendor documents. Neither text ever holds a key.
    """

    def __init__(self, kind: Refusal, detail: str, *, after_s: float | None = None) -> None:
        self.kind = kind
        self.detail = detail
        self.after_s = after_s
        super().__init__(f"{kind}: {detail}")
