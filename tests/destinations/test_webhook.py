"""The signed webhook: the destinations' contract, its signature, its body's way, and where it refuses to post."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import pytest
from pydantic import ValidationError

from bot.destinations.catalog import Means, build
from bot.destinations.guarded import is_public
from bot.destinations.settings import WebhookSettings
from bot.destinations.webhook import signed
from bot.model.outcomes import DestinationDead, Permanent, Retry, Sent
from bot.model.ports import Destination
from bot.model.secret import Secret
from bot.render.look import Look
from tests.destinations.contract import BlindContract, FixedContract, NetworkContract, NetworkRig, Rig
from tests.fakes import faults
from tests.fakes.receiver import FakeReceiver
from tests.render.samples import NOW_NS, batch, delivery, digest, notice

NOW_S = 1_782_484_265
REMEDY = "which is no public address: set allow_private: true if that is meant"


def webhook(
    url: str,
    *,
    allow_private: bool = True,
    secret: str = "fake-signing-secret",  # noqa: S107 a fake one
    now_ns: Callable[[], int] = lambda: NOW_NS,
) -> Destination:
    settings = WebhookSettings(type="webhook", url=Secret(url), secret=Secret(secret), allow_private=allow_private)
    return build("room", settings, Means(look=Look(), now_ns=now_ns))


@pytest.fixture
async def receiver() -> AsyncIterator[FakeReceiver]:
    async with FakeReceiver(clock=lambda: NOW_S) as found:
        yield found
        assert found.unexpected == []


@pytest.fixture
async def destination(receiver: FakeReceiver) -> AsyncIterator[Destination]:
    found = webhook(receiver.url)
    yield found
    await found.close()


class TestContract(NetworkContract, FixedContract, BlindContract):
    @pytest.fixture
    def network(self, receiver: FakeReceiver, destination: Destination) -> NetworkRig:
        return NetworkRig(
            destination,
            shown=lambda: [message.body.decode() for message in receiver.messages],
            woken=set,
            secret=receiver.token,
            server=receiver,
        )

    @pytest.fixture
    def rig(self, network: NetworkRig) -> Rig:
        return network


async def test_a_message_is_signed_as_the_readme_says(receiver: FakeReceiver, destination: Destination) -> None:
    """HMAC-SHA256 of timestamp, dot and body; the receiver verifies it, and knows the batch by its key."""
    assert isinstance(await destination.send(batch()), Sent)
    (message,) = receiver.messages
    assert message.headers["X-Timestamp"] == "1782484265"
    assert message.headers["Idempotency-Key"] == "batch0001"
    assert message.headers["User-Agent"].startswith("flowbot/")


def test_the_signature_is_everybodys_hmac() -> None:
    """Computed with `printf '1782484265.{}' | openssl dgst -sha256 -hmac fake-signing-secret`."""
    assert signed(b"{}", Secret("fake-signing-secret"), 1782484265) == {
        "X-Timestamp": "1782484265",
        "X-Signature": "sha256=d5949385558a0816283c6c4c3ed8dc40aa90d03ae5503cbd1ca4f8671e845796",
    }


async def test_another_secret_is_refused(receiver: FakeReceiver) -> None:
    """The receiver's 401 parks the destination."""
    destination = webhook(receiver.url, secret="another-fake-secret")
    assert await destination.send(batch()) == DestinationDead("HTTP 401: bad signature")
    await destination.close()


async def test_every_attempt_is_signed_anew(receiver: FakeReceiver) -> None:
    """The same body and key, with the time of the attempt: an hour later the receiver's window is another."""
    moments = iter([NOW_NS, NOW_NS + 200 * 1_000_000_000])
    destination = webhook(receiver.url, now_ns=lambda: next(moments))
    for _ in range(2):
        assert isinstance(await destination.send(batch()), Sent)
    await destination.close()
    first, second = receiver.messages
    assert first.body == second.body
    assert first.key == second.key
    assert (first.headers["X-Timestamp"], second.headers["X-Timestamp"]) == ("1782484265", "1782484465")
    assert first.headers["X-Signature"] != second.headers["X-Signature"]


@pytest.mark.parametrize("answer", [200, 409])
async def test_a_receiver_that_has_had_it_says_so(answer: int) -> None:
    """A second message with the same key is dropped there, and counts as sent here."""
    async with FakeReceiver(clock=lambda: NOW_S, repeat=answer) as receiver:
        destination = webhook(receiver.url)
        assert [await destination.send(batch()) for _ in range(2)] == [Sent(), Sent()]
        await destination.close()
        assert len(receiver.messages) == 1


async def test_digests_and_notices_are_sent_too(receiver: FakeReceiver, destination: Destination) -> None:
    """Each as its type says."""
    for one in (batch(), digest(), notice()):
        assert isinstance(await destination.send(one), Sent)
    assert [message.content["type"] for message in receiver.messages] == ["alerts", "digest", "notice"]


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("header", "wait_s"),
    [("7", 7.0), (format_datetime(datetime.fromtimestamp(NOW_S + 90, UTC), usegmt=True), 90.0)],
)
async def test_the_receiver_says_when_to_come_back(
    receiver: FakeReceiver, destination: Destination, status: int, header: str, wait_s: float
) -> None:
    """In seconds or as a date (RFC 9110), with 429 or 503."""
    receiver.script(faults.answer(status, "busy", Retry_After=header))
    assert await destination.send(batch()) == Retry("busy", after_s=wait_s, is_asked=True)


async def test_nonsense_in_retry_after_is_no_wait(receiver: FakeReceiver, destination: Destination) -> None:
    """Our own backoff decides."""
    receiver.script(faults.answer(429, "", Retry_After="soon"), faults.answer(503, "down", Retry_After="soon"))
    assert await destination.send(batch()) == Retry("HTTP 429", is_asked=True)
    assert await destination.send(batch()) == Retry("HTTP 503: down")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_redirects_are_not_followed(receiver: FakeReceiver, destination: Destination, status: int) -> None:
    """A redirect could lead anywhere, with our body and a signature that is good for five minutes."""
    receiver.script(faults.answer(status, "", Location=receiver.url))
    words = f"HTTP {status}: a redirect, which is not followed: configure the final URL"
    assert await destination.send(batch()) == DestinationDead(words)
    assert len(receiver.seen) == 1


async def test_a_path_that_comes_back_is_starred(receiver: FakeReceiver) -> None:
    """Whole or in parts: a receiver often repeats the path that it does not know."""
    destination = webhook(f"{receiver.url}?key=fake-query-key")
    receiver.script(
        faults.answer(400, "no key fake-query-key"),
        faults.answer(400, f"Cannot POST /hooks/{receiver.token}"),
        faults.answer(400, f"Cannot POST /hooks/{receiver.token}?key=fake-query-key"),
    )
    outcomes = [await destination.send(batch()) for _ in range(3)]
    await destination.close()
    assert outcomes == [
        Permanent("HTTP 400: no key ***"),
        Permanent("HTTP 400: Cannot POST ***"),
        Permanent("HTTP 400: Cannot POST ***"),
    ]


# --- where it refuses to post ---


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1",
        "169.254.169.254", "100.64.0.1", "100.100.100.200", "100.127.255.255", "168.63.129.16", "192.0.0.192",
        "192.88.99.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.250",
        "240.0.0.1", "255.255.255.255",
        "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "2001:db8::1",
        "3fff::1", "100::1", "2001::1", "::7f00:1", "64:ff9b:1::7f00:1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::", "2002:c0a8:101::1",
        "localhost", "2130706433", "",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public(address: str) -> None:
    """Of IANA's special-purpose registries, the clouds' metadata, and IPv6 that carries such an IPv4."""
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    ["1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8",
     "64:ff9b::808:808", "2002:808:808::1"],
)  # fmt: skip
def test_addresses_that_are_public(address: str) -> None:
    """The neighbours of the closed blocks, and IPv6 that carries a public IPv4."""
    assert is_public(address)


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("localhost", "127.0.0.1"),
        ("0x7f.1", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("10.0.0.1", "10.0.0.1"),
        ("169.254.169.254", "169.254.169.254"),
        ("100.64.0.1", "100.64.0.1"),
        ("[::1]", "::1"),
        ("[::ffff:127.0.0.1]", "::ffff:7f00:1"),
        ("[::ffff:a9fe:a9fe]", "::ffff:a9fe:a9fe"),
        ("[64:ff9b::7f00:1]", "64:ff9b::7f00:1"),
        ("[fd00:ec2::254]", "fd00:ec2::254"),
    ],
)
async def test_a_url_that_leads_inside_is_refused(host: str, address: str) -> None:
    """Named in any way, before a packet goes out; the admin reads how to allow it."""
    destination = webhook(f"https://{host}:9/x", allow_private=False)
    outcome = await destination.send(batch())
    await destination.close()
    assert isinstance(outcome, DestinationDead)
    assert outcome.reason.endswith(REMEDY)
    assert address in outcome.reason or host == "localhost"


@pytest.mark.parametrize("host", ["2130706433", "127.1", "0177.0.0.1", "127.0.0.01", "017700000001"])
async def test_numbers_that_the_system_would_read_as_an_address_are_refused(host: str) -> None:
    """`inet_aton` takes them all for 127.0.0.1."""
    destination = webhook(f"https://{host}:9/x", allow_private=False)
    outcome = await destination.send(batch())
    await destination.close()
    assert isinstance(outcome, DestinationDead)


async def test_a_name_that_turns_to_loopback_reaches_nobody(
    receiver: FakeReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: what a name said a moment ago counts for nothing, the address connected to does."""
    port = int(receiver.origin.rpartition(":")[2])

    async def lookup(*_: object, **__: object) -> list[Any]:
        return [(2, 1, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", lookup)
    destination = webhook(f"https://hooks.example:{port}/hooks/x", allow_private=False)
    assert await destination.send(batch()) == DestinationDead(f"its URL leads to 127.0.0.1, {REMEDY}")
    await destination.close()
    assert receiver.seen == []
    opened = webhook(f"http://hooks.example:{port}/hooks/{receiver.token}")
    assert isinstance(await opened.send(batch()), Sent)  # the lookup is what the connection uses
    await opened.close()


async def test_a_name_that_nobody_knows_is_no_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    """The resolver may be down: try again."""

    async def lookup(*_: object, **__: object) -> list[Any]:
        raise OSError(-2, "Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", lookup)
    destination = webhook("https://hooks.example/x", allow_private=False)
    assert isinstance(await destination.send(batch()), Retry)
    await destination.close()


async def test_no_proxy_from_the_environment(receiver: FakeReceiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would connect in our place, to whatever address it likes."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    destination = webhook(receiver.url)
    assert isinstance(await destination.send(batch()), Sent)
    await destination.close()


@pytest.mark.parametrize("url", ["http://hooks.example/x", "ftp://hooks.example/x", "https:///x"])
def test_settings_want_an_https_url_with_a_host(url: str) -> None:
    """Plain http:// only where private addresses are allowed."""
    with pytest.raises(ValidationError):
        WebhookSettings(type="webhook", url=Secret(url), secret=Secret("fake"))


async def test_a_full_message(destination: Destination) -> None:
    """Fifty alerts at most."""
    assert destination.fit([delivery()] * 100) == 50
