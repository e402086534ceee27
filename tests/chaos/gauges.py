"""What a long run is judged by: samples of one process, and whether they grew. Pure but for reading /proc."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

WARM_UP = 0.2
"""The first share of a run, which is not judged."""
MOST_RSS = 0.05
MOST_DATABASE = 0.25
"""What retention may swing by: faults come at random, and with them what waits."""
MOST_FDS = 2
"""At rest: doors may open a little later than the first look."""
ROUND = 1.25
"""The service forgets every quarter of what it keeps."""
FEWEST = 8
"""Samples after the warm-up, below which nothing can be said."""
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at the process."""

    at_s: float
    rss: int
    """Bytes."""
    fds: int
    database: int
    """Bytes of the file and of its write-ahead log."""
    wal: int
    queued: int
    """Deliveries and matches that wait, as its metrics tell."""

    def __str__(self) -> str:
        minutes, seconds = divmod(int(self.at_s), 60)
        return (
            f"{minutes:3}:{seconds:02}  rss {self.rss / MIB:6.1f} MiB  fds {self.fds:3}"
            f"  database {self.database / MIB:6.2f} MiB (wal {self.wal / MIB:5.2f})  queued {self.queued:4}"
        )


def look(at_s: float, pid: int, database: Path, queued: int) -> Sample:
    """A sample of now."""
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    rss = next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmRSS:"))
    fds = sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
    wal = _size(database.with_name(database.name + "-wal"))
    return Sample(at_s, rss, fds, _size(database) + wal, wal, queued)


@dataclass(frozen=True, slots=True)
class Growth:
    """One figure, then and now: in the first quarter after the warm-up and in the last, if nothing else is said."""

    name: str
    began: float
    ended: float
    is_good: bool

    def __str__(self) -> str:
        share = (self.ended / self.began - 1) * 100 if self.began else 0.0
        verdict = "ok" if self.is_good else "GREW"
        return f"{self.name:10} {self.began:8.2f} -> {self.ended:8.2f}  {share:+6.1f} %  {verdict}"


def growth(samples: Sequence[Sample], lasts_s: float, *, keep_s: float) -> list[Growth]:
    """How memory and the database did; empty where there are too few samples to say.

    Of the database nothing can be said before it has begun to forget: `keep_s` and the pause between two rounds.
    """
    warm = [sample for sample in samples if sample.at_s >= lasts_s * WARM_UP]
    if len(warm) < FEWEST:
        return []
    quarter = len(warm) // 4
    first, last = warm[:quarter], warm[-quarter:]

    def level(of: Callable[[Sample], float], how: Callable[[list[float]], float]) -> tuple[float, float]:
        return how([of(sample) for sample in first]), how([of(sample) for sample in last])

    rss = level(lambda sample: sample.rss / MIB, median)
    database = level(lambda sample: sample.database / MIB, max)
    found = [
        Growth("rss MiB", *rss, is_good=rss[1] <= rss[0] * (1 + MOST_RSS)),
    ]
    if keep_s * ROUND <= lasts_s * WARM_UP:
        found.append(Growth("db MiB", *database, is_good=database[1] <= database[0] * (1 + MOST_DATABASE)))
    return found


def descriptors(before: Sample, after: Sample) -> Growth:
    """At rest, before the first print and after the last: in between, connections come and go with the trouble."""
    return Growth("fds", before.fds, after.fds, is_good=after.fds <= before.fds + MOST_FDS)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
