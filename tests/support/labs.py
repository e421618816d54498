"""Labs for as long as a block lasts."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.commands import Lab, down, up
from lab.scenario import Scenario


@contextmanager
def standing(scenario: Scenario, directory: Path) -> Iterator[Lab]:
    """A lab in `directory/lab`; its logs outlive it in `directory/logs`, to find out why a test failed."""
    lab = up(scenario, directory / "lab", attached=True)
    try:
        yield lab
    finally:
        shutil.copytree(lab.state_dir / "logs", directory / "logs")
        down(lab.state_dir)
