"""What tests of several rooms need."""

import gc
import logging
from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture
def own_logs() -> Iterator[None]:
    """Whatever the test, or a command that it runs in this process, sets up for logging is undone afterwards."""
    was_configured, before = structlog.is_configured(), structlog.get_config()
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    if was_configured:
        structlog.configure(**before)
    else:
        structlog.reset_defaults()
    root.handlers = handlers
    root.setLevel(level)


def pytest_collection_finish() -> None:
    """Five thousand tests are loaded by now and stay: no collection need look at them again and again."""
    gc.freeze()
