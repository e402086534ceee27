"""Children: the bench's own servers, which are asked, and the clients, which are measured. Each is ended by its id."""

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
ANSWER_S = 180.0
GRACE_S = 15.0
"""For a client that was told to stop."""


class BenchError(Exception):
    """The bench itself, or a program that it measures, broke: its figures mean nothing."""


class Server:
    """One of the bench's servers, `python -m MODULE`: see `tests.bench.wire`."""

    def __init__(self, module: str, *arguments: str) -> None:
        self._module = module
        command = [sys.executable, "-m", module, *arguments]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.hello = self._answer()

    def ask(self, do: str, **arguments: object) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": do, **arguments}).encode() + b"\n")
        self._process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        """End it; may be called twice."""
        if self._process.stdin is not None and not self._process.stdin.closed:
            self._process.stdin.close()
        try:
            self._process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            line = self._process.stdout.readline() if selector.select(ANSWER_S) else b""
        if not line:
            raise BenchError(f"{self._module} gave no answer: see its traceback above")
        answer: dict[str, Any] = json.loads(line)
        if "failed" in answer:
            raise BenchError(f"{self._module}: {answer['failed']}")
        return answer


class Client:
    """A program under measurement."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self._log = log
        # The proxy of the environment is not for loopback, and not every client here knows.
        everything = {**os.environ, **environment, "NO_PROXY": "*", "no_proxy": "*", "PYTHONPATH": str(ROOT)}
        self.began = time.perf_counter()
        with log.open("wb") as stderr:
            self._process = subprocess.Popen(
                command, cwd=log.parent, env=everything, stdin=subprocess.DEVNULL, stdout=stderr, stderr=stderr
            )

    def finish(self, how: signal.Signals | None = None, *, grace_s: float = GRACE_S) -> float:
        """Send `how`, if anything, wait for the end, and give the CPU seconds of the whole life.

        Raises BenchError where it does not end, or by itself with another exit code than 0.
        """
        if how is not None:
            self._process.send_signal(how)
        deadline = time.monotonic() + grace_s
        while (cpu_s := self._reap()) is None:
            if time.monotonic() > deadline:
                self.kill()
                raise BenchError(f"it did not end within {grace_s:g} s of {how!r}:\n{self.words()}")
            time.sleep(0.01)
        code = self._process.returncode
        if code not in (0, -how if how is not None else 0):
            raise BenchError(f"exit code {code}:\n{self.words()}")
        return cpu_s

    def kill(self) -> None:
        """End it at once; may be called twice, and after `finish`."""
        if self._process.returncode is None:
            self._process.kill()
            self._process.wait()

    def peak_bytes(self) -> int:
        """The most memory it has held so far, while it runs."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        (kilobytes,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(kilobytes) * 1024

    def port(self) -> int:
        """Of flowbot's HTTP listener, once it has logged it."""
        for line in self._log.read_text(errors="replace").splitlines():
            if '"http.listening"' in line:
                return int(json.loads(line)["port"])
        raise BenchError(f"it never said where it listens:\n{self.words()}")

    def words(self) -> str:
        """The end of what it wrote."""
        return self._log.read_text(errors="replace")[-3000:]

    def _reap(self) -> float | None:
        # Not Popen.wait: only wait4 tells what this one child used.
        pid, status, used = os.wait4(self._process.pid, os.WNOHANG)
        if pid == 0:
            return None
        self._process.returncode = os.waitstatus_to_exitcode(status)
        return used.ru_utime + used.ru_stime
