"""A configuration is loaded without its secrets; whatever else is wrong with it is told."""

from pathlib import Path

import pytest

from bot.model.errors import InputError
from bot.secretless import load_without_secrets

CONFIG = """
providers:
  pulse: {type: radarpulse, api_key: "${UNSET_KEY_FOR_TESTS}"}
  whales: {type: optionwhales, api_key: "${file:nowhere/key}", ws_url: "wss://${UNSET_HOST_FOR_TESTS}/v1"}
destinations:
  one: {type: discord_webhook, url: "${UNSET_HOOK_FOR_TESTS}"}
  same: {type: discord_webhook, url: "${UNSET_HOOK_FOR_TESTS}"}
  other: {type: discord_webhook, url: "${file:nowhere/hook}"}
  desk: {type: slack_channel, channel: "${UNSET_CHANNEL_FOR_TESTS}"}
slack: {bot_token: "${UNSET_TOKEN_FOR_TESTS}"}
rules:
  - {name: whales, when: {premium: ">= 1M"}, send_to: [one]}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "config.yaml"
    path.write_text(text, "utf-8")
    return path


def test_what_is_not_set_counts_as_anything_that_fits(tmp_path: Path) -> None:
    """Variables and files, in keys, addresses and ids; one placeholder is one value."""
    settings = load_without_secrets(written(tmp_path, CONFIG))
    assert settings.destinations["one"].url == settings.destinations["same"].url  # type: ignore[union-attr]
    assert settings.destinations["one"].url != settings.destinations["other"].url  # type: ignore[union-attr]
    assert [rule.name for rule in settings.rules] == ["whales"]


def test_what_a_rule_needs_is_missed(tmp_path: Path) -> None:
    text = CONFIG.replace(">= 1M", ">= ${UNSET_PREMIUM_FOR_TESTS}").replace("type: slack_channel", "type: slak_channel")
    with pytest.raises(InputError) as raised:
        load_without_secrets(written(tmp_path, text))
    messages = [problem.message for problem in raised.value.problems]
    assert len(messages) == 2
    assert "slack_channel" in messages[0]
    assert "UNSET_PREMIUM_FOR_TESTS is not set" in messages[1]
