"""Every screen as people see it, from recorded statuses: `VCFM_RECORD=1 pytest tests/cli/test_screens.py` draws them anew.

A recorded status is what `vcfm status -o json` printed, with the moment it was looked at. Look at the difference of the
text files before committing it: they are the review of a change to the view.
"""

import json
import os
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from cli.views.status import duration, render, report
from migration.run.status import MigrationStatus

SCREENS = Path(__file__).parent / "screens"
NAMES = sorted(each.stem for each in SCREENS.glob("*.json"))


def drawn(name: str, width: int) -> str:
    recorded = json.loads((SCREENS / f"{name}.json").read_text())
    status = MigrationStatus.model_validate(recorded["status"])
    paper = StringIO()
    console = Console(file=paper, width=width, force_terminal=False, color_system=None)
    console.print(render(status, now=datetime.fromisoformat(recorded["now"])))
    if status.report:
        console.print()
        console.print(report(status))
    return "".join(f"{line.rstrip()}\n" for line in paper.getvalue().splitlines())


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("name", NAMES)
def test_screen(name: str, width: int) -> None:
    expected = SCREENS / f"{name}.{width}.txt"
    if os.environ.get("VCFM_RECORD"):
        expected.write_text(drawn(name, width))
    assert drawn(name, width) == expected.read_text()


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_wider_than_the_terminal(name: str) -> None:
    assert max(map(len, drawn(name, 60).splitlines())) <= 60


def test_there_is_a_screen_for_everything_people_ask_about() -> None:
    assert len(NAMES) >= 8


@pytest.mark.parametrize(
    ("span", "said"),
    [
        (timedelta(seconds=-1), "0s"),
        (timedelta(seconds=59.9), "59s"),
        (timedelta(seconds=60), "1m00s"),
        (timedelta(seconds=3599), "59m59s"),
        (timedelta(hours=1, minutes=5, seconds=59), "1h05m"),
        (timedelta(days=2), "48h00m"),
    ],
)
def test_duration(span: timedelta, said: str) -> None:
    assert duration(span) == said
