"""Room on the source: what is missing there now, against what is free."""

from typing import Any

import pytest

from migration.capacity import USUAL_DISK, DatastoreDisks, disks, disks_gib, to_take_back, too_small
from migration.frozen_model import KubeObject

OLD = "vc-old"


def provider(datastore: str = "/dc/datastore/a", server: str = OLD, **fields: Any) -> KubeObject:
    return {"workspace": {"server": server, "datacenter": "dc", "datastore": datastore}, **fields}


@pytest.mark.parametrize(
    ("spec", "gib"),
    [
        ({}, USUAL_DISK),
        ({"diskGiB": 0}, USUAL_DISK),
        ({"diskGiB": 60}, 60),
        ({"diskGiB": 60, "dataDisks": [{"sizeGiB": 50}, {"name": "unsized"}]}, 110),
        ({"diskGiB": 60, "dataDisks": None}, 60),
    ],
)
def test_the_disks_of_a_machine(spec: KubeObject, gib: int) -> None:
    assert disks_gib(spec) == gib


def test_disks_are_counted_where_they_are() -> None:
    found = disks(
        [
            provider(diskGiB=100),
            provider("a", diskGiB=20),
            provider(diskGiB=20),
            provider("/dc/datastore/b", diskGiB=7),
            provider(server="vc-new", diskGiB=1000),
            {},
            {"workspace": {"server": OLD}},
        ],
        server=OLD,
    )
    assert found == [
        DatastoreDisks(datacenter="dc", datastore="/dc/datastore/a", gib=120),
        DatastoreDisks(datacenter="dc", datastore="a", gib=20),
        DatastoreDisks(datacenter="dc", datastore="/dc/datastore/b", gib=7),
    ]


@pytest.mark.parametrize(
    ("before", "now", "needs"),
    [
        ({}, {}, {}),
        ({"a": 600}, {"a": 600}, {}),
        ({"a": 600}, {"a": 240}, {"a": 360}),
        ({"a": 600, "b": 100}, {"a": 720}, {"b": 100}),
        ({"a": 600}, {"c": 100}, {"a": 600}),
    ],
)
def test_what_is_gone_needs_room(before: dict[str, int], now: dict[str, int], needs: dict[str, int]) -> None:
    assert to_take_back(before, now) == needs


@pytest.mark.parametrize(
    ("needs", "free", "said"),
    [
        ({}, {"a": 0.0}, []),
        ({"a": 360}, {"a": 360.0}, []),
        ({"a": 360}, {"a": 359.4}, ["a has 359 GiB free for 360 GiB of disks"]),
        ({"a": 1, "b": 2}, {"b": 1.0}, ["a has 0 GiB free for 1 GiB of disks", "b has 1 GiB free for 2 GiB of disks"]),
    ],
)
def test_what_does_not_fit_is_said(needs: dict[str, int], free: dict[str, float], said: list[str]) -> None:
    assert too_small(needs, free) == said
