"""`flowbot backtest` from the configuration file to the report: no secrets, no network, the real decoders."""

import gzip
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, get_args

import pytest

from bot.backtesting import CARRIES, BacktestOptions, backtest, run
from bot.cli import main
from bot.destinations.catalog import AnyDestinationSettings
from bot.flow.tape import Recorded
from bot.model.errors import InputError, UnavailableError
from bot.providers.recorded import Recording
from bot.render import discord, payload, slack
from bot.render.look import Look
from bot.workbench.backtest.report import Report
from tests.samples import NOON_NS, a_delivery, a_print

SECOND_NS = 10**9

FEED = "providers: {rp: {type: radarpulse, api_key: '${RP_KEY}'}}"
RULE = "rules: [{name: whales, when: {premium: '>= 1M'}, send_to: [hook]}]"
HOOK = "destinations: {hook: {type: discord_webhook, url: '${HOOK_URL}'}}"


def config(folder: Path, *parts: str, name: str = "config.yaml") -> Path:
    path = folder / name
    path.write_text("\n".join(parts))
    return path


def trade(**changes: Any) -> str:
    """A print as RadarPulse's guide spells it."""
    facts = {
        "ticker": "NVDA", "type": "CALL", "strike": 145.0, "expiry": "2026-08-07", "dte": 22, "volume": 2400,
        "openInterest": 1200, "volOI": 2.0, "premium": 2_400_000, "side": "ASK", "kind": "SWEEP", "otmPct": 3.5,
        "spot": 140.1, "iv": 0.45, "score": 94, "bias": "BULL", "sector": "Technology",
        "timestamp": NOON_NS // 1_000_000,
    }  # fmt: skip
    return json.dumps({**facts, **changes})


def tape(folder: Path, *frames: str, provider: str = "rp", name: str = "tape.jsonl") -> Path:
    """A frame a second from noon on."""
    lines = [
        json.dumps({"t": NOON_NS + n * SECOND_NS, "p": provider, "raw": raw}) + "\n" for n, raw in enumerate(frames)
    ]
    path = folder / name
    path.write_text("".join(lines))
    return path


def play(config: Path, *tapes: Path, **options: Any) -> Report:
    return backtest(BacktestOptions(config=config, tapes=tapes, **options))


@pytest.fixture(autouse=True)
def _no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RP_KEY", "HOOK_URL", "OTHER_URL", "PHONE_URL", "TOKEN", "ROOM", "DESK"):
        monkeypatch.delenv(name, raising=False)


# --- from a tape to a report -------------------------------------------------------------------------------


def test_a_tape_is_played_through_the_configurations_rules(tmp_path: Path) -> None:
    """Three prints, two of them large enough, the second of these within the cooldown of another contract's."""
    rule = "rules: [{name: whales, when: {premium: '>= 1M'}, send_to: [hook], cooldown: 5m, cooldown_by: ticker}]"
    frames = (trade(), trade(strike=150), trade(premium=20_000))
    report = play(config(tmp_path, FEED, HOOK, rule), tape(tmp_path, *frames))
    assert (report.tape.prints, report.tape.providers) == (3, {"rp": 3})
    (whales,) = report.config.rules
    assert (whales.matches, whales.alerts, whales.suppressed) == (2, 1, {"cooldown": 1})
    (hook,) = report.config.destinations
    assert (hook.alerts, hook.messages, hook.limit_a_minute) == (1, 1, 300)


def test_plain_prints_are_read_on_their_own_clock(tmp_path: Path) -> None:
    """New York's `origTime`, packed, without any timestamp: 9:30 and 9:31 on 6 June 2014."""
    plain = tmp_path / "day.jsonl.gz"
    lines = [
        {**json.loads(trade(origTime=at, strike=strike)), "timestamp": None}
        for at, strike in (("2014-06-06T09:30:00", 600), ("2014-06-06T09:31:00", 610))
    ]
    for line in lines:
        del line["timestamp"]
    plain.write_bytes(gzip.compress("".join(json.dumps(line) + "\n" for line in lines).encode()))
    rule = "rules: [{name: whales, when: {premium: '>= 1M', provider: rp}, send_to: [hook]}]"
    report = play(config(tmp_path, FEED, HOOK, rule), plain)
    assert report.tape.first.isoformat() == "2014-06-06T13:30:00+00:00"
    assert report.tape.last.isoformat() == "2014-06-06T13:31:00+00:00"
    assert report.config.alerts == 2


def test_a_folder_of_days_is_a_tape_and_one_of_its_days_too(tmp_path: Path) -> None:
    folder = tmp_path / "tape"
    folder.mkdir()
    tape(folder, trade(), name="2026-07-16.jsonl")
    tape(folder, trade(strike=150), trade(strike=155), name="2026-07-15.jsonl")
    settings = config(tmp_path, FEED, HOOK, RULE)
    assert play(settings, folder).tape.prints == 3
    assert play(settings, folder, day=date(2026, 7, 16)).tape.prints == 1


MAPPED = """
providers:
  rp: {type: radarpulse, api_key: k}
  mine:
    type: mapped
    url: wss://feed.example/stream
    api_key: '${MY_KEY}'
    map: {fields: {ticker: sym, premium: usd}}
  hooked: {type: webhook, of: optionwhales, secret: s}
"""


def test_frames_are_read_as_the_provider_whose_name_they_stand_under(tmp_path: Path) -> None:
    """A map of one's own for one name, RadarPulse's decoder for the other, and for a name that nobody has."""
    settings = config(tmp_path, MAPPED, HOOK, "rules: [{name: own, when: {provider: mine}, send_to: [hook]}]")
    mine = tape(tmp_path, '{"sym": "AAPL", "usd": 5}', '{"sym": 7}', provider="mine", name="mine.jsonl")
    other = tape(tmp_path, trade(), provider="somebody", name="other.jsonl")
    report = play(settings, mine, other)
    assert report.tape.providers == {"mine": 1, "rp": 1}
    assert sum(report.tape.rejected.values()) == 1
    assert report.config.alerts == 1


def test_as_says_how_other_frames_are_read(tmp_path: Path) -> None:
    settings = config(tmp_path, FEED, HOOK, RULE)
    frame = json.dumps({"type": "heartbeat", "timestamp": "2026-07-16T16:00:00Z"})
    path = tape(tmp_path, frame, provider="somebody")
    assert play(settings, path).tape.rejected, "RadarPulse sends no heartbeats"
    assert not play(settings, path, frames_of="optionwhales").tape.rejected
    with pytest.raises(InputError, match=r'"optionwales" is neither a vendor nor a map.*did you mean "optionwhales"'):
        play(settings, path, frames_of="optionwales")


def test_rules_with_memory_and_watchlists_are_played_and_silence_is_not(tmp_path: Path) -> None:
    """Three prints of a watched ticker within ten minutes; what is told of silence is that no tape can try it."""
    rules = """
watchlists: {mine: [NVDA]}
rules:
  - {name: thrice, when: {ticker: mine}, count: {at_least: 3, within: 10m, by: ticker}, send_to: [hook]}
  - {name: quiet, silence: {for: 10m}, send_to: [hook]}
"""
    frames = [trade(strike=100 + n, ticker=ticker) for n, ticker in enumerate(["NVDA", "AAPL", "NVDA", "NVDA"])]
    report = play(config(tmp_path, FEED, HOOK, rules), tape(tmp_path, *frames))
    assert [(rule.name, rule.matches) for rule in report.config.rules] == [("thrice", 1)]
    assert report.config.unplayed == ("quiet",)


def test_legs_are_paired_where_a_rule_asks_for_them(tmp_path: Path) -> None:
    """A spread: the same size at once, one leg at the ask and the other at the bid. Its second leg is neutral."""
    rules = """
rules:
  - {name: bets, when: {bias: [bull, bear]}, send_to: [hook]}
"""
    one = trade(bias=None)
    other = trade(strike=155, side="BID", bias=None)
    report = play(config(tmp_path, FEED, HOOK, rules), tape(tmp_path, one, other))
    assert report.config.alerts == 1
    assert report.config.destinations[0].edits == 1, "the first leg's message is shown to be of a leg"


# --- destinations ------------------------------------------------------------------------------------------


ALL = """
destinations:
  one: {type: discord_webhook, url: '${HOOK_URL}'}
  same: {type: discord_webhook, url: '${HOOK_URL}'}
  another: {type: discord_webhook, url: '${OTHER_URL}'}
  slow: {type: discord_webhook, url: '${OTHER_URL}', pace: {per_minute: 6}}
  room: {type: discord_channel, channel: '${ROOM}'}
  desk: {type: slack_channel, channel: '${DESK}'}
  desk-hook: {type: slack_webhook, url: 'https://hooks.slack.com/services/${DESK}'}
  own: {type: webhook, url: '${HOOK_URL}', secret: '${TOKEN}'}
  phone: {type: apprise, url: '${PHONE_URL}'}
  screen: {type: console}
discord: {token: '${TOKEN}'}
slack: {bot_token: '${TOKEN}'}
"""


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # Apprise imports it
def test_each_destination_has_the_limit_of_its_platform_and_its_own_pace(tmp_path: Path) -> None:
    """Discord's webhook carries 30 messages of 10, its channel 60; Slack 60 of 15; whatever a variable stands for."""
    rule = "rules: [{name: whales, when: {premium: '>= 1M'}, send_to: [one]}]"
    report = play(config(tmp_path, FEED, ALL, rule), tape(tmp_path, trade()))
    found = {to.name: (to.limit_a_minute, to.shares_with) for to in report.config.destinations}
    assert found.pop("phone")[1] == (), "its limit is what the library says"
    assert found == {
        "one": (300, ("same",)),
        "same": (300, ("one",)),
        "another": (300, ("slow",)),
        "slow": (60, ("another",)),
        "room": (600, ()),
        "desk": (900, ()),
        "desk-hook": (900, ()),
        "own": (None, ()),
        "screen": (None, ()),
    }


def test_every_type_of_destination_carries_so_many_alerts() -> None:
    kinds = {
        get_args(model.model_fields["type"].annotation)[0] for model in get_args(get_args(AnyDestinationSettings)[0])
    }
    assert set(CARRIES) == kinds


def test_messages_carry_as_many_alerts_of_the_usual_length() -> None:
    """The renderers' own word, of a print with every fact and two rules."""
    deliveries = [a_delivery(a_print(size=n), rules=("extreme-sweeps", "golden-sweeps")) for n in range(1, 60)]
    assert discord.fit(deliveries, Look()) == CARRIES["discord_webhook"] == CARRIES["discord_channel"]
    assert slack.fit(deliveries, Look()) == CARRIES["slack_webhook"] == CARRIES["slack_channel"]
    assert payload.fit(deliveries) == CARRIES["webhook"]


# --- what is printed ---------------------------------------------------------------------------------------


def test_the_difference_of_two_configurations_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = config(tmp_path, FEED, HOOK, RULE)
    after = config(tmp_path, FEED, HOOK, RULE.replace("1M", "3M"), name="other.yaml")
    path = tape(tmp_path, trade(), trade(strike=150), trade(strike=155, premium=5_000_000))
    run(BacktestOptions(config=before, tapes=[path], other=after))
    text = capsys.readouterr().out
    assert f"{after} instead of {before}: −2 alerts, +0" in text
    assert "−  12:00:00  NVDA 145C 8/7 (22d)    $2.4M     94  hook          whales" in text


def test_json_is_all_that_is_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, own_logs: None
) -> None:
    """By the command as it is typed: a log's line on standard output would break whoever reads it."""
    path = tape(tmp_path, trade(), "no JSON")
    path.write_text(path.read_text() + "torn\n")
    chosen = config(tmp_path, FEED, HOOK, RULE)
    monkeypatch.setattr("sys.argv", ["flowbot", "backtest", str(path), "-c", str(chosen), "--json"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert err == ""
    assert found["tape"]["lines_skipped"] == 1
    assert found["tape"]["rejected"] == {"not_json": 1}
    assert found["config"]["rules"][0]["alerts"] == 1
    assert found["difference"] is None


def test_a_page_is_written_beside_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "day.html"
    options = BacktestOptions(config=config(tmp_path, FEED, HOOK, RULE), tapes=[tape(tmp_path, trade())], html=page)
    run(options)
    assert "whales" in capsys.readouterr().out
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    with pytest.raises(UnavailableError, match="cannot write"):
        run(BacktestOptions(config=options.config, tapes=options.tapes, html=tmp_path / "none" / "day.html"))


def test_a_tape_that_breaks_off_is_reported_and_then_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 1, so that no script takes half a day for a whole one."""
    path = tape(tmp_path, trade())
    real = Recording._read

    def broken(self: Recording, path: Path) -> Iterator[Recorded]:
        yield from real(self, path)
        raise InputError("the disk went away")

    monkeypatch.setattr(Recording, "_read", broken)
    with pytest.raises(InputError, match="the disk went away"):
        run(BacktestOptions(config=config(tmp_path, FEED, HOOK, RULE), tapes=[path]))
    assert "! The tape breaks off" in capsys.readouterr().out


def test_a_wrong_configuration_is_an_error_with_its_place(tmp_path: Path) -> None:
    wrong = config(tmp_path, FEED, HOOK, RULE.replace("premium", "premuim"))
    with pytest.raises(InputError, match=r'config\.yaml:3:.*unknown field "premuim"'):
        play(wrong, tape(tmp_path, trade()))


def test_a_tape_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.jsonl: cannot be read: No such file"):
        play(config(tmp_path, FEED, HOOK, RULE), tmp_path / "none.jsonl")
