"""The proofs' samples: what `make prove-rollback` and `make prove-walks` prove at length, in a few minutes on one lab."""

from collections.abc import AsyncIterator

import pytest

from tests.prove.harness import Harness, harness
from tests.prove.proof import SEED
from tests.prove.random_walks import walk_cell
from tests.prove.rollback import rollback_cell

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
async def present(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Harness]:
    async with harness(tmp_path_factory.mktemp("prove") / "service") as started:
        yield started


@pytest.mark.parametrize("cell", ["create_workers.crash", "scale_old.cancel"])
def test_sent_back_the_cluster_is_as_it_was(present: Harness, cell: str) -> None:
    proven = rollback_cell(present, cell, SEED)
    assert not proven.wrong, proven


def test_a_random_walk_ends_migrated_or_restored(present: Harness) -> None:
    proven = walk_cell(present, str(SEED), SEED)
    assert not proven.wrong, proven
