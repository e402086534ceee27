"""Errors of websockets, TLS and the system, translated: those that a loopback server cannot bring about."""

import socket
import ssl

import pytest
from websockets.datastructures import Headers
from websockets.exceptions import (
    ConnectionClosedError,
    ConnectionClosedOK,
    InvalidHandshake,
    InvalidProxyStatus,
    InvalidStatus,
)
from websockets.frames import Close
from websockets.http11 import Response

from bot.providers.ends import end_of_attempt, end_of_session, is_connection_limit


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ConnectionClosedError(None, None), "lost"),
        (ConnectionClosedError(None, Close(1011, "keepalive ping timeout")), "ping_timeout"),
        (ConnectionClosedError(Close(1009, ""), Close(1009, "too big"), rcvd_then_sent=False), "oversize"),
        (ConnectionClosedError(None, Close(1002, "")), "bad_frame"),
        (ConnectionClosedError(None, Close(1007, "")), "bad_frame"),
        (ConnectionClosedError(Close(1009, ""), Close(1009, ""), rcvd_then_sent=True), "closed"),  # the server's own
        (ConnectionClosedOK(Close(1000, ""), Close(1000, ""), rcvd_then_sent=True), "closed"),
        (ConnectionClosedError(Close(4001, "bye"), None), "closed"),
    ],
)
def test_how_a_session_ended(error: ConnectionClosedError | ConnectionClosedOK, reason: str) -> None:
    """Who closed, and why."""
    assert end_of_session(error).reason == reason


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (socket.gaierror(-2, "Name or service not known"), "dns"),
        (TimeoutError("timed out during opening handshake"), "timeout"),
        (ConnectionRefusedError(111, "Connect call failed"), "unreachable"),
        (OSError(113, "No route to host"), "unreachable"),
        (OSError("Multiple exceptions: [Errno 111] …, [Errno 101] …"), "unreachable"),
        (ssl.SSLCertVerificationError(1, "certificate verify failed"), "tls"),
        (InvalidHandshake(), "bad_handshake"),
        (InvalidProxyStatus(Response(407, "Proxy Authentication Required", Headers())), "proxy"),
        (ImportError("connecting through a SOCKS proxy requires python-socks"), "proxy"),
    ],
)
def test_why_no_session_began(error: OSError | InvalidHandshake | ImportError, reason: str) -> None:
    """Each in a trader's words, which say something."""
    end = end_of_attempt(error, 0.0)
    assert end.reason == reason
    assert end.detail


def test_the_servers_own_words_are_told_in_part() -> None:
    """A maintenance page does not fill the log."""
    response = Response(502, "Bad Gateway", Headers(), b"<html>" + b"x" * 5000)
    detail = end_of_attempt(InvalidStatus(response), 0.0).detail
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
