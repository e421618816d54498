"""The few Markdown elements that the pages are made of."""

import re
from collections.abc import Iterable, Sequence

GENERATED = "<!-- Generated from the code: `make generate`. -->"


def page(title: str, *parts: str) -> str:
    """A whole page: its title and its parts, with empty lines between them."""
    return "\n\n".join([GENERATED, f"# {title}", *filter(None, parts)]) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; cells may hold any text, also line breaks and pipes."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(_cell(each) for each in line)} |" for line in lines)


def code(text: object) -> str:
    """Literal text inside a line; nothing for nothing."""
    return f"`{text}`" if str(text) else ""


def _cell(text: str) -> str:
    """One line; outside of code, angle brackets would be taken for HTML."""
    parts = re.split(r"(`[^`]*`)", " ".join(text.split()).replace("|", "\\|"))
    return "".join(each if each.startswith("`") else each.replace("<", "&lt;") for each in parts)
