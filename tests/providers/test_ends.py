"""Codes, refusals and the system's errors, translated: those that a loopback server cannot bring about."""

import socket
import ssl

import pytest

from bot.providers.ends import end_by_server, end_of_fault, end_of_refusal, end_of_system, is_connection_limit


@pytest.mark.parametrize(
    ("code", "reason", "detail"),
    [
        (1000, "", "the server closed the connection (1000)"),
        (4001, "bye", "the server closed the connection (4001): bye"),
        (0, "", "the server closed the connection (1005)"),  # RFC 6455: no status code was present
        (1009, "", "the server closed the connection (1009)"),  # too big for the server: no fault of a frame of its own
    ],
)
def test_the_server_closed(code: int, reason: str, detail: str) -> None:
    """Its code and its words are told."""
    end = end_by_server(code, reason)
    assert (end.reason, end.detail) == ("closed", detail)


@pytest.mark.parametrize(("code", "reason"), [(1009, "oversize"), (1002, "bad_frame"), (1007, "bad_frame")])
def test_we_closed_because_of_a_frame(code: int, reason: str) -> None:
    """Too big, or no WebSocket frame at all."""
    end = end_of_fault(code)
    assert end.reason == reason
    assert end.detail


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (socket.gaierror(-2, "Name or service not known"), "dns"),
        (TimeoutError("timed out during opening handshake"), "timeout"),
        (ConnectionRefusedError(111, "Connect call failed"), "unreachable"),
        (OSError(113, "No route to host"), "unreachable"),
        (OSError("Multiple exceptions: [Errno 111] …, [Errno 101] …"), "unreachable"),
        (ssl.SSLCertVerificationError(1, "certificate verify failed"), "tls"),
    ],
)
def test_why_no_session_began(error: OSError, reason: str) -> None:
    """Each in a trader's words, which say something."""
    end = end_of_system(error)
    assert end.reason == reason
    assert end.detail


def test_the_servers_own_words_are_told_in_part() -> None:
    """A maintenance page does not fill the log."""
    detail = end_of_refusal(502, "<html>" + "x" * 5000, None, 0.0).detail
    assert detail.startswith("the server refused with HTTP 502: <html>x")
    assert len(detail) < 300


@pytest.mark.parametrize(
    ("told", "is_limit"),
    [
        ("connection limit reached", True),
        ("Too many connections for this key", True),
        ("Another connection is already open", True),
        ("Maximum 1 connection per key", True),
        ("Insufficient tier (endpoint requires Pro+)", False),
        ("rate limit exceeded", False),
        ("", False),
    ],
)
def test_a_connection_limit_is_told_from_other_refusals(told: str, is_limit: bool) -> None:
    """How OptionWhales words it is not documented."""
    assert is_connection_limit(told) == is_limit
