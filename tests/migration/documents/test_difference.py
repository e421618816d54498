"""Where documents differ, and splices that leave the rest alone."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration.documents.difference import differences
from migration.documents.text_edit import TextEdit, apply_edits, cut_lines, insert_lines


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ({}, {}, []),
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 2}, ["a"]),
        ({"a": 1}, {}, ["a"]),
        ({"b": {"c": 1}, "a": 0}, {"b": {"c": 2}, "a": 1}, ["a", "b.c"]),
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}, ["a[1].b"]),
        ({"a": [1]}, {"a": [1, 2]}, ["a"]),
        ({"a": [1]}, {"a": "1"}, ["a"]),
    ],
)
def test_differences(left: Any, right: Any, expected: list[str]) -> None:
    assert differences(left, right) == expected
    assert differences(right, left) == expected


def test_splices_do_not_move_each_other() -> None:
    assert apply_edits("abcdef", [TextEdit(start=0, end=1, text="AA"), TextEdit(start=4, end=6)]) == "AAbcd"


@given(
    lines=st.lists(st.text("ab ", max_size=3), min_size=1, max_size=6),
    line_break=st.sampled_from(["\n", "\r\n"]),
    new=st.lists(st.text("xy", min_size=1, max_size=3), min_size=1, max_size=3),
    data=st.data(),
)
def test_inserted_lines_can_be_cut_again(
    lines: list[str], line_break: str, new: list[str], data: st.DataObject
) -> None:
    text = line_break.join(lines)
    after = data.draw(st.integers(0, len(text)).filter(lambda at: text[at - 1 : at + 1] != "\r\n"))
    splice = insert_lines(text, new, after=after)
    longer = apply_edits(text, [splice])
    assert [line for line in longer.splitlines() if line in new] == new
    first = splice.start + len("\r\n" if "\r\n" in text else "\n")
    assert apply_edits(longer, [cut_lines(longer, first=first, last=splice.start + len(splice.text) - 1)]) == text
