"""Sets of numbers as integers."""

from hypothesis import given
from hypothesis import strategies as st

from bot.rules.index_bits import bits, numbers_in

numbers = st.lists(st.integers(0, 100) | st.integers(0, 9000), max_size=200)


@given(numbers)
def test_what_goes_in_an_odd_number_of_times_comes_out(some: list[int]) -> None:
    assert sorted(numbers_in(bits(some))) == sorted(number for number in {*some} if some.count(number) % 2)
    assert bits(some) == sum(1 << number for number in {*some} if some.count(number) % 2)


def test_a_dense_set_comes_out_whole() -> None:
    assert sorted(numbers_in((1 << 10_000) - 1)) == list(range(10_000))
    assert numbers_in(0) == []
