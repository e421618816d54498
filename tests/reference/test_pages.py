"""The reference pages say what the code says."""

from pathlib import Path

import pytest

from config.settings import Settings
from reference import markdown
from reference.pages import PAGES

ROOT = Path(__file__).parents[2]
DIRECTORY = ROOT / "docs/reference"


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_what_the_code_says(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VCFM_API_USER_HEADER", "X-User")  # of the machine, and no business of the page
    assert (DIRECTORY / name).read_text() == PAGES[name](), "run `make generate`"


def test_there_is_no_page_that_nothing_generates() -> None:
    assert {each.name for each in DIRECTORY.iterdir()} == set(PAGES)


def test_every_setting_has_a_meaning() -> None:
    rows = [line.split(" | ") for line in PAGES["settings.md"]().splitlines() if line.startswith("| `VCFM_")]
    assert len(rows) == len(Settings.model_fields)
    assert not [row for row in rows if not row[1].strip() or not row[-1].strip(" |")]


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("a | b", r"a \| b"),
        ("two\n  lines", "two lines"),
        ("<server>.username", "&lt;server>.username"),
        ("`<server>.username`", "`<server>.username`"),
        ("", ""),
    ],
)
def test_a_cell_holds_any_text(text: str, cell: str) -> None:
    assert markdown.table(["head"], [[text]]).splitlines()[-1] == f"| {cell} |"
