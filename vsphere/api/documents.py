"""SOAP values as small documents for the journal: who reads one wants to see what was asked, not five megabytes.

Bounded here and not only in the journal, because turning 2,000 VMs into dictionaries just to cut them off would cost
more than the call. Credentials and session ids are left out altogether; further redaction is the journal's business.
"""

import re
from datetime import datetime
from typing import Any

from pyVmomi import vim
from pyVmomi.VmomiSupport import DataObject, ManagedObject

from vsphere.api.moref import moref

ITEMS = 5
"""Of a list; enough to recognise it."""
DEPTH = 9
"""`RetrieveResult.objects[].propSet[].val.<a device's backing>` is this deep."""
CHARACTERS = 300

_SESSION = re.compile(r"session\[[^]]*\]")
_UNSPOKEN = frozenset({"password", "sessionId", "token", "cookie"})


def request(info: Any, args: tuple[Any, ...]) -> dict[str, Any]:
    """The arguments of a call by name, without those that are unset or secret."""
    named = {param.name: value for param, value in zip(info.params, args, strict=False)}
    return {name: plain(value) for name, value in named.items() if value is not None and name not in _UNSPOKEN}


def reference(managed: Any) -> str:
    """`Type:value` without the session id that views and collectors carry in their value (vcsim's is the cookie)."""
    return _SESSION.sub("session[…]", moref(managed))


def plain(value: Any, depth: int = DEPTH) -> Any:
    """A value as JSON has it: managed objects as references, long lists and texts by their beginning."""
    match value:
        case None | bool() | int() | float():
            return value
        case ManagedObject():
            return reference(value)
        case vim.UserSession():
            return {"userName": value.userName}
        case DataObject():
            return _properties(value, depth)
        case list() | tuple():
            return _beginning(value, depth)
        case datetime():
            return value.isoformat()
        case bytes():
            return f"({len(value)} bytes)"
        case type():
            return value.__name__
        case _:
            return str(value)[:CHARACTERS]


def _properties(value: Any, depth: int) -> Any:
    if depth == 0:
        return f"({type(value).__name__})"
    properties = ((each.name, getattr(value, each.name)) for each in value._GetPropertyList())  # noqa: SLF001  no public way
    return {
        name: plain(held, depth - 1)
        for name, held in properties
        if held is not None and not (isinstance(held, list) and not held) and name not in _UNSPOKEN
    }


def _beginning(values: Any, depth: int) -> Any:
    if depth == 0:
        return f"({len(values)} items)"
    shown = [plain(each, depth - 1) for each in values[:ITEMS]]
    return [*shown, f"({len(values) - ITEMS} more)"] if len(values) > ITEMS else shown
