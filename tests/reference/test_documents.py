"""What is written by hand points at what is there, and the site needs nothing from elsewhere."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENTRANCE = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
WRITTEN = (*ENTRANCE, *(str(each.relative_to(ROOT)) for each in sorted((ROOT / "docs").rglob("*.md"))))
ROOMS = {each.name for each in ROOT.iterdir() if each.is_dir() and not each.name.startswith(".")} - {"site"}
_CODE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)


def anchors(document: str) -> set[str]:
    """As GitHub and mkdocs make them from headings of plain words."""
    headings = re.findall(r"^#+ (.*)$", _CODE.sub("", document), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each).strip().lower().replace(" ", "-") for each in headings}


def broken_links(name: str, text: str) -> list[str]:
    """The relative links of a document that lead nowhere."""
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", _CODE.sub("", text)):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / name).parent / path if path else ROOT / name
        if not target.exists() or (anchor and anchor not in anchors(target.read_text())):
            broken.append(link)
    return broken


@pytest.mark.parametrize("name", WRITTEN)
def test_links_lead_somewhere(name: str) -> None:
    assert broken_links(name, (ROOT / name).read_text()) == []


def test_a_link_that_leads_nowhere_is_seen() -> None:
    text = "[a](docs/none.md) [b](docs/lab.md#none) [c](docs/lab.md#real) [d](https://example.com)"
    assert broken_links("README.md", text) == ["docs/none.md", "docs/lab.md#none"]


@pytest.mark.parametrize("name", WRITTEN)
def test_files_that_are_named_exist(name: str) -> None:
    words = re.findall(r"(?<![\w./-])([\w.-]+/[\w./-]*[\w/])", _CODE.sub("", (ROOT / name).read_text()))
    named = {each for each in words if each.partition("/")[0] in ROOMS and each.partition("/")[2]}
    assert not {
        each for each in named if not (ROOT / each).exists() and not (ROOT / name).parent.joinpath(each).exists()
    }


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


def test_the_site_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(tmp_path)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    pages = {each.relative_to(tmp_path): each.read_text() for each in tmp_path.rglob("*.html")}
    assert pages
    loading = (
        r"<(?:script|img|iframe)\b[^>]*\bsrc=\"(?:https?:)?//|<link\b[^>]*\brel=\"(?:stylesheet|preconnect)\"[^>]*//"
    )
    assert [str(name) for name, text in pages.items() if re.search(loading, text)] == []
