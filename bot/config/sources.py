"""Reads files once each and remembers what they held, so that a later change of them can be told. Knows no YAML."""

import errno
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from glob import glob
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

MAX_FILE_BYTES: Final = 16 * 1024 * 1024
"""Of a file, more than this is not read."""

ABSENT: Final = "absent"
UNREADABLE: Final = "unreadable"
SPECIAL: Final = "special"
"""A folder, a pipe, a device: what it holds cannot be compared."""

_NOT_THERE = {errno.ENOENT, errno.ENOTDIR}


class Pattern(NamedTuple):
    """Names of files with `*`, `?` or `[…]`, as an `include:` gives them."""

    folder: Path
    """Where a relative pattern begins."""
    text: str

    def files(self) -> list[Path]:
        """The ordinary files that there are now, sorted; without hidden ones and what editors leave behind."""
        names = map(Path, glob(self.text, root_dir=self.folder))  # noqa: PTH207 that of pathlib finds hidden files too
        paths = {normal(self.folder / name) for name in names if not _is_leftover(name.name)}
        return sorted(path for path in paths if path.is_file())


@dataclass(frozen=True, slots=True)
class Sources:
    """What a document was made of; `bot.config.watch` tells when it would be made of something else."""

    files: Mapping[Path, str] = field(default_factory=dict, repr=False)
    """Each file that was asked for, there or not, also `.env` and those of `${file:…}`; and a digest of it."""
    patterns: tuple[Pattern, ...] = ()
    """By which files were found."""


class Reader:
    """Reads the files of one document; whoever asks twice for a file gets the same content."""

    def __init__(self) -> None:
        self.digests: dict[Path, str] = {}
        """Of every file that was asked for, also in vain, what `take` says of its content."""
        self._contents: dict[Path, bytes | OSError] = {}

    def note(self, path: Path, *, is_special_fine: bool = False) -> bytes | OSError:
        """What the file holds, or why that cannot be had; a pipe or a device is opened only where that is fine."""
        if path not in self._contents:
            self._contents[path], self.digests[path] = take(path, is_special_fine=is_special_fine)
        return self._contents[path]

    def read(self, path: Path, *, is_special_fine: bool = False) -> bytes:
        """At most a byte more than MAX_FILE_BYTES. Raises OSError."""
        content = self.note(path, is_special_fine=is_special_fine)
        if isinstance(content, OSError):
            raise OSError(content.errno, content.strerror, str(path))
        return content


def take(path: Path, *, is_special_fine: bool = False) -> tuple[bytes | OSError, str]:
    """What the file holds, or why it cannot be read; and a digest, or one of the three words above."""
    try:
        is_ordinary = stat.S_ISREG(path.stat().st_mode)
        if not (is_ordinary or is_special_fine or path.is_dir()):  # opening a pipe would wait for its other end
            return OSError(errno.EINVAL, "it is no ordinary file"), SPECIAL
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        if error.errno in _NOT_THERE:
            return error, ABSENT
        return error, SPECIAL if isinstance(error, IsADirectoryError) else UNREADABLE
    except ValueError as error:  # a NUL in the path
        return OSError(errno.EINVAL, str(error)), UNREADABLE
    return content, sha256(content).hexdigest() if is_ordinary else SPECIAL


def normal(path: Path) -> Path:
    """`path` without `.` and `..`, as an admin would type it. Follows no symbolic link."""
    return Path(os.path.normpath(path))


def _is_leftover(name: str) -> bool:
    return name.startswith(".") or name.endswith("~") or (name.startswith("#") and name.endswith("#"))
