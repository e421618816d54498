"""Changes of a text by position, so that every byte that is not meant stays what it was.

Lines are inserted behind the line they follow, each preceded by a line break, and cut together with the line break
before them. Insert and cut are thus exact inverses, whatever the text ends with and whichever line break it uses.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class TextEdit:
    """Put `text` in place of what stands from `start` up to `end`."""

    start: int
    end: int
    text: str = ""


def apply_edits(text: str, splices: Iterable[TextEdit]) -> str:
    """The text after all edits; their positions are those in the original, and they do not overlap."""
    for each in sorted(splices, key=lambda splice: splice.start, reverse=True):
        text = text[: each.start] + each.text + text[each.end :]
    return text


def start_of_line(text: str, at: int) -> int:
    """Where the line begins that holds position `at`."""
    return text.rfind("\n", 0, at) + 1


def end_of_line(text: str, at: int) -> int:
    """Where that line ends, its line break left out."""
    end = text.find("\n", at)
    if end < 0:
        return len(text)
    return end - 1 if end > at and text[end - 1] == "\r" else end


def insert_lines(text: str, lines: Iterable[str], *, after: int) -> TextEdit:
    """New lines behind the one that holds position `after`, with the text's own line break."""
    at = end_of_line(text, after)
    line_break = "\r\n" if "\r\n" in text else "\n"
    return TextEdit(start=at, end=at, text="".join(line_break + line for line in lines))


def cut_lines(text: str, *, first: int, last: int) -> TextEdit:
    """Without the lines from the one that holds `first` to the one that holds `last`."""
    start, end = start_of_line(text, first), end_of_line(text, last)
    if start > 0:
        return TextEdit(start=end_of_line(text, start_of_line(text, start - 1)), end=end)
    following = text.find("\n", end)
    return TextEdit(start=0, end=len(text) if following < 0 else following + 1)
