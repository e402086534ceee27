"""What the commands that do one thing say; how they are typed, tests/test_cli.py knows."""

from pathlib import Path
from time import time_ns

import pytest

from bot import errands
from bot.model.errors import UnavailableError
from bot.model.steering import Act
from bot.outbox.sqlite import open_outbox
from tests.configurations import settings


@pytest.fixture
def config(tmp_path: Path) -> Path:
    settings(tmp_path)
    return tmp_path / "config.yaml"


def test_the_audit_log_needs_a_store(config: Path) -> None:
    """None is made for it."""
    with pytest.raises(UnavailableError, match="there is no store"):
        errands.audit(config, 50)
    assert not (config.parent / "state").exists()


async def test_the_audit_log(config: Path) -> None:
    """Who did what and what came of it, the newest first, as many as are asked for; nothing, in words."""
    outbox = open_outbox(config.parent / "state" / "flowbot.db", time_ns)
    try:
        assert errands.audit(config, 50).startswith("nobody has steered yet; the log is in ")
        now_ns = time_ns()
        acts = [
            ("discord:1 (ada)", "pause", "paused"),
            ("slack:U1", "resume", "resumed"),
            ("slack:U1", "reload", "good"),
        ]
        for index, (by, what, result) in enumerate(acts):
            await outbox.note_act(Act(now_ns + index, by, what, result))
        told = [line.split(maxsplit=2)[2] for line in errands.audit(config, 2).splitlines()]  # after `12:31:05 ET`
        assert told == ["slack:U1  reload  good", "slack:U1  resume  resumed"]
    finally:
        await outbox.close()
