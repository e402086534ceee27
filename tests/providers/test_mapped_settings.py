"""What of a mapped provider's settings does not go together, or could not be sent."""

from typing import Any

import pytest
from pydantic import ValidationError

from tests.providers.mapped import settings

READS = {"fields": {"ticker": "t"}}
STREAM = {"map": READS, "url": "wss://feed.example/"}
POLL = {"map": READS, "transport": "poll", "url": "https://feed.example/"}
HOOK = {"map": READS, "transport": "webhook", "path": "/hooks/x", "api_key": "fake-key"}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({**STREAM, "every": 5, "since": {"query": "s"}}, "transport websocket has no every and no since"),
        ({**STREAM, "path": "/hooks/x"}, "transport websocket has no path"),
        ({**POLL, "subscribe": [{"a": 1}]}, "transport poll has no subscribe"),
        ({**POLL, "auth": {"first_message": {"a": 1}}}, "expected header or query"),
        ({**POLL, "auth": {"session": {"post": "https://feed.example/", "path": "id"}}}, "expected header or query"),
        ({**HOOK, "url": "https://feed.example/"}, "transport webhook has no url"),
        ({**HOOK, "path": "/metrics"}, "flowbot itself answers there"),
        ({**STREAM, "auth": {"header": {"X Y": "a"}}}, "plain characters"),
        ({**STREAM, "auth": {"header": {"X-Y": "a\r\nHost: b"}}}, "plain characters"),
        ({**STREAM, "auth": {"query": {"a": "{ticker}"}}, "tickers": ["A"]}, "expected {tickers}"),
        ({**STREAM, "tickers": ["A B"]}, "should match pattern"),
        ({**STREAM, "url": "ws://feed.example/"}, "this machine only"),
        ({**STREAM, "url": "wss://user:pw@feed.example/"}, "without user name and password"),
    ],
)
def test_what_does_not_go_together_is_told(given: dict[str, Any], told: str) -> None:
    """Instead of being passed over in silence."""
    with pytest.raises(ValidationError, match=told):
        settings(**given)
