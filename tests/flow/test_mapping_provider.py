"""A mapped provider as an admin writes it: its map, its transport, and what is said to the feed."""

import pytest
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter

from bot.config.check import check
from bot.config.document import parse
from bot.model.secret import Secret
from bot.providers.mapped_settings import MappedSettings
from bot.providers.maps import names, ready_map
from bot.providers.messages import filled

UNUSUAL_WHALES = """
type: mapped
map: unusual_whales_flow_alerts
url: wss://api.unusualwhales.com/socket
api_key: ${KEY}
auth: {query: {token: "{key}"}}
subscribe: [{channel: flow-alerts, msg_type: join}]
"""
MASSIVE = """
type: mapped
map: massive_option_trades
url: wss://socket.massive.com/options
api_key: ${KEY}
auth:
  first_message: {action: auth, params: "{key}"}
  wait_for: {status: auth_success}
  refused: {status: auth_failed}
subscribe: [{action: subscribe, params: "T.*"}]
"""
TRADIER = """
type: mapped
map: tradier_timesale
url: wss://ws.tradier.com/v1/markets/events
api_key: ${KEY}
auth:
  header: {Authorization: "Bearer {key}"}
  session: {post: https://api.tradier.com/v1/markets/events/session, path: stream.sessionid}
subscribe: [{symbols: "{tickers}", sessionid: "{session}", filter: [timesale]}]
tickers: [SPY260717C00700000]
"""
THETADATA = """
type: mapped
map: thetadata_trades
url: ws://127.0.0.1:25520/v1/events
subscribe: [{msg_type: STREAM_BULK, sec_type: OPTION, req_type: TRADE, add: true, id: 0}]
"""
POLLED = """
type: mapped
transport: poll
map: {records: "data[]", fields: {ticker: ticker}}
url: https://feed.example/alerts
api_key: ${KEY}
auth: {header: {Authorization: "Bearer {key}"}}
every: 10s
since: {query: newer_than, unit: iso}
delayed: true
"""
INBOUND = """
type: mapped
transport: webhook
map: {records: "[]", fields: {ticker: ticker}}
path: /hooks/feed
api_key: ${KEY}
"""


def checked(text: str) -> tuple[MappedSettings | None, list[str]]:
    document = parse(text, "config.yaml", {"KEY": "fake-key-90210"})
    found, problems = check(MappedSettings, document.value, (), document, what='provider "p"')
    return found, [str(problem) for problem in (*document.problems, *problems)]


@pytest.mark.parametrize("text", [UNUSUAL_WHALES, MASSIVE, TRADIER, THETADATA, POLLED, INBOUND])
def test_every_vendor_can_be_written_down(text: str) -> None:
    """Their keys, sessions and subscriptions, and the schema knows them."""
    found, problems = checked(text)
    assert problems == []
    assert found is not None
    assert "fake-key" not in repr(found)
    schema = TypeAdapter(MappedSettings).json_schema()
    assert Draft202012Validator(schema).is_valid(parse(text, "m", {"KEY": "k"}).value)


def test_a_map_is_named_or_written_out() -> None:
    """A name stands for the map that comes with flowbot."""
    found, _ = checked(UNUSUAL_WHALES)
    assert found is not None
    assert found.map == ready_map("unusual_whales_flow_alerts")
    with pytest.raises(KeyError):
        ready_map("../settings")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            ("flow_alerts", "flow_alert"),
            '3:6: map of provider "p": no map comes by that name; did you mean "unusual_whales_flow_alerts"?',
        ),
        (
            ("wss:", "https:"),
            '2:1: provider "p": transport websocket needs a url that begins with wss://',
        ),
        (
            ("url: wss://api.unusualwhales.com/socket\n", ""),
            '2:1: provider "p": transport websocket needs a url',
        ),
        (
            ("wss://api.unusualwhales.com/socket", "wss://api.unusualwhales.com/socket?token=x"),
            '4:6: url of provider "p": expected a URL without a key; the key goes into api_key, and {key} into auth',
        ),
        (
            ("api_key: ${KEY}\n", ""),
            '2:1: provider "p": {key} stands for api_key, which is missing',
        ),
        (
            ("{key}", "{kee}"),
            '6:15: auth.query of provider "p": nothing fills {kee}; did you mean "key"?',
        ),
        (
            ("flow-alerts,", '"{session}",'),
            '2:1: provider "p": {session} stands for the id of auth.session, which is missing',
        ),
        (
            ("flow-alerts,", '"x:{ticker}",'),
            '2:1: provider "p": {tickers} and {ticker} stand for tickers, which is missing',
        ),
        (
            ("{query:", "{wait_for: {a: b}, query:"),
            '6:7: auth of provider "p": wait_for and refused are answers to a first_message; there is none',
        ),
        (
            ("{query:", "{session: {post: https://x.example/, path: a + b}, query:"),
            '6:50: auth.session.path of provider "p": expected a path alone, such as stream.sessionid',
        ),
        (
            ("type: mapped", "type: mapped\ntransport: webhook"),
            '2:1: provider "p": a webhook needs path, where it is received, and api_key, the secret that signs it',
        ),
        (
            ("map: unusual_whales_flow_alerts", "map: {fields: {ticker: t, premuim: p}}"),
            '3:27: unknown field "premuim" in map.fields of provider "p"; did you mean "premium"?',
        ),
    ],
)
def test_a_flaw_is_told_at_its_place(change: tuple[str, str], problem: str) -> None:
    """file:line:col, what is wrong, and how to mend it."""
    found, problems = checked(UNUSUAL_WHALES.replace(*change))
    assert found is None
    (told,) = problems
    assert told.startswith(f"config.yaml:{problem}")


@pytest.mark.parametrize(
    ("message", "sent"),
    [
        ({"action": "auth", "params": "{key}"}, [{"action": "auth", "params": "k"}]),
        ({"symbols": "{tickers}", "n": 5}, [{"symbols": ["A", "B"], "n": 5}]),
        ({"params": "T.{tickers}"}, [{"params": "T.A,B"}]),
        ({"channel": "trades:{ticker}"}, [{"channel": "trades:A"}, {"channel": "trades:B"}]),
        (["join", {"id": "{session}"}], [["join", {"id": "s"}]]),
        ("{key}", ["k"]),
        ("{}", ["{}"]),
    ],
)
def test_messages_are_filled_in(message: object, sent: list[object]) -> None:
    """A list where {tickers} stands alone; one message for each where {ticker} stands."""
    assert filled(message, key=Secret("k"), session="s", tickers=("A", "B")) == sent


def test_a_value_is_filled_in_once() -> None:
    """A session whose id looks like a placeholder stays what it is."""
    assert filled("{session}", key=Secret("k"), session="{key}", tickers=()) == ["{key}"]


def test_the_names_of_maps_are_in_the_schema() -> None:
    """So that an editor completes them."""
    (choices,) = [
        form["enum"]
        for form in TypeAdapter(MappedSettings).json_schema()["properties"]["map"]["anyOf"]
        if "enum" in form
    ]
    assert choices == list(names())
