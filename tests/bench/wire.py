"""How the bench speaks to its own servers: one JSON object a line on standard input, one answer a line on standard
output. A server ends when its input does, so none outlives the bench."""

import asyncio
import contextlib
import json
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

Answer = Mapping[str, object]
Handler = Callable[..., Awaitable[Answer]]


def tell(answer: Answer) -> None:
    """Answer, unless nobody is left to read it."""
    with contextlib.suppress(BrokenPipeError):
        print(json.dumps(answer), flush=True)


async def obey(handlers: Mapping[str, Handler]) -> None:
    """Carry out commands, one after another, until the input ends."""
    while line := await asyncio.to_thread(sys.stdin.readline):
        command: dict[str, Any] = json.loads(line)
        try:
            answer = await handlers[command.pop("do")](**command)
        except Exception as error:  # noqa: BLE001 - supervises the commands: whoever asked decides what a failure means
            answer = {"failed": f"{type(error).__name__}: {error}"}
        tell(answer)
