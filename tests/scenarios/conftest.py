"""A world for every scenario."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.scenarios.world import World


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """The fakes run while the test does; a request that no platform documents fails it."""
    async with World(tmp_path) as world:
        yield world
