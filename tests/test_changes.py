"""What is other in a configuration that was read anew, in names and in words, and what waits for a restart."""

from pathlib import Path
from typing import Any

import pytest

from bot.changes import Named, changes, obeyed
from tests.configurations import GOOD, settings

WHALES, SWEEPS = GOOD["rules"]
HOOK = {"type": "webhook", "of": "radarpulse", "secret": "fake-secret"}


@pytest.mark.parametrize(
    ("other", "text"),
    [
        ({}, "nothing has changed"),
        ({"rules": [SWEEPS, WHALES]}, "nothing has changed"),
        ({"rules": [WHALES]}, "rules −1 (sweeps)"),
        ({"rules": [{**WHALES, "when": {"premium": ">= 2M"}}, SWEEPS]}, "rules ~1 (whales)"),
        ({"rules": [{**WHALES, "cooldown": "5m"}, SWEEPS]}, "rules ~1 (whales)"),
        ({"rules": [WHALES, SWEEPS, {**WHALES, "name": "more"}]}, "rules +1 (more)"),
        ({"lists": {"mega": ["AAPL"]}}, "nothing has changed"),
        (
            {"destinations": {"third": {"type": "console"}, "second": {"type": "console", "budget": 5}}},
            "destinations +1 (third) ~1 (second)",
        ),
        ({"delivery": {"budget": 10}}, "destinations ~2 (terminal, second); delivery"),
        ({"footer": "not advice"}, "destinations ~2 (terminal, second); look"),
        ({"providers": {"radarpulse": {"api_key": "another-fake"}}}, "providers ~1 (radarpulse)"),
        ({"admin": {"notify": ["second"]}}, "admin"),
        ({"http": {"listen": "127.0.0.1:9999"}}, "nothing that can change now; restart flowbot for the rest: http"),
        (
            {"log": {"level": "debug"}, "rules": [WHALES]},
            "rules −1 (sweeps); restart flowbot for the rest: log",
        ),
        (
            {"providers": {"hook": HOOK}},
            "nothing that can change now; restart flowbot for the rest: provider hook",
        ),
    ],
)
def test_changes_are_told_by_name(other: dict[str, Any], text: str, tmp_path: Path) -> None:
    before = settings(tmp_path)
    assert changes(before, settings(tmp_path, other)).text() == text


def test_a_rule_changes_with_the_definition_and_the_list_that_it_uses(tmp_path: Path) -> None:
    def with_names(premium: str, *tickers: str) -> dict[str, Any]:
        return {
            "define": {"whale": {"premium": premium}},
            "lists": {"mega": list(tickers)},
            "rules": [
                {"name": "a", "when": "whale", "send_to": ["terminal"]},
                {"name": "b", "when": {"ticker": "mega"}, "send_to": ["terminal"]},
            ],
        }

    first = settings(tmp_path, with_names(">= 1M", "AAPL", "MSFT"))
    second = settings(tmp_path, with_names(">= 2M", "AAPL", "MSFT"))
    third = settings(tmp_path, with_names(">= 2M", "AAPL"))
    assert changes(first, second).rules == Named(changed=("a",))
    assert changes(second, third).rules == Named(changed=("b",))


def test_what_waits_for_a_restart_is_told_again_at_the_next_reload(tmp_path: Path) -> None:
    """Else an admin who saves twice would believe that all is obeyed."""
    before = settings(tmp_path, {"providers": {"hook": HOOK}})
    wanted = settings(tmp_path, {"http": {"listen": "127.0.0.1:9999"}, "rules": [WHALES]})
    now = obeyed(before, wanted, changes(before, wanted))
    assert [rule.name for rule in now.rules] == ["whales"]
    assert now.http == before.http
    assert set(now.providers) == {"radarpulse", "hook"}
    again = changes(now, wanted)
    assert again.text() == "nothing that can change now; restart flowbot for the rest: http, provider hook"


def test_many_names_are_cut_short() -> None:
    names = tuple(f"r{n}" for n in range(8))
    assert Named(added=names).text("rules") == "rules +8 (r0, r1, r2, r3, r4 and 3 more)"
