"""`python -m reference DIRECTORY`: write every reference page there."""

import sys
from pathlib import Path

from reference.pages import PAGES


def main() -> None:
    """Writes them."""
    for name, text in PAGES.items():
        (Path(sys.argv[1]) / name).write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main()
