"""The journal as `vcfm journal` shows it; `VCFM_RECORD=1 pytest tests/cli/test_journal_view.py` draws the screens anew."""

import json
import os
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from cli.views.journal import draw
from migration.audit.journal_views import DecisionEntry, JournalEntry

RECORDS = Path(__file__).parent / "records"


def drawn(name: str, width: int) -> str:
    shape = DecisionEntry if name == "decisions" else JournalEntry
    entries = [shape.model_validate(each) for each in json.loads((RECORDS / f"{name}.json").read_text())]
    paper = StringIO()
    console = Console(file=paper, width=width, force_terminal=False, color_system=None)
    for part in draw(entries):
        console.print(part)
    return "".join(f"{line.rstrip()}\n" for line in paper.getvalue().splitlines())


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("name", ["calls", "decisions"])
def test_screen(name: str, width: int) -> None:
    expected = RECORDS / f"{name}.{width}.txt"
    if os.environ.get("VCFM_RECORD"):
        expected.write_text(drawn(name, width))
    assert drawn(name, width) == expected.read_text()


@pytest.mark.parametrize("name", ["calls", "decisions"])
def test_nothing_is_wider_than_the_terminal(name: str) -> None:
    assert max(map(len, drawn(name, 60).splitlines())) <= 60


def test_nothing_is_said_plainly() -> None:
    (only,) = draw(list[JournalEntry]())
    assert "no such entries" in str(only)
