"""Tells when configuration files have changed, by what they hold. Knows no clock: whoever asks decides how often.

To be asked about once a second, from one thread at a time:

    watch = Watch(document.sources)
    ...
    if watch.is_changed():
        document = read(path, environ)                      # good or bad
        watch = Watch(document.sources)

The document says what was read for it, so a change that comes while it is being read, or before the new watch looks
for the first time, is found. A bad document is watched like a good one: it names the files that must be mended.
"""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from bot.config.sources import ABSENT, SPECIAL, Sources, take

RECHECKS: Final = 3
"""How many looks more a file is read though its stamp has not moved: one that is written twice within a tick of the
file system's clock keeps its stamp. The coarsest tick is FAT's, two seconds."""

_Stamp = tuple[int, ...]


class _Glance(NamedTuple):
    """One file at one look."""

    stamp: _Stamp
    digest: str
    rechecks: int
    """Looks still to come at which the stamp is not trusted."""


class Watch:
    """Whether files hold what they held when they were read, and patterns match no other files.

    Only contents count: a new inode, a touched file or another target of a symbolic link is no change while the text
    is the same. While nothing changes, a look costs a stat for each file and a listing for each pattern.
    """

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._known = _present(sources.files)
        self._moving: Mapping[Path, str] | None = None
        self._glances: dict[Path, _Glance] = {}

    def is_changed(self) -> bool:
        """Whether the files hold anything new, which was the same at the look before this: it is being written no more.

        Each state is told once; it counts as known from then on, so one may also go on with the same watch.
        """
        now = self._look()
        if now == self._known:
            self._moving = None
            return False
        if now != self._moving:
            self._moving = now
            return False
        self._known, self._moving = now, None
        return True

    def _look(self) -> dict[Path, str]:
        """The digest of every file that is there."""
        paths = dict.fromkeys(self._sources.files)
        for pattern in self._sources.patterns:
            paths.update(dict.fromkeys(pattern.files()))
        self._glances = {path: _glance(path, self._glances.get(path)) for path in paths}
        return _present({path: glance.digest for path, glance in self._glances.items()})


def _glance(path: Path, last: _Glance | None) -> _Glance:
    # The stamp comes before the content: what is written in between moves the next stamp.
    try:
        status = path.stat()
    except (OSError, ValueError):
        return _Glance((), take(path)[1], 0)
    if not stat.S_ISREG(status.st_mode):
        return _Glance((), SPECIAL, 0)
    stamp = _stamp(status)
    if last is None or last.stamp != stamp:
        return _Glance(stamp, take(path)[1], RECHECKS)
    if last.rechecks:
        return _Glance(stamp, take(path)[1], last.rechecks - 1)
    return last


def _stamp(status: os.stat_result) -> _Stamp:
    """What moves when a file is written to or replaced; the last of them even where somebody sets the time back."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _present(digests: Mapping[Path, str]) -> dict[Path, str]:
    return {path: digest for path, digest in digests.items() if digest != ABSENT}
