"""The configuration as a whole: what the contract promises is accepted, and every problem is told at once."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from msgspec.structs import replace

from bot.engine.lane import LaneOptions
from bot.model.errors import InputError
from bot.model.ports import Rate
from bot.model.secret import Secret
from bot.model.terms import ActiveHours, Terms
from bot.settings import EXAMPLE, Settings, example_rules, load, schema

HOOK = "https://discord.com/api/webhooks/123456789012345678/hook-token"
ENVIRONMENT = {
    "RADARPULSE_API_KEY": "rp-key",
    "OPTIONWHALES_API_KEY": "ow-key",
    "DISCORD_BOT_TOKEN": "discord-token",
    "DISCORD_WEBHOOK_URL": HOOK,
    "SLACK_BOT_TOKEN": "xoxb-token",
    "SLACK_APP_TOKEN": "xapp-token",
    "SLACK_WEBHOOK_URL": "https://hooks.slack.com/services/T0/B0/secret",
}

CONTRACT = """
providers:
  radarpulse:                      # a name of your own
    type: radarpulse
    api_key: ${RADARPULSE_API_KEY}
    ws_url: wss://api.radarpulse.io/v1/stream
    rest_url: https://api.radarpulse.io/v1
    auth: x-api-key
  optionwhales:
    type: optionwhales
    api_key: ${OPTIONWHALES_API_KEY}
    ws_url: wss://api.optionwhales.io/v1/ws/abnormal-trades
    rest_url: https://api.optionwhales.io/v1
    tickers: [AAPL, NVDA]

discord:
  token: ${DISCORD_BOT_TOKEN}
  api_url: https://discord.com/api/v10
slack:
  bot_token: ${SLACK_BOT_TOKEN}
  app_token: ${SLACK_APP_TOKEN}
  api_url: https://slack.com/api/

destinations:
  whale-room:  {type: discord_channel, channel: "1122334455667788"}
  public-hook: {type: discord_webhook, url: "${DISCORD_WEBHOOK_URL}"}
  desk:        {type: slack_channel, channel: C0123ABCD}
  desk-hook:   {type: slack_webhook, url: "${SLACK_WEBHOOK_URL}"}
  terminal:    {type: console}

rules:
  - name: extreme-sweeps
    when:
      score: ">= 85"
      premium: ">= 500k"
      side: ask
      kind: [sweep, block]
      sector: {not: [Utilities]}
      dte: {min: 0, max: 30}
      any:
        - {otm_pct: "<= 10"}
        - {vol_oi: "> 5"}
    send_to: [whale-room, desk]
    cooldown: 5m
    cooldown_by: contract
    priority: high
    mention: ["123456789012345678", S0WHALES]
    repeats: edit

delivery:
  max_age: 2m
  late_after: 30s
  backlog: 50
  digest: true
  on_unknown: resend
  pace: auto
  budget: 240
  active_hours: null

admin: {notify: [desk], discord_roles: [], discord_users: [], slack_users: []}
score_bands: {extreme: 85, elevated: 70, notable: 55}
dedup: {keep: 7d}
store: {path: state/flowbot.db, tape: state/tape}
http:  {listen: 127.0.0.1:8080, public_url: null}
log:   {level: info, format: json}
"""
"""The contract's configuration."""

SECTIONS: Mapping[str, Any] = {
    "providers": {"radarpulse": {"type": "radarpulse", "api_key": "fake-key"}},
    "destinations": {"terminal": {"type": "console"}},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def read(folder: Path, text: str, environ: Mapping[str, str] = ENVIRONMENT) -> Settings:
    path = folder / "config.yaml"
    path.write_text(text, "utf-8")
    return load(path, environ)


def problems(folder: Path, text: str, environ: Mapping[str, str] = ENVIRONMENT) -> list[str]:
    """Every problem as the user sees it, without the folder."""
    with pytest.raises(InputError) as raised:
        read(folder, text, environ)
    return [str(problem).replace(f"{folder}/", "") for problem in raised.value.problems]


SMALL = """
providers: {rp: {type: radarpulse, api_key: "${RADARPULSE_API_KEY}"}}
destinations:
  terminal: {type: console}
  hook: {type: discord_webhook, url: "${DISCORD_WEBHOOK_URL}"}
rules: [{name: whales, when: {premium: ">= 500k"}, send_to: [terminal, hook]}]
"""


# --- what is accepted ---


def test_the_contract_is_accepted(folder: Path) -> None:
    """Every key of the contract reads as what it says."""
    settings = read(folder, CONTRACT)
    assert set(settings.providers) == {"radarpulse", "optionwhales"}
    assert set(settings.destinations) == {"whale-room", "public-hook", "desk", "desk-hook", "terminal"}
    (rule,) = settings.rules
    assert (rule.name, rule.route.send_to, rule.route.cooldown_s) == ("extreme-sweeps", ("whale-room", "desk"), 300.0)
    assert (rule.route.priority, rule.route.mentions) == ("high", ("123456789012345678", "S0WHALES"))
    assert rule.route.repeats == "edit"
    assert settings.admin.notify == ["desk"]
    assert settings.dedup.keep == 7 * 86_400
    assert settings.store.tape == Path("state/tape")
    assert settings.http.address == ("127.0.0.1", 8080)
    assert settings.look.bands.name(70) == "ELEVATED"
    assert settings.warnings == ()


def test_defaults(folder: Path) -> None:
    """Only providers, destinations and rules must be there."""
    settings = read(folder, SMALL)
    assert (settings.discord, settings.slack) == (None, None)
    assert settings.store_path == folder / "state" / "flowbot.db"
    assert settings.dedup.keep == 7 * 86_400
    assert (settings.log.level, settings.log.format) == ("info", "json")
    assert settings.http.listen == "127.0.0.1:8080"
    terms = Terms(max_age_s=120.0, backlog=50, budget=240, is_digested=True, repeats="edit", can_edit=True)
    assert settings.lane_options("hook") == LaneOptions("resend", None, terms)
    assert settings.lane_options("terminal").terms == replace(terms, is_digested=False, can_edit=False)
    assert settings.look_at("hook").late_after_s == 30.0


def test_the_store_is_beside_the_configuration(folder: Path) -> None:
    """A relative path begins at the file's own folder, an absolute one is itself."""
    assert read(folder, SMALL + "store: {path: elsewhere/alerts.db}").store_path == folder / "elsewhere" / "alerts.db"
    assert read(folder, SMALL + "store: {path: /var/lib/flowbot/alerts.db}").store_path == Path(
        "/var/lib/flowbot/alerts.db"
    )


OVERRIDES: tuple[tuple[str, str, Terms], ...] = (
    ("max_age: 10m", "max_age: 90s", Terms(max_age_s=90.0)),
    ("max_age: 10m", "max_age: null", Terms(max_age_s=None)),
    ("backlog: 5", "backlog: 0", Terms(backlog=0)),
    ("backlog: 5", "backlog: null", Terms(backlog=None)),
    ("budget: 10", "budget: 1000", Terms(budget=1000)),
    ("budget: 10", "budget: null", Terms(budget=None)),
    ("digest: true", "digest: false", Terms(is_digested=False)),
    ("digest: false", "digest: true", Terms(is_digested=True)),
    ("repeats: drop", "repeats: post", Terms(repeats="post")),
    (
        'active_hours: {from: "9:25", to: "16:15"}',
        'active_hours: {from: "20:00", to: "04:00", days: [Sun, monday], outside: drop}',
        Terms(hours=ActiveHours(time(20), time(4), frozenset({6, 0}), "drop")),
    ),
    ('active_hours: {from: "9:25", to: "16:15"}', "active_hours: null", Terms(hours=None)),
)


@pytest.mark.parametrize(("everywhere", "own", "expected"), OVERRIDES)
def test_a_destination_overrides_every_key_of_delivery(
    folder: Path, everywhere: str, own: str, expected: Terms
) -> None:
    """delivery: holds for all, a destination's own word for itself, `null` included."""
    key = own.partition(":")[0]
    attribute = {"max_age": "max_age_s", "digest": "is_digested", "active_hours": "hours"}.get(key, key)
    text = SMALL.replace('URL}"}', f'URL}}", {own}}}') + f"delivery: {{{everywhere}}}"
    overridden = read(folder, text).lane_options("hook").terms
    assert getattr(overridden, attribute) == getattr(expected, attribute)
    inherited = read(folder, text.replace(f", {own}", "")).lane_options("hook").terms
    assert getattr(inherited, attribute) != getattr(expected, attribute)


def test_a_destination_overrides_pace_on_unknown_and_late_after(folder: Path) -> None:
    text = SMALL.replace("{type: console}", "{type: console, pace: none, on_unknown: resend, late_after: 5m}")
    settings = read(folder, text + "delivery: {pace: {per_minute: 30}, on_unknown: drop, late_after: 1m}")
    terminal, hook = settings.lane_options("terminal"), settings.lane_options("hook")
    assert (terminal.on_unknown, terminal.rates) == ("resend", ())
    assert (hook.on_unknown, hook.rates) == ("drop", (Rate(30, 60.0),))
    assert (settings.look_at("terminal").late_after_s, settings.look_at("hook").late_after_s) == (300.0, 60.0)


def test_a_rule_has_its_own_max_age_and_repeats(folder: Path) -> None:
    settings = read(folder, SMALL.replace("name: whales,", "name: whales, max_age: 15m, repeats: drop,"))
    assert (settings.rules[0].route.max_age_s, settings.rules[0].route.repeats) == (900.0, "drop")


def test_two_providers_cannot_be_posted_to_at_one_path(folder: Path) -> None:
    text = SMALL.replace(
        'api_key: "${RADARPULSE_API_KEY}"}}',
        'api_key: "${RADARPULSE_API_KEY}"}, a: {type: webhook, of: radarpulse, path: /hooks/b},\n'
        "  b: {type: webhook, of: optionwhales}}",
    )
    assert problems(folder, text) == [
        'config.yaml:3:3: provider "b" receives at /hooks/b, as does "a": give one another path'
    ]


def test_a_key_in_an_address_is_not_repeated(folder: Path) -> None:
    """Who put a key into a URL, where it must not be, finds it in no message; the host is told."""
    for url in ("wss://x.example/s?api_key=fake-key-1", "wss://fake-key-1@x.example/", "wss://x.example/fake-key-1#a"):
        text = SMALL.replace("type: radarpulse,", f'type: radarpulse, ws_url: "{url}",')
        (problem,) = problems(folder, text)
        assert "fake-key-1" not in problem
        assert "x.example" in problem


def test_an_admin_is_told_where_there_is_a_destination(folder: Path) -> None:
    assert problems(folder, SMALL + "admin: {notify: [terminal, hok]}") == [
        'config.yaml:7:28: unknown destination "hok" in admin.notify; did you mean "hook"?'
    ]


def test_secrets_are_all_known(folder: Path) -> None:
    """Every key, token and webhook URL, so that the log can star them out; and none of them in a repr."""
    settings = read(folder, CONTRACT)
    assert settings.secrets == set(map(Secret, ENVIRONMENT.values()))
    assert not any(secret in repr(settings) for secret in ENVIRONMENT.values())


def test_dotenv_beside_the_file(folder: Path) -> None:
    """.env fills in what the environment does not have; the environment wins."""
    (folder / ".env").write_text(f"RADARPULSE_API_KEY=from-file\nDISCORD_WEBHOOK_URL={HOOK}\n")
    settings = read(folder, SMALL, {"RADARPULSE_API_KEY": "from-environment"})
    assert settings.secrets == {Secret("from-environment"), Secret(HOOK)}


def test_a_rule_that_may_never_fire_is_a_warning(folder: Path) -> None:
    """OptionWhales' documentation shows neither score nor kind: the rule is accepted, and both are named."""
    text = SMALL.replace("radarpulse, api", "optionwhales, api").replace(
        '{premium: ">= 500k"}', "{score: 85, kind: sweep}"
    )
    settings = read(folder, text)
    assert [(warning.line, warning.is_warning) for warning in settings.warnings] == [(6, True), (6, True)]
    assert ["kind" in warning.message or "score" in warning.message for warning in settings.warnings] == [True, True]


def test_the_examples_rules() -> None:
    """The demo takes them, whatever is set in the environment."""
    assert [rule.name for rule in example_rules()] == [
        "extreme-sweeps",
        "golden-sweeps",
        "zero-dte-index",
        "fresh-positions",
        "persistent-buyer",
    ]


def test_the_example_is_good_once_its_variables_are_set(tmp_path: Path) -> None:
    """And without them, both are named, each where it stands."""
    example = tmp_path / "config.yaml"
    example.write_text(EXAMPLE.read_text("utf-8"), "utf-8")
    settings = load(example, {"RADARPULSE_API_KEY": "rp-key", "DISCORD_WEBHOOK_URL": HOOK})
    assert (len(settings.providers), len(settings.destinations), len(settings.rules)) == (1, 2, 5)
    assert settings.warnings == ()
    with pytest.raises(InputError) as raised:
        load(example, {})
    assert [problem.message.split(" is not set")[0] for problem in raised.value.problems] == [
        "the variable RADARPULSE_API_KEY",
        "the variable DISCORD_WEBHOOK_URL",
    ]


def test_several_files_are_one_configuration(folder: Path) -> None:
    """Rules of both files, names of the one used in the other; watchlists as the file begins them."""
    (folder / "names.yaml").write_text("lists: {mega: [AAPL, MSFT]}\nwatchlists: {earnings: [NVDA]}\n", "utf-8")
    (folder / "more.yaml").write_text(
        "rules:\n- {name: more, when: {ticker: [mega, earnings]}, send_to: [terminal]}\n", "utf-8"
    )
    document: dict[str, Any] = {
        **SECTIONS,
        "include": ["names.yaml", "mo*.yaml"],
        "define": {"whale": {"premium": ">= 1M"}},
    }
    document["rules"] = [{"name": "whales", "when": "whale", "send_to": ["terminal"]}]
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(document), "utf-8")
    settings = load(path, {})
    assert [rule.name for rule in settings.rules] == ["whales", "more"]
    assert settings.watchlists == {"earnings": ("NVDA",)}
    assert settings.rules[1].watchlists == {"earnings"}
    assert {path.name for path in settings.sources.files} >= {"config.yaml", "names.yaml", "more.yaml", ".env"}


def test_what_a_missing_file_would_have_held_is_not_missed_twice(folder: Path) -> None:
    """The one problem is that it is not there; not that its destinations, lists and rules are unknown."""
    document: dict[str, Any] = {
        "providers": SECTIONS["providers"],
        "include": "rest.yaml",
        "admin": {"notify": ["desk"]},
    }
    document["rules"] = [{"name": "a", "when": {"ticker": "mega", "use": "whale"}, "send_to": ["desk"]}]
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(document), "utf-8")
    with pytest.raises(InputError) as raised:
        load(path, {})
    (problem,) = raised.value.problems
    assert "rest.yaml" in problem.message
    assert "no such file" in problem.message


# --- what is refused ---


def test_every_problem_is_told_at_once(folder: Path) -> None:
    """One run of `check` is enough: each problem with its line and column, in the order of the file."""
    text = """\
providers:
  radarpulse: {type: radarpulse, api_key: "${NOPE}", silence: soon}
  other: {type: radarpuls, api_key: k}
destinations:
  room: {type: discord_channel, channel: 12}
  hook: {type: discord_webhook, url: ftp://x}
rules:
  - name: whales
    when: {premuim: ">= 500k"}
    send_to: [hok]
    cooldown: 5 mins
  - name: whales
    when: {score: ">= 85"}
    send_to: [hook]
htp: {listen: "127.0.0.1:0"}
http: {listen: nowhere}
"""
    expected = [
        ("2:43", "the variable NOPE is not set"),
        ("2:63", "silence of provider"),
        ("3:17", 'did you mean "radarpulse"?'),
        ("5:3", "add a discord: section"),
        ("5:42", "put it in quotes"),
        ("6:38", "https://"),
        ("9:12", 'unknown field "premuim" in rule "whales"; did you mean "premium"?'),
        ("10:15", 'did you mean "hook"?'),
        ("11:15", "cooldown of rule"),
        ("12:11", 'two rules are called "whales"'),
        ("15:1", 'did you mean "http"?'),
        ("16:16", "nowhere"),
    ]
    found = problems(folder, text)
    assert [line.split(": ")[0] for line in found] == [f"config.yaml:{place}" for place, _ in expected]
    for line, (_, words) in zip(found, expected, strict=True):
        assert words in line


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "the file is empty"),
        ("- a\n- b\n", "must be a mapping"),
        ("just text", "must be a mapping"),
        ("providers: [a]\ndestinations: {}\nrules: []\n", "providers must be a mapping of names"),
        ("providers:\n\t rp: 1\n", "config.yaml:2:1: a tab cannot indent YAML"),
        ("rules: 3\n" + SMALL.replace("rules:", "#"), "rules: expected a list"),
    ],
)
def test_what_is_no_configuration(folder: Path, text: str, told: str) -> None:
    """Told in a sentence, never with a traceback."""
    assert told in "\n".join(problems(folder, text))


@pytest.mark.parametrize("section", ["providers", "destinations", "rules"])
def test_a_section_that_must_be_there(folder: Path, section: str) -> None:
    """Missing and empty come to the same, and the message shows the way."""
    kept = {name: value for name, value in yaml.safe_load(SMALL).items() if name != section}
    for text in (yaml.safe_dump(kept), yaml.safe_dump(kept | {section: None}), yaml.safe_dump(kept | {section: {}})):
        assert any(f'"{section}" is missing or empty' in line for line in problems(folder, text)), text


@pytest.mark.parametrize(
    ("destination", "section"),
    [("{type: discord_channel, channel: '1'}", "discord"), ("{type: slack_channel, channel: C0123ABCD}", "slack")],
)
def test_a_bots_destination_needs_the_bots_section(folder: Path, destination: str, section: str) -> None:
    """The message names the destination and the section, where the destination stands."""
    text = SMALL.replace("terminal: {type: console}", f"terminal: {destination}")
    (line,) = problems(folder, text)
    assert line.startswith("config.yaml:4:3: ")
    assert '"terminal"' in line
    assert f"{section}: section" in line


def test_a_file_that_is_not_there(folder: Path) -> None:
    """The message is the file and the reason."""
    with pytest.raises(InputError, match=r"none\.yaml: there is no such file"):
        load(folder / "none.yaml", {})


@pytest.mark.parametrize(
    "text",
    [
        SMALL.replace("api_key:", "ws_url:"),
        SMALL + 'log: {level: "${RADARPULSE_API_KEY}"}',
        SMALL + 'delivery: {on_unknown: "${SLACK_BOT_TOKEN}"}',
        SMALL + 'http: {listen: "${DISCORD_BOT_TOKEN}"}',
        SMALL + 'dedup: {keep: "${SLACK_APP_TOKEN}"}',
        SMALL.replace("whales", "${OPTIONWHALES_API_KEY} !"),
        SMALL.replace(">= 500k", "${DISCORD_WEBHOOK_URL}"),
        SMALL.replace("type: console", "type: ${SLACK_WEBHOOK_URL}"),
        SMALL.replace("terminal, hook", "'${DISCORD_BOT_TOKEN}'"),
    ],
)
def test_a_secret_in_the_wrong_place_is_not_shown(folder: Path, text: str) -> None:
    """Whatever complains about a value that came from the environment says where it came from, not what it is."""
    told = "\n".join(problems(folder, text))
    assert not any(secret in told for secret in ENVIRONMENT.values())
    assert "config.yaml:" in told


# --- the schema ---


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    Draft202012Validator.check_schema(schema())
    return Draft202012Validator(schema())


def test_schema_is_json_with_a_description_everywhere() -> None:
    """Editors show the descriptions: every property has one, its own or that of what it refers to; a `type` has its
    model's."""
    document = json.loads(json.dumps(schema()))
    assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    silent = [
        f"{model}.{name}"
        for model, found in document["$defs"].items()
        for name, shape in found.get("properties", {}).items()
        if name != "type" and "description" not in shape and "$ref" not in shape
    ]
    assert not silent


def test_schema_accepts_the_contract_and_the_example(validator: Draft202012Validator) -> None:
    """As an editor sees them, before any variable is filled in."""
    for text in (CONTRACT, EXAMPLE.read_text("utf-8")):
        errors = [error.message for error in validator.iter_errors(yaml.safe_load(text))]
        assert not errors


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("providers:", "provider:"),
        ("type: radarpulse", "type: radarpuls"),
        ("auth: x-api-key", "auth: basic"),
        ("tickers: [AAPL, NVDA]", "tickers: AAPL"),
        ("type: console", "type: consol"),
        ('channel: "1122334455667788"', 'channel: "#whales"'),
        ("score: ", "scor: "),
        ("cooldown: 5m", "cooldown: 5 minutes"),
        ("cooldown_by: contract", "cooldown_by: strike"),
        ("priority: high", "priority: urgent"),
        ("send_to: [whale-room, desk]", "send_to: []"),
        ("S0WHALES", '"@everyone"'),
        ("on_unknown: resend", "on_unknown: maybe"),
        ("pace: auto", "pace: {per_minute: 0}"),
        ("extreme: 85", "extreme: 101"),
        ("keep: 7d", "keep: forever"),
        ("level: info", "level: loud"),
        ("format: json", "format: xml"),
        ("wss://api.radarpulse.io", "ftp://api.radarpulse.io"),
    ],
)
def test_schema_refuses_what_load_refuses(folder: Path, validator: Draft202012Validator, old: str, new: str) -> None:
    """An editor underlines what `check` would complain about."""
    assert old in CONTRACT
    text = CONTRACT.replace(old, new, 1)
    assert problems(folder, text)
    assert not validator.is_valid(yaml.safe_load(text))


def test_a_name_that_means_something_else(folder: Path) -> None:
    """`dm` is what personal alerts are counted as; the schema need not know."""
    text = SMALL.replace("  terminal:", "  dm:").replace("[terminal,", "[dm,")
    assert problems(folder, text) == [
        'config.yaml:4:3: "dm" is what all personal alerts are counted as: give it another name'
    ]


def test_reports_are_read_and_checked(folder: Path) -> None:
    """A schedule with its place; a destination that nobody knows is named with the one that is meant."""
    good = SMALL + "reports: [{name: close, show: recap, at: close+5m, send_to: [terminal]}]\n"
    assert [report.name for report in read(folder, good).reports] == ["close"]
    (problem,) = problems(folder, good.replace("send_to: [terminal]}]\n", "send_to: [terminl]}]\n"))
    assert re.fullmatch(
        r'config\.yaml:\d+:\d+: unknown destination "terminl" in report "close"; did you mean "terminal"\?', problem
    )


def test_hover_text_everywhere() -> None:
    """Every key that an editor completes says what it is for, or is of a kind that does."""
    whole = schema()
    Draft202012Validator.check_schema(whole)
    found = [(where, own) for where, own in _properties(whole) if own is not False]
    silent = [where for where, own in found if not own.get("description") and not _is_described(own, whole)]
    assert silent == []
    assert len(found) > 150


def _properties(shape: object, where: str = "") -> Iterator[tuple[str, Any]]:
    """Every property at any depth."""
    if isinstance(shape, dict):
        for name, own in shape.get("properties", {}).items():
            yield f"{where}.{name}", own
        for key, part in shape.items():
            yield from _properties(part, f"{where}.{key}")
    elif isinstance(shape, list):
        for index, part in enumerate(shape):
            yield from _properties(part, f"{where}[{index}]")


def _is_described(own: dict[str, Any], whole: dict[str, Any]) -> bool:
    name = own.get("$ref", "").rpartition("/")[2]
    return bool(name) and "description" in whole["$defs"][name]
