"""OCC symbols, as listed in OCC's symbology document and as feeds have been seen to write them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.flow.occ import Contract, parse_occ
from bot.model.prints import Print

NVDA = Contract("NVDA", date(2026, 7, 17), "call", 145.0)


@pytest.mark.parametrize(
    ("symbol", "contract"),
    [
        ("NVDA  260717C00145000", NVDA),
        ("NVDA260717C00145000", NVDA),
        ("O:NVDA260717C00145000", NVDA),
        ("nvda260717c00145000", NVDA),
        ("O:SPXW251208C06840000", Contract("SPXW", date(2025, 12, 8), "call", 6840.0)),
        ("JD250523P00034000", Contract("JD", date(2025, 5, 23), "put", 34.0)),
        ("F     260116P00012500", Contract("F", date(2026, 1, 16), "put", 12.5)),
        ("BRK.B260116C00500000", Contract("BRK.B", date(2026, 1, 16), "call", 500.0)),
        ("NVDA", None),
        ("NVDA261317C00145000", None),  # a 13th month
        ("NVDA260230C00145000", None),  # February the 30th
        ("NVDA260717X00145000", None),
        ("NVDA260717C00000000", None),
        ("TOOLONGROOT260717C00145000", None),
        ("NVDA260717C0014500", None),
        ("", None),
    ],
)
def test_a_symbol_names_a_contract_or_nothing(symbol: str, contract: Contract | None) -> None:
    """Padded, unpadded and prefixed symbols are read; whatever is no symbol gives None."""
    assert parse_occ(symbol) == contract


@given(
    root=st.text("ABCXYZ", min_size=1, max_size=6),
    expiry=st.dates(date(2000, 1, 1), date(2099, 12, 31)),
    type_=st.sampled_from(["call", "put"]),
    thousandths=st.integers(1, 99_999_999),
)
def test_what_a_print_writes_is_read_back(root: str, expiry: date, type_: str, thousandths: int) -> None:
    """`Print.contract` and `parse_occ` are each other's inverse."""
    strike = thousandths / 1000
    symbol = Print(provider="p", ticker=root, received_ns=1, type=type_, strike=strike, expiry=expiry).contract  # type: ignore[arg-type]  # hypothesis draws a str
    assert symbol is not None
    assert parse_occ(symbol) == (root, expiry, type_, strike)


@given(st.text(max_size=40))
def test_no_text_breaks_the_reader(text: str) -> None:
    """Any text is a symbol or none."""
    assert parse_occ(text) is None or len(text) <= 24
