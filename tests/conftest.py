"""One lab for the whole session: bringing one up costs seconds, and a cluster is big enough for many tests.

Tests that change what others rely on (rules, operators, vCenters) bring up a lab of their own.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.commands import Lab, down, up
from lab.scenario import load


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A running lab of the default scenario: `lab.state_dir` (kubeconfig, ca.pem, …) and `lab.description` (lab.json)."""
    state_dir: Path = tmp_path_factory.mktemp("lab") / "state"
    yield up(load("default"), state_dir, attached=True)
    down(state_dir)
