"""Keeps the garbage collector from holding the event loop while rules are loaded by the thousand."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_full_collection() -> Iterator[None]:
    """A thousand new rules set off a full collection, which holds the event loop for tens of milliseconds.

    What is loaded meanwhile stays as long as the service does, so no later collection need look at it either.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
