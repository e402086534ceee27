"""When to connect again: the whole policy, without a clock."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.providers.backoff import End, Tries, next_try


def waits(*ends: End, chance: float = 0.0) -> list[float]:
    tries, found = Tries(), []
    for end in ends:
        tries, wait_s = next_try(tries, end, chance)
        found.append(wait_s)
    return found


LOST = End("lost", lived_s=0.1)
UNREACHABLE = End("unreachable")


def test_failures_in_a_row_wait_ever_longer_up_to_a_minute() -> None:
    """Chance spreads each wait over the upper half of its bound: 2, 4, 8 … 60 s."""
    assert waits(*[UNREACHABLE] * 8) == [1, 2, 4, 8, 16, 30, 30, 30]
    assert waits(*[UNREACHABLE] * 8, chance=1.0) == [2, 4, 8, 16, 32, 60, 60, 60]
    assert waits(UNREACHABLE, chance=0.5) == [1.5]


def test_a_short_session_is_one_more_failure() -> None:
    """Accepting and hanging up is no success."""
    assert waits(LOST, LOST, LOST) == [1, 2, 4]


def test_a_session_of_half_a_minute_resets_the_count() -> None:
    """29.9 s do not."""
    assert waits(LOST, LOST, End("closed", lived_s=29.9)) == [1, 2, 4]
    assert waits(LOST, LOST, End("closed", lived_s=30.0), LOST) == [1, 2, 1, 2]


@pytest.mark.parametrize("reason", ["auth", "forbidden"])
def test_a_refused_key_is_tried_slowly(reason: str) -> None:
    """From five minutes to half an hour."""
    refused = End(reason)  # type: ignore[arg-type]  # pytest hands the literal over as str
    assert waits(*[refused] * 5) == [300, 600, 900, 900, 900]
    assert waits(*[refused] * 5, chance=1.0) == [600, 1200, 1800, 1800, 1800]


def test_a_403_to_a_key_that_has_worked_is_ordinary_at_first() -> None:
    """Our half-open predecessor may hold the one connection; after three refusals the plan has changed."""
    assert waits(LOST, *[End("forbidden")] * 4) == [1, 2, 4, 8, 900]
    assert waits(LOST, End("auth")) == [1, 300]


def test_a_connection_limit_is_ordinary() -> None:
    """However often it comes."""
    assert waits(*[End("connection_limit")] * 7) == [1, 2, 4, 8, 16, 30, 30]


def test_a_wait_that_the_server_asks_for_is_kept_to() -> None:
    """Longer or shorter than ours; never under a second, never over an hour, and never under a refused key's."""
    assert waits(End("rate_limited", retry_after_s=17.0)) == [17]
    assert waits(*[UNREACHABLE] * 6, End("rate_limited", retry_after_s=2.0))[-1] == 2
    assert waits(End("rate_limited", retry_after_s=0.0)) == [1]
    assert waits(End("rate_limited", retry_after_s=1e9)) == [3600]
    assert waits(End("auth", retry_after_s=5.0)) == [300]
    assert waits(End("auth", retry_after_s=1000.0)) == [1000]


@given(
    ends=st.lists(
        st.builds(
            End,
            st.sampled_from(["closed", "lost", "auth", "forbidden", "rate_limited", "dns"]),
            retry_after_s=st.none() | st.floats(0, 1e6),
            lived_s=st.floats(0, 1e5),
        ),
        max_size=40,
    ),
    chance=st.floats(0, 1),
)
def test_no_history_gives_a_wait_out_of_bounds(ends: list[End], chance: float) -> None:
    """At least a second, so that no server is hammered; at most an hour and its tenth, so that none is given up."""
    assert all(1 <= wait_s < 3961 for wait_s in waits(*ends, chance=chance))


def test_a_thousand_failures_do_not_overflow() -> None:
    """A weekend's outage."""
    assert waits(*[UNREACHABLE] * 2000)[-1] == 30
