"""The log: one JSON object a line or lines for people, ours and the libraries', and no secret in any of them."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from bot.logs import LogSettings, Redactor, configure, redactor
from bot.model.secret import STARS, Secret

WEBHOOK = "https://discord.com/api/webhooks/123456789012345678/hook-token_abc?thread_id=42"
SLACK_HOOK = "https://hooks.slack.com/services/T0FAKE/B0FAKE/slackhooksecret"
PROXIED_HOOK = "https://proxy.example/slack/T0FAKE/B0FAKE/proxiedsecret"


class Written:
    """What has been written to standard error."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self._text = ""

    @property
    def text(self) -> str:
        self._text += self._capsys.readouterr().err
        return self._text

    @property
    def events(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def stderr(capsys: pytest.CaptureFixture[str]) -> Iterator[Written]:
    """Standard error; afterwards logging is as it was before."""
    root = logging.getLogger()
    handlers, level, known = root.handlers, root.level, redactor._known
    yield Written(capsys)
    root.handlers, redactor._known = handlers, known
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("key rp-secret-1 refused", f"key {STARS} refused"),
        ("rp-secret-12", STARS),  # the longer of two secrets, whole
        ("nothing here", "nothing here"),
        ("at https://discord.com/api/webhooks/123456789012345678/hook-token_abc?wait=true", None),
        ("the token hook-token_abc alone", f"the token {STARS} alone"),
        (SLACK_HOOK, None),
        ("only slackhooksecret", f"only {STARS}"),
        (PROXIED_HOOK, STARS),
        ("abc is too short to be one", "abc is too short to be one"),
    ],
)
def test_known_secrets_are_starred_out(said: str, shown: str | None) -> None:
    """Each secret of the configuration, and the telling part of each secret URL, wherever it stands."""
    learned = Redactor()
    learned.learn(map(Secret, ("rp-secret-1", "rp-secret-12", "abc", WEBHOOK, SLACK_HOOK, PROXIED_HOOK)))
    text = learned.text(said)
    assert shown is None or text == shown
    assert not any(secret in text for secret in ("hook-token_abc", "slackhooksecret", "proxiedsecret", "rp-secret"))


@pytest.mark.parametrize(
    ("said", "secret"),
    [
        ("POST https://discord.com/api/v10/webhooks/1234/aB-c_9 failed", "aB-c_9"),
        ("https://hooks.slack.com/services/T01/B01/xyz", "T01/B01/xyz"),
        ("token xoxb-12-34-abcdef rejected", "12-34-abcdef"),
        ("xapp-1-A0-99-fedcba", "99-fedcba"),
        ("wss://host/v1/ws?api_key=k%2Fey&x=1", "k%2Fey"),
        ("wss://host/socket?token=tok123", "tok123"),
        ("Authorization: Bot MTIzNDU2Nzg5MDEyMzQ1Njc4.Gabcde.fghijklmnop", "fghijklmnop"),
        ("Authorization: Bearer abcdef.ghi-jkl", "abcdef.ghi-jkl"),
    ],
)
def test_what_looks_like_a_secret_is_starred_out(said: str, secret: str) -> None:
    """Without being told of it: a library may build a URL or a header of its own."""
    shown = Redactor().text(said)
    assert secret not in shown
    assert STARS in shown


def test_ordinary_words_stay_readable() -> None:
    """A URL that ends in a plain word does not star that word out of every line: a log must stay of use."""
    learned = Redactor()
    learned.learn([Secret("https://relay.example/k3v9x2ab7q/hook")])
    assert learned.text("hook took 3 alerts") == "hook took 3 alerts"
    assert "k3v9x2ab7q" not in learned.text("posting to https://relay.example/k3v9x2ab7q/hook")


def test_values_of_every_shape_are_redacted() -> None:
    """Secrets hide in lists, mappings, exceptions and bytes; numbers, truth and nothing stay what they are."""
    learned = Redactor()
    learned.learn([Secret("hidden-1")])
    event = {
        "list": ["a hidden-1"], "map": {"deep": {"er": "hidden-1"}}, "error": ValueError("hidden-1"),
        "set": {"hidden-1"}, "bytes": b"hidden-1", "number": 7, "truth": True, "nothing": None, "share": 0.5,
    }  # fmt: skip
    shown = learned(None, "info", event)
    assert "hidden-1" not in repr(shown)
    assert (shown["number"], shown["truth"], shown["nothing"], shown["share"]) == (7, True, None, 0.5)
    assert shown["map"] == {"deep": {"er": STARS}}


def test_learning_again_forgets_the_old() -> None:
    """What the configuration holds now is what counts."""
    learned = Redactor()
    learned.learn([Secret("first-secret")])
    learned.learn([Secret("second-secret")])
    assert learned.text("first-secret second-secret") == f"first-secret {STARS}"
    learned.learn([])
    assert learned.text("second-secret") == "second-secret"


def test_json_has_one_object_a_line(stderr: Written) -> None:
    """Event, level, time in UTC and facts; a line break inside a fact stays inside its line."""
    configure(LogSettings(level="info", format="json"))
    log = structlog.get_logger()
    log.debug("too.quiet")
    log.info("delivery.sent", destination="desk", alerts=3, text="two\nlines · 🐂")
    (event,) = stderr.events
    assert (event["event"], event["level"], event["destination"], event["alerts"]) == (
        "delivery.sent",
        "info",
        "desk",
        3,
    )
    assert event["text"] == "two\nlines · 🐂"
    assert str(event["timestamp"]).endswith("Z")


def test_console_lines_are_for_people(stderr: Written) -> None:
    """No JSON, and no colour where it is no terminal."""
    redactor.learn([Secret("hidden-1")])
    configure(LogSettings(level="info", format="console"))
    structlog.get_logger().warning("destination.parked", destination="desk", reason="hidden-1 is gone")
    assert "destination.parked" in stderr.text
    assert f"{STARS} is gone" in stderr.text
    assert "\x1b[" not in stderr.text
    assert "hidden-1" not in stderr.text


def _fail(message: str) -> None:
    raise ConnectionError(message)


@pytest.mark.parametrize("form", ["json", "console"])
def test_libraries_lines_are_redacted_too(stderr: Written, form: str) -> None:
    """discord.py and slack-sdk log URLs and bodies through the standard library; exceptions quote them."""
    redactor.learn([Secret("hidden-1")])
    configure(LogSettings.model_validate({"level": "debug", "format": form}))
    library = logging.getLogger("some.library")
    library.warning("retrying %s", SLACK_HOOK)
    try:
        _fail(f"cannot reach {WEBHOOK} with hidden-1")
    except ConnectionError:
        library.exception("gave up")
        structlog.get_logger().exception("delivery.bug", url=WEBHOOK)
    text = stderr.text
    assert text.count("library.log") == 2
    assert "some.library" in text
    assert "ConnectionError" in text
    assert not any(secret in text for secret in ("slackhooksecret", "hook-token_abc", "hidden-1"))


def test_libraries_are_not_heard_below_warning(stderr: Written) -> None:
    """At DEBUG and INFO libraries log bodies and keys, so these lines are never made, however talkative we are."""
    configure(LogSettings(level="debug", format="json"))
    logging.getLogger("some.library").info("body: %s", "private")
    logging.getLogger("some.library").debug("body: %s", "private")
    structlog.get_logger().debug("ours.is_heard")
    assert [event["event"] for event in stderr.events] == ["ours.is_heard"]


def test_a_fact_that_is_no_json_does_not_break_the_line(stderr: Written) -> None:
    """A path or an exception as a fact is written as text."""
    configure(LogSettings(level="info", format="json"))
    structlog.get_logger().info("odd.fact", error=OSError(28, "No space left on device"), odd=object)
    (event,) = stderr.events
    assert "No space left on device" in str(event["error"])


@pytest.mark.parametrize(
    ("level", "message", "argument"),
    [(logging.WARNING, "%d alerts", "many"), (35, "between two levels: %s", "notice"), (60, "above all: %s", "panic")],
)
def test_a_librarys_careless_line_never_raises(stderr: Written, level: int, message: str, argument: str) -> None:
    """A message that does not fit its arguments, or a level of a library's own, is shown somehow; logging must never
    break the code that logs."""
    configure(LogSettings(level="info", format="json"))
    logging.getLogger("some.library").log(level, message, argument)
    (event,) = stderr.events
    assert event["event"] == "library.log"
    assert argument in str(event)
