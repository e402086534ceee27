"""The real program in a process of its own: started, watched through what it writes, ended by its own pid.

Knows nothing of what flowbot does; only how it is started and what a process can show.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

ROOT = Path(__file__).parents[2]
WAIT_S = 30.0
"""Longest wait for what must come; generous, because a waiting test costs nothing unless it fails."""
LOOK_EVERY_S = 0.02
SCRAPE_EVERY_S = 0.05


async def until(is_so: Callable[[], object], what: str, *, within_s: float = WAIT_S) -> None:
    """Wait until `is_so()` is true; `what` says in a failure what never came."""
    deadline = monotonic() + within_s
    while not is_so():
        assert monotonic() < deadline, f"not within {within_s:g} s: {what}"
        await asyncio.sleep(LOOK_EVERY_S)


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Nothing of ours but the path, so that no variable of the developer's changes a test."""
    base = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return {**base, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", **variables}


class Process:
    """One running, or ended, `python -m bot …`."""

    def __init__(self, popen: subprocess.Popen[bytes], folder: Path, label: str) -> None:
        self._popen = popen
        self._out = folder / f"{label}.out"
        self._err = folder / f"{label}.err"

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def stdout(self) -> str:
        return self._out.read_text("utf-8")

    @property
    def stderr(self) -> str:
        return self._err.read_text("utf-8")

    @property
    def is_running(self) -> bool:
        return self._popen.poll() is None

    def events(self, name: str = "") -> list[dict[str, Any]]:
        """The log's events so far; a line that is still being written is not among them."""
        whole, _, _ = self.stderr.rpartition("\n")
        found = [json.loads(line) for line in whole.split("\n") if line.startswith("{")]
        return [event for event in found if name in ("", event["event"])]

    async def event(self, name: str, *, count: int = 1) -> dict[str, Any]:
        """The `count`-th event of this name, once it is there."""
        await self._until(lambda: len(self.events(name)) >= count, f"event {name} x {count}")
        return self.events(name)[count - 1]

    async def says(self, text: str) -> None:
        """Wait for a text on standard output."""
        await self._until(lambda: text in self.stdout, f"{text!r} on standard output")

    async def _until(self, is_so: Callable[[], object], what: str) -> None:
        await until(lambda: is_so() or not self.is_running, what)
        assert is_so(), f"ended with {self._popen.poll()} before: {what}\n{self.stderr[-4000:]}"

    async def exit(self, *, within_s: float = WAIT_S) -> int:
        """The exit status, once it has ended; negative = the signal that killed it."""
        await until(lambda: not self.is_running, f"the end of {self.pid}\n{self.stderr[-2000:]}", within_s=within_s)
        return int(self._popen.returncode)

    def terminate(self) -> None:
        self._popen.send_signal(signal.SIGTERM)

    async def stop(self) -> int:
        """SIGTERM, and the exit status."""
        self.terminate()
        return await self.exit()

    async def kill(self) -> None:
        """SIGKILL: a power cut, as far as the process can tell."""
        self._popen.kill()
        assert await self.exit() == -signal.SIGKILL

    # --- its HTTP listener ---

    async def get(self, path: str) -> tuple[int, str]:
        """Status and body of one request to the port that the log names."""
        listening = await self.event("http.listening")
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=WAIT_S)) as session,
            session.get(f"http://127.0.0.1:{listening['port']}{path}") as reply,
        ):
            return reply.status, await reply.text()

    async def metrics(self) -> "Samples":
        _, text = await self.get("/metrics")
        return Samples(text)

    async def metric(self, name: str, value: float, /, **labels: str) -> None:
        """Wait until a sample has this value."""
        deadline, found = monotonic() + WAIT_S, None
        while (found := (await self.metrics()).get(name, **labels)) != value:
            assert monotonic() < deadline, f"{name}{labels} is {found}, never {value}\n{self.stderr[-2000:]}"
            await asyncio.sleep(SCRAPE_EVERY_S)


class Samples:
    """One scrape."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]

    def get(self, name: str, /, **labels: str) -> float | None:
        """The value of the one sample with exactly these labels; None where there is none."""
        found = [sample.value for sample in self._samples if sample.name == name and sample.labels == labels]
        assert len(found) < 2, f"{name}{labels} is there twice"
        return found[0] if found else None


@contextmanager
def running(
    arguments: Sequence[str], folder: Path, variables: Mapping[str, str], *, label: str = "process"
) -> Iterator[Process]:
    """Run `python -m bot` with these arguments in `folder`. Whatever is left of it at the end is killed."""
    command = [sys.executable, "-m", "bot", *arguments]
    with (folder / f"{label}.out").open("wb") as out, (folder / f"{label}.err").open("wb") as err:
        popen = subprocess.Popen(
            command, cwd=folder, env=environment(variables), stdin=subprocess.DEVNULL, stdout=out, stderr=err
        )
    try:
        yield Process(popen, folder, label)
    finally:
        if popen.poll() is None:
            popen.kill()
        popen.wait()


@dataclass(frozen=True, slots=True)
class Ended:
    """What a command left behind."""

    code: int
    stdout: str
    stderr: str


async def ended(arguments: Sequence[str], folder: Path, variables: Mapping[str, str], *, label: str) -> Ended:
    """Run a command to its end, while this process's fakes go on answering."""
    with running(arguments, folder, variables, label=label) as process:
        code = await process.exit()
        return Ended(code, process.stdout, process.stderr)
