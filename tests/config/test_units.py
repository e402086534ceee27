"""Durations, money and URLs: what is accepted, what it means, and what is refused without being quoted."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from bot.config.units import (
    Duration,
    Money,
    SecretUrl,
    VendorUrl,
    is_loopback,
    parse_clock,
    parse_duration,
    parse_fraction,
    parse_money,
    write_clock,
    write_duration,
)
from bot.model.secret import Secret


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (30, 30), (0, 0), (2.5, 2.5), ("30", 30), ("30s", 30), ("5m", 300), ("1.5h", 5400), ("7d", 604_800),
        ("250ms", 0.25), (" 10 s ", 10), (".5s", 0.5), ("3650d", 315_360_000),
    ],
)  # fmt: skip
def test_a_duration_is_seconds(text: str | float, seconds: float) -> None:
    """A number is seconds; a suffix is milliseconds to days."""
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["", "s", "5 mins", "1h30m", "-5s", "5M", "٣s", "1e3s", -1, True, float("nan"), float("inf"), "3651d", 10**400],
)
def test_what_is_no_duration_is_refused(text: str | float) -> None:
    """Other units, negatives, NaN and more than ten years are refused with the accepted forms."""
    with pytest.raises(ValueError, match="expected a duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(600, "10m"), (90, "90s"), (5400, "90m"), (3600, "1h"), (86_400, "1d"), (432_000, "5d"), (0.5, "0.5s"), (0, "0s")],
)
def test_a_duration_is_written_as_it_is_read(seconds: float, text: str) -> None:
    assert write_duration(seconds) == text
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "seconds", "written"),
    [
        ("09:30", 34_200, "09:30"), ("9:30", 34_200, "09:30"), ("16:00:30", 57_630, "16:00:30"), ("00:00", 0, "00:00"),
        ("23:59:59", 86_399, "23:59:59"), ("24:00", 86_400, "24:00"), (" 12:05 ", 43_500, "12:05"),
    ],
)  # fmt: skip
def test_a_time_of_day_is_seconds_since_midnight(text: str, seconds: float, written: str) -> None:
    assert parse_clock(text) == seconds
    assert write_clock(seconds) == written


@pytest.mark.parametrize(
    "text", ["", "9", "930", 930, "25:00", "24:01", "12:60", "12:00:60", "12:5", "noon", None, 9.5]
)
def test_what_is_no_time_of_day_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="expected a time of day in New York"):
        parse_clock(text)


@pytest.mark.parametrize(
    ("text", "fraction"),
    [("70%", 0.7), (0.7, 0.7), ("0.7", 0.7), (" 7 % ", 0.07), ("12.5%", 0.125), (1, 1), ("100%", 1), ("57%", 0.57)],
)
def test_a_fraction(text: str | float, fraction: float) -> None:
    """To the nearest float: 57% is 0.57, and not a rounding error beside it."""
    assert parse_fraction(text) == fraction


@pytest.mark.parametrize(
    "text", ["", "%", "lots", 0, "0%", -0.5, "-5%", "70", "101%", 101, True, "7%0", float("nan"), "nan", "inf%"]
)
def test_what_is_no_fraction_is_refused(text: str | float) -> None:
    with pytest.raises(ValueError, match="expected a percentage or a fraction"):
        parse_fraction(text)


def test_a_percentage_without_its_sign_is_told_so() -> None:
    with pytest.raises(ValueError, match="write 70%"):
        parse_fraction(70)


@pytest.mark.parametrize(
    ("text", "dollars"),
    [
        ("500k", 500_000), ("$500K", 500_000), ("1.2M", 1_200_000), ("500_000", 500_000), ("500,000", 500_000),
        ("2.5b", 2_500_000_000),
        ("2.01k", 2_010), ("2.01m", 2_010_000), ("$1,234,567.89", 1_234_567.89), (" $ 5 k ", 5_000),
        (".5M", 500_000), ("1e6", 1_000_000), (750, 750), (0.25, 0.25), ("0", 0),
    ],
)  # fmt: skip
def test_money_is_dollars(text: str | float, dollars: float) -> None:
    """Suffixes, separators and a dollar sign are read, to the nearest cent and not a rounding error beside it."""
    assert parse_money(text) == dollars


@pytest.mark.parametrize(
    "text",
    ["", "$", "k", ".", "5,00", "1,0000", "1__0", "_1", "-5", "5-", "nan", "inf", "1e999", "1e6k", "500kk", "€5", "5 %",
     "1.2.3", "0x10", -1, True, float("nan"), float("inf"), 10**400],
)  # fmt: skip
def test_what_is_no_money_is_refused(text: str | float) -> None:
    """Nonsense, negatives, NaN and infinity are refused."""
    with pytest.raises(ValueError, match="expected an amount"):
        parse_money(text)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**12), st.sampled_from(["", "k", "K", "m", "M", "b", "B"]), st.sampled_from(["", "$", "$ "]))
def test_a_whole_number_and_its_suffix_multiply_exactly(number: int, suffix: str, sign: str) -> None:
    """Written with commas, underscores or nothing between the digits, the amount is the same."""
    factor = {"": 1, "k": 1_000, "m": 1_000_000, "b": 1_000_000_000}[suffix.lower()]
    for digits in (f"{number}", f"{number:,}", f"{number:_}"):
        assert parse_money(f"{sign}{digits}{suffix}") == float(number * factor)


@settings(max_examples=200, deadline=None)
@given(st.text("0123456789.,_$kKmMbBeE+- ", max_size=12))
def test_whatever_is_typed_gives_an_amount_or_the_forms(text: str) -> None:
    """No input leads to another error, a negative or a number that is none."""
    try:
        amount = parse_money(text)
    except ValueError:
        return
    assert 0 <= amount < float("inf")


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True), ("LOCALHOST", True), ("127.0.0.1", True), ("127.200.3.4", True), ("::1", True),
        ("localhost.example.com", False), ("128.0.0.1", False), ("127.1", False), ("0.0.0.0", False),
        ("::ffff:127.0.0.1", False), ("", False),
    ],
)  # fmt: skip
def test_loopback_is_this_machine_and_nothing_else(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


@pytest.mark.parametrize(
    "url",
    ["https://api.example.com/v1", "wss://api.example.com/stream", "http://localhost:8080/", "ws://127.0.0.1:9/x",
     "http://[::1]:80/"],
)  # fmt: skip
def test_a_vendor_url_is_encrypted_or_on_this_machine(url: str) -> None:
    assert TypeAdapter(VendorUrl).validate_python(url) == url
    assert TypeAdapter(SecretUrl).validate_python(url).reveal() == url


@pytest.mark.parametrize(
    "url",
    ["http://api.example.com/", "ws://api.example.com/", "http://localhost.example.com/",
     "http://127.0.0.1@evil.example/", "http://127.0.0.1\\@evil.example/", "ftp://x/", "//x/", "https:///x",
     "https://x:99999/", "https://[::1", "api.example.com/v1", "https://a b/", "https://a/\n"],
)  # fmt: skip
def test_other_urls_are_refused_without_being_quoted(url: str) -> None:
    """A tricky host counts as what it is, and the message may speak of a secret."""
    for kind in (VendorUrl, SecretUrl):
        with pytest.raises(ValidationError) as caught:
            TypeAdapter(kind).validate_python(Secret(url) if kind is SecretUrl else url)
        assert url not in caught.value.errors()[0]["msg"]


def test_a_vendor_url_holds_no_password() -> None:
    """Vendors' URLs are logged; a secret URL may hold one."""
    with pytest.raises(ValidationError, match="without user name and password"):
        TypeAdapter(VendorUrl).validate_python("https://user:pass@example.com/")
    TypeAdapter(SecretUrl).validate_python("https://user:pass@example.com/")


def test_types_in_a_model() -> None:
    """The types parse, keep secrets, and describe themselves for editors."""

    class Model(BaseModel):
        wait: Duration = 5
        least: Money
        hook: SecretUrl

    found = Model.model_validate({"wait": "2m", "least": "1k", "hook": "https://example.com/fake-hook-key"})
    assert (found.wait, found.least) == (120, 1_000)
    assert "fake-hook-key" not in repr(found)
    properties = Model.model_json_schema()["properties"]
    assert properties["wait"]["anyOf"][0]["type"] == "number"
    assert properties["hook"]["writeOnly"] is True
