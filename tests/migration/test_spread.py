"""The spread keeps the total; the official operator's own answers stand beside ours where they differ."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration.spread import deal, spread


@pytest.mark.parametrize(
    ("replicas", "domains", "expected"),
    [
        (3, 1, [3]),
        (3, 2, [2, 1]),
        (5, 3, [2, 2, 1]),  # theirs: 1, 1, 3
        (7, 3, [3, 2, 2]),
        (10, 4, [3, 3, 2, 2]),  # theirs: 2, 2, 2, 4
        (11, 4, [3, 3, 3, 2]),  # theirs: 2, 2, 2, 5
        (2, 3, [1, 1, 0]),  # theirs: 1, 1, 1, one more than asked for
        (0, 2, [0, 0]),  # theirs: 1, 1, two more than asked for
    ],
)
def test_spread(replicas: int, domains: int, expected: list[int]) -> None:
    assert spread(replicas, domains=domains) == expected


@pytest.mark.parametrize(("first", "expected"), [(0, [2, 2, 1]), (1, [1, 2, 2]), (2, [2, 1, 2]), (3, [2, 2, 1])])
def test_the_remainder_begins_where_it_is_told_to(first: int, expected: list[int]) -> None:
    assert spread(5, domains=3, first=first) == expected


@pytest.mark.parametrize(("replicas", "domains"), [(3, 0), (-1, 2)])
def test_what_cannot_be_spread(replicas: int, domains: int) -> None:
    with pytest.raises(ValueError, match=r"placed"):
        spread(replicas, domains=domains)


def test_pools_of_one_do_not_all_land_on_the_first_failure_domain() -> None:
    assert deal({"a": 1, "b": 1, "c": 1}, domains=3) == {"a": [1, 0, 0], "b": [0, 1, 0], "c": [0, 0, 1]}


@given(
    replicas=st.dictionaries(st.text(max_size=3), st.integers(0, 1000), min_size=1),
    domains=st.integers(1, 12),
)
def test_totals_are_kept_and_balanced(replicas: dict[str, int], domains: int) -> None:
    shares = deal(replicas, domains=domains)
    assert {pool: sum(share) for pool, share in shares.items()} == replicas
    assert all(max(share) - min(share) <= 1 for share in shares.values())
    totals = [sum(column) for column in zip(*shares.values(), strict=True)]
    assert max(totals) - min(totals) <= 1
