"""Reports on their way: queued once each, then a batch like any other."""

from collections.abc import Callable, Sequence

from bot.model.answers import Answer
from bot.outbox.writer import Transactions


class SqlitePosts:
    """A part of the outbox. Each call is a job of its writer, and raises StoreError where it cannot be done now."""

    _writer: Transactions
    _now_ns: Callable[[], int]

    async def post(self, name: str, report: Answer, send_to: Sequence[str], until_ns: int) -> frozenset[str]:
        """Queue a report for each destination, once for ever: `name` says which report of which day it is.

        The destinations for which it is new. What still waits at `until_ns` expires.
        """
        raise NotImplementedError
