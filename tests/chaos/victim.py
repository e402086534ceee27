"""`python -m tests.chaos.victim POINT -- run -c config.yaml`: flowbot itself, which kills itself at one point.

Only functions that rooms show to one another are wrapped, and before `bot.app` is imported, so that the product's own
code runs unchanged up to the blow. Knows nothing of what is expected afterwards.
"""

import os
import signal
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, Literal, NoReturn

from tests.chaos.gathering import Gathering

Ambush = Literal["receive", "match", "commit", "before-post", "answer"]


def die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("alive after SIGKILL")


def on_receive() -> None:
    """The print is a value, and nobody has looked at it."""
    from bot.engine.intake import Intake

    _wrap(Intake, "accept", lambda accept: lambda self, found: die())


def on_match() -> None:
    """A rule matched; nothing is in line for the store."""
    from bot.rules.index import RuleIndex

    def around(match: Callable[..., Any]) -> Callable[..., Any]:
        return lambda self, found: die() if match(self, found) else ()

    _wrap(RuleIndex, "match", around)


def on_commit() -> None:
    """The first transaction with an alert is on the disk; the engine has not heard of it."""
    from bot.outbox.sqlite import SqliteOutbox

    def around(commit: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(commit)
        async def commit_ambushed(*given: Any, **named: Any) -> Any:
            done = await commit(*given, **named)
            if done.alerts:
                die()
            return done

        return commit_ambushed

    _wrap(SqliteOutbox, "commit", around)


def on_send(*, is_answered: bool) -> None:
    """Every destination is about to post, or has its answer and has not recorded it."""
    from bot.destinations import catalog

    gathering = Gathering(die)

    def around(send: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(send)
        async def send_ambushed(self: Any, batch: Any) -> Any:
            if is_answered:
                await send(self, batch)
            await gathering.arrive(self.name)

        return send_ambushed

    def building(build: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(build)
        def build_ambushed(name: str, *given: Any, **named: Any) -> Any:
            built = build(name, *given, **named)
            gathering.expected.add(name)
            if not hasattr(type(built).send, "__wrapped__"):
                _wrap(type(built), "send", around)
            return built

        return build_ambushed

    _wrap(catalog, "build", building)


AMBUSHES: dict[Ambush, Callable[[], None]] = {
    "receive": on_receive,
    "match": on_match,
    "commit": on_commit,
    "before-post": lambda: on_send(is_answered=False),
    "answer": lambda: on_send(is_answered=True),
}


def _wrap(owner: object, name: str, around: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    setattr(owner, name, around(getattr(owner, name)))


def main() -> None:
    point, _, *arguments = sys.argv[1:]
    found = next((ambush for name, ambush in AMBUSHES.items() if name == point), None)
    assert found is not None, f"no such point: {point}"
    found()
    sys.argv[1:] = arguments

    from bot.cli import main as flowbot

    flowbot()


if __name__ == "__main__":
    main()
