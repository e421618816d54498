"""What the record keeps of SOAP values."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pyVmomi import vim, vmodl

from vsphere.api import documents

LOCATOR = vim.ServiceLocator(
    instanceUuid="8c", url="https://vc", credential=vim.ServiceLocator.NamePassword(username="u", password="canary")
)


@pytest.mark.parametrize(
    ("value", "document"),
    [
        (None, None),
        (True, True),
        (3, 3),
        ("text", "text"),
        ("x" * 1000, "x" * documents.CHARACTERS),
        (b"secret", "(6 bytes)"),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00+00:00"),
        (vim.Folder("group-1"), "Folder:group-1"),
        (vim.Task("session[5d4e-abc]42"), "Task:session[…]42"),
        (vim.VirtualMachine, "vim.VirtualMachine"),
        (list(range(7)), [0, 1, 2, 3, 4, "(2 more)"]),
        (vmodl.DynamicProperty(name="name", val="vm"), {"name": "name", "val": "vm"}),
        (vim.option.OptionValue(key="k", value=vim.Folder("group-1")), {"key": "k", "value": "Folder:group-1"}),
        (vim.UserSession(key="canary", userName="u", fullName="U"), {"userName": "u"}),
        (LOCATOR, {"instanceUuid": "8c", "url": "https://vc", "credential": {"username": "u"}}),
    ],
)
def test_plain(value: Any, document: Any) -> None:
    assert documents.plain(value) == document


def test_depth_is_bounded() -> None:
    value: Any = "end"
    for _ in range(documents.DEPTH + 5):
        value = [value]
    assert "end" not in repr(documents.plain(value))
