"""What is wrong with clauses, gathered while they are read. Knows no file: flaws carry paths."""

from typing import NamedTuple

from bot.config.tree import PathTo
from bot.config.wording import dotted


class Flaw(NamedTuple):
    """One thing wrong with a `when`."""

    path: PathTo
    message: str
    is_about_key: bool = False
    """The key at `path` is wrong, not its value."""
    hint: str = ""
    """What may have been meant, for the end of the message, behind the value."""


class Flaws:
    """Those of one rule or definition, which `what` names in messages; of paths it shows the steps from `root` on.

    Messages never quote values, which may have come from a secret.
    """

    def __init__(self, what: str, root: int) -> None:
        self.found: list[Flaw] = []
        self.what = what
        self.is_broken = False
        """It uses a list or a definition that has a flaw, which is told there."""
        self._root = root

    def add(self, path: PathTo, message: str, *, is_about_key: bool = False, hint: str = "") -> None:
        name = dotted(path[self._root :])
        place = f"{name} of {self.what}" if name else self.what
        self.found.append(Flaw(path, f"{place}: {message}", is_about_key, hint))

    def add_sentence(self, path: PathTo, message: str) -> None:
        """About the key at `path`; the message says where that is."""
        self.found.append(Flaw(path, message, is_about_key=True))

    def add_item(self, path: PathTo, field: str, message: str, hint: str) -> None:
        """About an item of `lists` or `watchlists`, which stands elsewhere: `path` is from the root of the file."""
        self.found.append(Flaw(path, f"{dotted(path)}, used for {field} in {self.what}: {message}", hint=hint))
