"""`flowbot webhooks`: registered over a real socket; the secret is kept beside the store, and is not seen."""

import json
import stat
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from bot.model.errors import InputError, UnavailableError, VendorError
from bot.model.secret import Secret
from bot.providers.inbound import InboundSettings
from bot.providers.radarpulse import RadarPulseSettings
from bot.providers.radarpulse_answers import RegisteredWebhook, Webhook
from bot.providers.radarpulse_rest import RadarPulseRest
from bot.providers.webhook_secrets import FILE, forget_secret, keep_secret, kept_ids, kept_secrets
from bot.providers.webhooks import delete, listing, register
from tests.fakes.radarpulse_rest import KEY, FakeRadarPulse

PUBLIC = "https://flow.example.org"
URL = "https://flow.example.org/hooks/pulse"


def settings(**changes: Any) -> InboundSettings:
    return InboundSettings.model_validate({"type": "webhook", "of": "radarpulse", **changes})


@pytest.fixture
async def vendor() -> AsyncIterator[FakeRadarPulse]:
    async with FakeRadarPulse() as found:
        yield found
        assert found.unexpected == []


@pytest.fixture
async def rest(vendor: FakeRadarPulse) -> AsyncIterator[RadarPulseRest]:
    found = RadarPulseRest(
        "pulse", RadarPulseSettings.model_validate({"type": "radarpulse", "api_key": KEY, "rest_url": vendor.rest_url})
    )
    yield found
    await found.close()


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


class Refusing:
    """A vendor that refuses everything, or only deletions."""

    def __init__(self, error: VendorError, *, registers: bool = False) -> None:
        self.error = error
        self.registers = registers
        self.deleted: list[str] = []

    async def register_webhook(self, url: str, *, min_score: float, events: Sequence[str]) -> RegisteredWebhook:
        if self.registers:
            return RegisteredWebhook("wh_1", Secret("whsec_fake_1"))
        raise self.error

    async def webhooks(self) -> Sequence[Webhook]:
        raise self.error

    async def delete_webhook(self, id_: str) -> None:
        self.deleted.append(id_)
        raise self.error


# --- register ---


async def test_registering_tells_the_vendor_and_keeps_the_secret(
    vendor: FakeRadarPulse, rest: RadarPulseRest, tmp_path: Path
) -> None:
    """The address is the public one and the provider's path; the secret is in the file, and not in what is told."""
    told = await register(rest, PUBLIC, "pulse", settings(), tmp_path / "state")
    assert vendor.webhooks == {
        "wh_abc0": {"id": "wh_abc0", "url": URL, "minScore": 70.0, "events": ["flow.extreme", "flow.elevated"]}
    }
    assert kept_secrets(tmp_path / "state", "pulse") == {"wh_abc0": Secret("whsec_fake_wh_abc0")}
    assert (
        told == f"registered wh_abc0: prints are posted to {URL}\nits secret is kept in {tmp_path}/state/webhooks.json"
    )


@pytest.mark.parametrize(
    ("public_url", "path", "url"),
    [
        ("https://flow.example.org/", None, URL),
        ("https://example.org/flowbot/", "/in", "https://example.org/flowbot/in"),
        ("http://127.0.0.1:8080", "/in/flow", "http://127.0.0.1:8080/in/flow"),
    ],
)
async def test_the_address_that_the_vendor_gets(
    vendor: FakeRadarPulse, rest: RadarPulseRest, tmp_path: Path, public_url: str, path: str | None, url: str
) -> None:
    """One slash between the two, whatever is before it."""
    await register(rest, public_url, "pulse", settings(path=path), tmp_path, min_score=85, events=["flow.extreme"])
    (made,) = vendor.webhooks.values()
    assert (made["url"], made["minScore"], made["events"]) == (url, 85, ["flow.extreme"])


@pytest.mark.parametrize(
    "public_url",
    [
        None, "", "flow.example.org", "http://flow.example.org", "wss://flow.example.org", "https://",
        "https://flow.example.org/?key=1", "https://flow.example.org/#a", "https://me:pw@flow.example.org",
    ],
)  # fmt: skip
async def test_an_address_that_nobody_can_post_to(
    vendor: FakeRadarPulse, rest: RadarPulseRest, tmp_path: Path, public_url: str | None
) -> None:
    """The error names the setting and how it looks; nothing is registered."""
    with pytest.raises(InputError, match=r"http\.public_url.*https://"):
        await register(rest, public_url, "pulse", settings(), tmp_path)
    assert (vendor.seen, names(tmp_path)) == ([], [])


async def test_a_missing_address_is_told_with_an_example(rest: RadarPulseRest, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"set http\.public_url to this listener, such as https://flow\.example\.org"):
        await register(rest, None, "pulse", settings(), tmp_path)


async def test_a_secret_in_the_configuration_is_not_doubled(
    vendor: FakeRadarPulse, rest: RadarPulseRest, tmp_path: Path
) -> None:
    """It would hide the one that the vendor is about to give out."""
    with pytest.raises(InputError, match=r'"pulse" has its secret in the configuration.*take `secret` out'):
        await register(rest, PUBLIC, "pulse", settings(secret="whsec_fake_own"), tmp_path)
    assert vendor.seen == []


async def test_a_file_that_cannot_be_read_is_found_before_anything_is_registered(
    vendor: FakeRadarPulse, rest: RadarPulseRest, tmp_path: Path
) -> None:
    (tmp_path / FILE).write_text('{"pulse": {"wh_1": "whsec_fake_')
    with pytest.raises(UnavailableError, match=r"webhooks\.json.*register anew") as failed:
        await register(rest, PUBLIC, "pulse", settings(), tmp_path)
    assert "whsec" not in str(failed.value)
    assert vendor.seen == []


async def test_what_cannot_be_kept_is_taken_back(vendor: FakeRadarPulse, rest: RadarPulseRest, tmp_path: Path) -> None:
    """The secret is told once: without it the registration would only be refused, print after print."""
    (tmp_path / "state").write_text("a file in the folder's place")
    with pytest.raises(UnavailableError, match=r"cannot (read|write) .*state/webhooks\.json"):
        await register(rest, PUBLIC, "pulse", settings(), tmp_path / "state")
    assert vendor.webhooks == {}


async def test_a_full_disk_takes_the_registration_back(
    vendor: FakeRadarPulse, rest: RadarPulseRest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And leaves the file as it was, and nothing beside it."""
    keep_secret(tmp_path, "pulse", "wh_old", Secret("whsec_fake_old"))
    monkeypatch.setattr("os.fsync", _full)
    with pytest.raises(UnavailableError, match=r"webhooks\.json: No space left on device; nothing is registered"):
        await register(rest, PUBLIC, "pulse", settings(), tmp_path)
    assert vendor.webhooks == {}
    assert names(tmp_path) == [FILE]
    assert kept_ids(tmp_path) == {"wh_old"}


async def test_what_can_neither_be_kept_nor_taken_back_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its id, so that a person can delete it."""
    monkeypatch.setattr("os.fsync", _full)
    vendor = Refusing(VendorError("upstream", "no answer within 15 s"), registers=True)
    with pytest.raises(UnavailableError, match=r"wh_1 stays registered \(no answer within 15 s\)") as failed:
        await register(vendor, PUBLIC, "pulse", settings(), tmp_path)
    assert vendor.deleted == ["wh_1"]
    assert "whsec" not in str(failed.value)


def _full(descriptor: int) -> None:
    raise OSError(28, "No space left on device")


# --- list and delete ---


async def test_the_list_says_which_secrets_are_here(
    vendor: FakeRadarPulse, rest: RadarPulseRest, tmp_path: Path
) -> None:
    """One line each; of somebody else's address no query, where keys are, and nothing that steers a terminal."""
    assert await listing(rest, tmp_path) == "nothing is registered"
    await register(rest, PUBLIC, "pulse", settings(), tmp_path)
    await rest.register_webhook("https://other.example/x?key=fake-key", min_score=85, events=["flow\x1b[2J.extreme"])
    assert (await listing(rest, tmp_path)).splitlines() == [
        f"wh_abc0  {URL}  score 70 and up  flow.extreme flow.elevated  secret kept",
        "wh_abc1  https://other.example/x  score 85 and up  flow[2J.extreme  secret not here",
    ]


async def test_deleting_forgets_the_secret(vendor: FakeRadarPulse, rest: RadarPulseRest, tmp_path: Path) -> None:
    """At the vendor and here; the others stay."""
    await register(rest, PUBLIC, "pulse", settings(), tmp_path)
    await register(rest, PUBLIC, "other", settings(), tmp_path)
    assert await delete(rest, "wh_abc0", tmp_path) == "deleted wh_abc0, and forgot its secret"
    assert list(vendor.webhooks) == ["wh_abc1"]
    assert kept_ids(tmp_path) == {"wh_abc1"}
    assert json.loads((tmp_path / FILE).read_text()) == {"other": {"wh_abc1": "whsec_fake_wh_abc1"}}


async def test_deleting_what_the_vendor_does_not_know(rest: RadarPulseRest, tmp_path: Path) -> None:
    """An error of the user's; a secret of that name signs nothing any more, and goes."""
    keep_secret(tmp_path, "pulse", "wh_gone", Secret("whsec_fake_gone"))
    with pytest.raises(InputError, match="cannot delete wh_gone: HTTP 404"):
        await delete(rest, "wh_gone", tmp_path)
    assert kept_ids(tmp_path) == frozenset()


async def test_a_deletion_that_did_not_reach_the_vendor_keeps_the_secret(tmp_path: Path) -> None:
    """Its prints still come, and are still believed."""
    keep_secret(tmp_path, "pulse", "wh_1", Secret("whsec_fake_1"))
    with pytest.raises(UnavailableError, match="cannot delete wh_1: down"):
        await delete(Refusing(VendorError("upstream", "down")), "wh_1", tmp_path)
    assert kept_ids(tmp_path) == {"wh_1"}


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (VendorError("unauthorized", "HTTP 401; is the api_key right?"), InputError),
        (VendorError("tier", "HTTP 403; does the plan include this?"), InputError),
        (VendorError("rate_limited", "HTTP 429", after_s=60), UnavailableError),
        (VendorError("upstream", "the server refuses connections"), UnavailableError),
        (VendorError("bad_answer", "the answer is no JSON"), UnavailableError),
    ],
)
async def test_what_the_vendor_refuses(tmp_path: Path, error: VendorError, kind: type[Exception]) -> None:
    """A key or a plan is the user's to mend; anything else may pass. The vendor's words are told."""
    vendor = Refusing(error)
    for asking in (register(vendor, PUBLIC, "pulse", settings(), tmp_path), listing(vendor, tmp_path)):
        with pytest.raises(kind) as failed:
            await asking
        assert error.detail in str(failed.value)


# --- the file ---


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    """0600 from its first byte, and after it was changed, whatever it was before; nothing is left beside it."""
    keep_secret(tmp_path, "pulse", "wh_1", Secret("whsec_fake_1"))
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    (tmp_path / FILE).chmod(0o644)
    keep_secret(tmp_path, "pulse", "wh_2", Secret("whsec_fake_2"))
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    assert names(tmp_path) == [FILE]


def test_secrets_are_kept_by_provider_and_registration(tmp_path: Path) -> None:
    """One provider's are not another's; what is not there is none, and forgetting it changes nothing."""
    assert kept_secrets(tmp_path / "not-there", "pulse") == {}
    keep_secret(tmp_path, "pulse", "wh_1", Secret("whsec_fake_1"))
    keep_secret(tmp_path, "other", "wh_2", Secret("whsec_fake_2"))
    forget_secret(tmp_path, "wh_9")
    assert kept_secrets(tmp_path, "pulse") == {"wh_1": Secret("whsec_fake_1")}
    assert kept_secrets(tmp_path, "nobody") == {}
    assert "whsec" not in str(kept_secrets(tmp_path, "pulse"))


@pytest.mark.parametrize("text", ["", "[]", "{", '{"pulse": "whsec_fake"}', '{"pulse": {"wh_1": 7}}', "\udcff"])
def test_a_file_that_somebody_else_wrote(tmp_path: Path, text: str) -> None:
    """Told with its path and the remedy, and without a word of what is in it."""
    (tmp_path / FILE).write_text(text, errors="surrogateescape")
    with pytest.raises(UnavailableError, match=r"webhooks\.json: .* delete it") as failed:
        kept_secrets(tmp_path, "pulse")
    assert "whsec" not in str(failed.value)
    assert "whsec" not in str(failed.value.__cause__)
