"""Apprise, with the real library and its json:// service on loopback."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Iterator

import pytest

from bot.destinations import catalog
from bot.destinations.apprise import AppriseDestination
from bot.destinations.catalog import Means, build, missing
from bot.destinations.settings import AppriseSettings, WebhookSettings
from bot.model.errors import InputError
from bot.model.outcomes import Retry, Sent, Unknown
from bot.model.ports import Rate
from bot.model.secret import Secret
from bot.render.look import Look
from tests.destinations.contract import BlindContract, FixedContract, Rig
from tests.fakes import faults
from tests.fakes.receiver import FakeJsonService
from tests.render.samples import HOSTILE_TEXT, NOW_NS, NVDA, altered, batch, delivery, digest, notice

pytest.importorskip("apprise")
pytestmark = pytest.mark.filterwarnings(
    "ignore:'imghdr' is deprecated:DeprecationWarning"  # Apprise imports it for its e-mails, before Python 3.13
)


def service(url: str) -> AppriseDestination:
    settings = AppriseSettings(type="apprise", url=Secret(url))
    found = build("room", settings, Means(look=Look(), now_ns=lambda: NOW_NS))
    assert isinstance(found, AppriseDestination)
    return found


@pytest.fixture
async def receiver() -> AsyncIterator[FakeJsonService]:
    async with FakeJsonService() as found:
        yield found
        assert found.unexpected == []


@pytest.fixture
async def destination(receiver: FakeJsonService) -> AsyncIterator[AppriseDestination]:
    found = service(receiver.url)
    yield found
    await found.close()


def shown(receiver: FakeJsonService) -> list[str]:
    return [f"{message['title']}\n{message['message']}" for message in receiver.messages]


class TestContract(FixedContract, BlindContract):
    @pytest.fixture
    def rig(self, receiver: FakeJsonService, destination: AppriseDestination) -> Rig:
        return Rig(destination, shown=lambda: shown(receiver), woken=set, secret=receiver.token)


async def test_an_alert_in_plain_text(receiver: FakeJsonService, destination: AppriseDestination) -> None:
    """The headline is the title; what upstream could make a mention of is broken by an invisible space."""
    assert await destination.send(batch()) == Sent()
    (message,) = receiver.messages
    assert (
        message["title"]
        == "NVDA 145C 7/17 (21d) · $2.4M · 🏆 GOLDEN SWEEP · ⚡ SWEEP @\u200bASK · 🐂 BULL · 94 EXTREME"
    )
    assert message["message"].splitlines()[0] == "NVDA 145C 7/17 (21d) · $2.4M"
    assert "1,200 @ $20" in message["message"]
    assert "a1b2c3d4" in message["message"]


async def test_no_mention_survives(receiver: FakeJsonService, destination: AppriseDestination) -> None:
    """Services that Apprise knows read them in plain text."""
    await destination.send(batch(delivery(altered(NVDA, ticker=HOSTILE_TEXT, sector=HOSTILE_TEXT))))
    (text,) = shown(receiver)
    assert [ping for ping in ("@everyone", "<@", "<!channel", "<#") if ping in text] == []


async def test_digests_and_notices(receiver: FakeJsonService, destination: AppriseDestination) -> None:
    """Their first line is the title."""
    for one in (digest(), notice()):
        assert await destination.send(one) == Sent()
    first, second = shown(receiver)
    assert "1,234 alerts" in first.splitlines()[0]
    assert "desk is parked: Slack refuses it" in second.splitlines()[0]


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (faults.answer(404, "no such fake-apprise-token"), " (HTTP 404)"),
        (faults.answer(401), " (HTTP 401)"),
        (faults.answer(429, "slow down", Retry_After="1"), " (HTTP 429)"),
        (faults.answer(302, Location="http://127.0.0.1:9/x"), " (HTTP 302)"),
        (faults.BAD_GATEWAY_AFTER, " (HTTP 502)"),
        (faults.RESET_AFTER, ""),
    ],
)
async def test_whatever_failed_is_unknown(
    receiver: FakeJsonService, destination: AppriseDestination, fault: faults.Fault, status: str
) -> None:
    """Apprise answers no to what was refused and to what may have arrived alike; only a number of its words is told."""
    receiver.script(fault)
    words = f"Apprise says that it failed{status}, not why: try the URL with its own command, apprise -vv -b test"
    assert await destination.send(batch()) == Unknown(words)
    assert len(receiver.seen) == 1


async def test_a_message_that_hangs_holds_up_one_message(
    receiver: FakeJsonService, destination: AppriseDestination, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is given up; the next waits for its thread, and does not go out behind our back."""
    monkeypatch.setattr("bot.destinations.apprise.TIMEOUT_S", 0.2)
    receiver.script(faults.HANG)
    assert await destination.send(batch()) == Unknown("Apprise has not come back within 0.2 s")
    assert await destination.send(batch()) == Retry("the message before is still on its way")
    await receiver.stop()
    await asyncio.to_thread(destination._last.exception if destination._last else int, 5)
    async with receiver:
        assert await destination.send(batch()) == Sent()
    assert len(receiver.messages) == 1


async def test_one_at_a_time(receiver: FakeJsonService, destination: AppriseDestination) -> None:
    """Messages that are handed over together wait for each other, and none is refused for it."""
    together = [destination.send(batch(id=f"batch{index}")) for index in range(4)]
    assert await asyncio.gather(*together) == [Sent()] * 4
    assert len(receiver.messages) == 4


async def test_nobody_reads_its_logs(
    receiver: FakeJsonService, destination: AppriseDestination, root: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    """They name the URL, at DEBUG whole and at WARNING in part; nothing reaches our log or standard error."""
    for library in ("apprise", "urllib3"):
        logging.getLogger(library).setLevel(logging.DEBUG)
    receiver.script(faults.answer(404), faults.RESET_BEFORE)
    for _ in range(3):
        await destination.send(batch())
    with pytest.raises(InputError):
        service("slack://fake-bad-token")
    assert root == []
    assert capfd.readouterr() == ("", "")


@pytest.fixture
def root() -> Iterator[list[str]]:
    """What reaches the root logger from either library, where `bot.logs` listens."""

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.name.startswith(("apprise", "urllib3")):
                heard.append(record.getMessage())

    heard: list[str] = []
    listener = Listener()
    logging.getLogger().addHandler(listener)
    yield heard
    logging.getLogger().removeHandler(listener)


@pytest.fixture(autouse=True)
def loggers() -> Iterator[None]:
    """As they were: each test finds the libraries' loggers untouched."""
    found = [logging.getLogger(name) for name in ("apprise", "urllib3")]
    before = [(logger.propagate, logger.level) for logger in found]
    yield
    for logger, (propagate, level) in zip(found, before, strict=True):
        logger.propagate = propagate
        logger.setLevel(level)


@pytest.mark.parametrize("url", ["slack://fake-bad-token", "nonsense://fake-token", "fake-token", "https://"])
async def test_a_url_that_apprise_does_not_know(url: str) -> None:
    """Said when it is built, without the URL."""
    with pytest.raises(InputError) as caught:
        service(url)
    assert 'destination "room": the apprise library does not understand its url' in str(caught.value)
    assert "token" not in str(caught.value)


def test_the_library_is_optional(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it the admin reads, before anything runs, how to install it; other types need nothing."""
    assert missing("room", AppriseSettings, ()) is None
    monkeypatch.setattr(catalog, "find_spec", lambda name: None)
    assert missing("room", WebhookSettings, ()) is None
    words = 'destination "room" needs the apprise library: pip install "flowbot[apprise]"'
    assert missing("room", AppriseSettings, ()) == words


async def test_the_services_own_pace_and_size_are_kept() -> None:
    """ntfy: a request in 5.5 s (Apprise's default, which it would sleep for) and 7800 characters."""
    destination = service("ntfy://127.0.0.1/fake-topic")
    (rates,) = destination.buckets.values()
    assert rates == (Rate(1, 5.5),)
    assert destination._service.request_rate_per_sec == 0
    long = delivery(altered(NVDA, notes=("x" * 200,) * 5))
    assert 2 <= destination.fit([long] * 10) <= 7800 // 1000
    await destination.close()


async def test_a_text_that_is_too_long_is_cut(receiver: FakeJsonService) -> None:
    """One message each, whatever the service's limit; an admin's own `overflow` stands."""
    destination = service(receiver.url)
    destination._service.body_maxlen = 100
    assert destination.fit([delivery()] * 3) == 1
    assert await destination.send(batch()) == Sent()
    await destination.close()
    (message,) = receiver.messages
    assert len(message["message"]) <= 100
    chosen = service(f"{receiver.url}?overflow=split")
    assert chosen._service.overflow_mode.value == "split"
    await chosen.close()


async def test_closing_ends_its_thread(receiver: FakeJsonService) -> None:
    """So that the process can end."""
    destination = service(receiver.url)
    await destination.send(batch())
    own = [thread for thread in threading.enumerate() if thread.name.startswith("apprise-room")]
    assert own != []
    await destination.close()
    for thread in own:
        thread.join(5)
    assert not any(thread.is_alive() for thread in own)
