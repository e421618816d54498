"""Names: the official operator's cases, the length limits, and never the same name twice."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration.names import LONGEST_MACHINE_SET_NAME, machine_set_names, pools, sanitise, shorten

LABEL = re.compile(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("zone-a", "zone-a"),
        ("funny_solomon", "funny-solomon"),
        ("a_b_c", "a-b-c"),
        ("Zone-A", "zone-a"),
        ("zone a", "zone-a"),
        ("a__b", "a-b"),
        ("a-_-b", "a-b"),
        ("_zone", "zone"),
        ("zone_", "zone"),
        ("My Zone!@#1", "my-zone-1"),
        ("Zürich", "z-rich"),
        ("", ""),
        ("___", ""),
        ("---", ""),
    ],
)
def test_sanitise(text: str, expected: str) -> None:
    assert sanitise(text) == expected


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        ({"ocp1-x7x2g-worker-0": "worker"}, ["worker"]),
        ({"ocp1-x7x2g-worker": "worker"}, ["worker"]),
        ({"ocp1-x7x2g-worker-us-east-1a": "worker"}, ["worker"]),
        ({"ocp1-x7x2g-infra-0": "infra", "ocp1-x7x2g-worker-0": "worker"}, ["infra", "worker"]),
        ({"ocp1-x7x2g-worker-0": "worker", "ocp1-x7x2g-worker-1": "worker"}, ["worker-0", "worker-1"]),
        ({"ocp1-x7x2g-worker-0": "worker", "ocp1-x7x2g-worker-gpu-0": "worker"}, ["worker", "worker-gpu"]),
        ({"ocp1-x7x2g-infra-0": "worker"}, ["infra"]),
        ({"gpu-a100": "worker"}, ["gpu-a100"]),
        ({"ocp1-x7x2g-7": ""}, ["7"]),
    ],
)
def test_pools(roles: dict[str, str], expected: list[str]) -> None:
    assert list(pools(roles, infrastructure_name="ocp1-x7x2g").values()) == expected


def named(infra: str, pool: str, domain: str, taken: frozenset[str] = frozenset()) -> str:
    return machine_set_names(infrastructure_name=infra, pools={"source": pool}, failure_domains=[domain], taken=taken)[
        "source", domain
    ]


@pytest.mark.parametrize(
    ("infra", "pool", "domain", "expected"),
    [
        ("ci-op-abc-12345", "worker", "zone-a", "ci-op-abc-12345-worker-zone-a"),
        ("ocp1-x7x2g", "infra", "VCF_AZ1", "ocp1-x7x2g-infra-vcf-az1"),
        ("ocp1-x7x2g", "worker", "___", "ocp1-x7x2g-worker"),
    ],
)
def test_machine_set_name(infra: str, pool: str, domain: str, expected: str) -> None:
    assert named(infra, pool, domain) == expected


def test_a_long_name_is_cut_and_still_tells_its_failure_domain_apart() -> None:
    one, other = named("ocp1-x7x2g", "worker", "z" * 200 + "1"), named("ocp1-x7x2g", "worker", "z" * 200 + "2")
    assert len(one) == LONGEST_MACHINE_SET_NAME == 57
    assert one != other
    assert one.startswith("ocp1-x7x2g-worker-zzz")


def test_the_longest_name_that_fits_is_left_alone() -> None:
    assert shorten("a" * 57) == "a" * 57
    assert shorten("a" * 58) != "a" * 58


def test_a_taken_name_is_avoided_the_same_way_every_time() -> None:
    plain = named("ocp1", "worker", "az1")
    again = named("ocp1", "worker", "az1", frozenset({plain}))
    assert again != plain
    assert again.startswith("ocp1-worker-az1-")
    assert again == named("ocp1", "worker", "az1", frozenset({plain}))
    assert named("ocp1", "worker", "az1", frozenset({plain, again})) not in {plain, again}


@given(
    infra=st.from_regex(r"[a-z][a-z0-9-]{0,20}[a-z0-9]", fullmatch=True),
    sources=st.dictionaries(st.text(min_size=1, max_size=70), st.text(max_size=40), min_size=1, max_size=4),
    domains=st.lists(st.text(min_size=1, max_size=256), min_size=1, max_size=4, unique=True),
    taken=st.lists(st.from_regex(r"[a-z]{1,3}", fullmatch=True), max_size=3),
)
def test_names_are_valid_different_and_reproducible(
    infra: str, sources: dict[str, str], domains: list[str], taken: list[str]
) -> None:
    names = machine_set_names(infrastructure_name=infra, pools=sources, failure_domains=domains, taken=taken)
    assert names.keys() == {(source, domain) for source in sources for domain in domains}
    assert len(set(names.values()) | set(taken)) == len(names) + len(set(taken))
    assert all(LABEL.match(name) and len(name) <= 57 for name in names.values())
    assert names == machine_set_names(infrastructure_name=infra, pools=sources, failure_domains=domains, taken=taken)
