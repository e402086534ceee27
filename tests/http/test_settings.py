"""Where the HTTP listener listens: host and port, and what is neither."""

import pytest
from pydantic import ValidationError

from bot.http.settings import HttpSettings


@pytest.mark.parametrize(
    ("listen", "address"),
    [
        ("127.0.0.1:8080", ("127.0.0.1", 8080)),
        ("0.0.0.0:0", ("0.0.0.0", 0)),
        ("localhost:65535", ("localhost", 65535)),
        ("[::1]:8080", ("::1", 8080)),
    ],
)
def test_host_and_port(listen: str, address: tuple[str, int]) -> None:
    """The address as a socket takes it, an IPv6 host without its brackets."""
    assert HttpSettings(listen=listen).address == address


@pytest.mark.parametrize(
    "listen", ["8080", ":8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:http", "h:65536", "h:-1", ""]
)
def test_what_is_no_address(listen: str) -> None:
    """Refused, with an example of what is one."""
    with pytest.raises(ValidationError, match=r"127\.0\.0\.1:8080"):
        HttpSettings(listen=listen)


def test_default_is_this_machine_only() -> None:
    """Metrics and the quarantine are nobody else's business."""
    assert HttpSettings().address == ("127.0.0.1", 8080)
