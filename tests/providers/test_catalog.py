"""What the configuration may say of providers, and what it costs to read it."""

import subprocess
import sys
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from bot.model.ports import Provider
from bot.providers.catalog import PROVIDERS, ProviderSettings, build_provider
from bot.providers.radarpulse import RadarPulseSettings

ADAPTER: TypeAdapter[ProviderSettings] = TypeAdapter(ProviderSettings)
KEY = {"api_key": "fake-key"}
NEEDED: dict[str, dict[str, Any]] = {
    "radarpulse": KEY,
    "optionwhales": KEY,
    "mapped": {**KEY, "url": "wss://feed.example/", "map": "massive_option_trades"},
    "webhook": {"of": "radarpulse"},
    "replay": {"path": "state/tape"},
}
"""What a type cannot do without."""


@pytest.mark.parametrize("vendor", sorted(PROVIDERS))
def test_every_entry_builds_a_provider(vendor: str) -> None:
    """From its type and what it cannot do without, under a name of the user's own."""
    settings = ADAPTER.validate_python({"type": vendor, **NEEDED[vendor]})
    assert type(settings) is PROVIDERS[vendor][0]
    provider: Provider = build_provider("my-feed", settings)
    assert provider.name == "my-feed"
    assert "ticker" in provider.facts
    assert not provider.status.is_connected


@pytest.mark.parametrize("vendor", sorted(PROVIDERS))
def test_every_field_is_described(vendor: str) -> None:
    """The descriptions become an editor's hover text."""
    assert all(field.description for field in PROVIDERS[vendor][0].model_fields.values())


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"ws_url": "ws://api.radarpulse.io/v1/stream"}, "this machine only"),
        ({"ws_url": "https://api.radarpulse.io/v1/stream"}, "expected a WebSocket URL"),
        ({"ws_url": "wss://api.radarpulse.io/v1/stream?api_key=fake-key"}, "without a key"),
        ({"ws_url": "wss://api.radarpulse.io/v1/stream#now"}, "without #|without a key and without #"),
        ({"rest_url": "wss://api.radarpulse.io/v1"}, "expected an HTTP URL"),
        ({"rest_url": "http://api.radarpulse.io/v1"}, "this machine only"),
        ({"api_key": ""}, "at least 1 character"),
        ({"api_key": "fake key"}, "plain characters"),
        ({"api_key": "fake-key\n"}, "plain characters"),
        ({"api_key": "fäke-key"}, "plain characters"),
        ({"auth": "basic"}, "'x-api-key' or 'bearer'"),
        ({"silence": "soon"}, "duration"),
        ({"silence": 0}, "greater than or equal to 1"),
        ({"tickers": ["AAPL"]}, "Extra inputs"),
    ],
)
def test_a_wrong_setting_says_what_is_expected(changes: dict[str, Any], told: str) -> None:
    """In words that mend it."""
    with pytest.raises(ValidationError, match=told):
        ADAPTER.validate_python({"type": "radarpulse", "api_key": "fake-key", **changes})


@pytest.mark.parametrize(
    "url", ["ws://127.0.0.1:8765/v1/stream", "ws://localhost:1/", "ws://[::1]:1/", "wss://proxy.example/feed"]
)
def test_loopback_needs_no_tls(url: str) -> None:
    """For tests, simulators and proxies on this machine."""
    settings = ADAPTER.validate_python({"type": "radarpulse", "api_key": "fake-key", "ws_url": url, "silence": "2m"})
    assert isinstance(settings, RadarPulseSettings)
    assert (settings.ws_url, settings.silence) == (url, 120.0)


def test_reading_settings_imports_no_client() -> None:
    """`check` and `--version` must be quick; only a running feed pays for its library."""
    code = "import sys, bot.providers.catalog; sys.exit('websockets' in sys.modules or 'aiohttp' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=30).returncode == 0
