"""The configuration is read in another process, and is the same as if it had been read in this one."""

import sys
from pathlib import Path

import pytest
import yaml

from bot import reading
from bot.reading import ReadingFailedError, read_elsewhere
from bot.rules.explain import judge
from bot.settings import examine
from tests.configurations import GOOD
from tests.samples import a_print


async def test_what_another_process_reads_is_what_this_one_would(tmp_path: Path) -> None:
    """Sixty rules come in more than one piece; secrets, memories and lists come along."""
    counting = {
        "name": "counting", "when": {"ticker": "mega"}, "send_to": ["hook"],
        "share": {"of": {"side": "ask"}, "at_least": "70%", "within": "10m"},
    }  # fmt: skip
    rules = [{"name": f"r{n}", "when": {"premium": f">= {n}k"}, "send_to": ["hook"]} for n in range(1, 60)]
    config = tmp_path / "config.yaml"
    hook = {"hook": {"type": "discord_webhook", "url": "https://discord.com/api/webhooks/123456789012345678/fake"}}
    lists = {"mega": ["NVDA", "AAPL"]}
    document = {**GOOD, "destinations": hook, "rules": [counting, *rules], "lists": lists}
    config.write_text(yaml.safe_dump(document), "utf-8")
    here, there = examine(config), await read_elsewhere(config)
    assert here.settings is not None
    assert there.settings is not None
    assert [rule.settings for rule in there.settings.rules] == [rule.settings for rule in here.settings.rules]
    assert [rule.when for rule in there.settings.rules] == [rule.when for rule in here.settings.rules]
    assert there.settings.secrets == here.settings.secrets
    assert there.sources == here.sources
    remembering = there.settings.rules[0].route.remembering
    assert remembering is not None
    assert remembering.is_of is not None
    assert remembering.is_of(a_print()) is True
    assert remembering.id == getattr(here.settings.rules[0].route.remembering, "id", None)
    when = there.settings.rules[0].when
    assert when is not None
    assert judge(when, a_print()) is True
    assert there.settings.rules[0].route.explain(a_print())[0].text == "ticker in mega"


async def test_problems_and_the_files_that_have_them_come_back(tmp_path: Path) -> None:
    config, more = tmp_path / "config.yaml", tmp_path / "more.yaml"
    config.write_text(yaml.safe_dump({**GOOD, "include": "more.yaml"}), "utf-8")
    more.write_text("rules:\n  - name: bad\n    when: {premuim: 1M}\n    send_to: [terminal]\n", "utf-8")
    found = await read_elsewhere(config)
    assert found.settings is None
    (problem,) = found.problems
    assert (problem.file, problem.line) == (str(more), 3)
    assert more in found.sources.files


async def test_a_reader_that_fails_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(ReadingFailedError, match="exit code 1"):
        await read_elsewhere(tmp_path / "config.yaml")


async def test_a_reader_that_never_ends_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stuck = tmp_path / "stuck"
    stuck.write_text("#!/bin/sh\nexec sleep 60\n", "utf-8")
    stuck.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(stuck))
    monkeypatch.setattr(reading, "PATIENCE_S", 0.05)
    with pytest.raises(ReadingFailedError, match="took longer"):
        await read_elsewhere(tmp_path / "config.yaml")
