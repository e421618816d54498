"""Which tests start processes (labs, servers, commands): all that `make check` leaves out.

Nobody keeps a list: it is read off the code of a test and its fixtures, and of what they name, as far as it is ours.
That finds too many rather than too few, and `forbid` notices one that was missed.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
STARTING = {"Popen", "subprocess", "create_subprocess_exec", "fork", "WorkflowEnvironment", "getfixturevalue"}
"""Names that only code that starts processes has, or code of which nobody knows what it does."""
AUDITED = {"subprocess.Popen", "os.fork", "os.posix_spawn", "os.exec"}


def starts(item: pytest.Item) -> bool:
    """Whether a test starts processes, by itself or by a fixture."""
    assert isinstance(item, pytest.Function)
    fixtures = [each.func for defined in item._fixtureinfo.name2fixturedefs.values() for each in defined]
    return any(_starts(each) for each in (item.function, *fixtures))


def forbid() -> None:
    """From now on this process starts no other."""
    sys.addaudithook(refuse)


def refuse(event: str, _: object) -> None:
    """What Python calls before everything that it audits.

    Raises:
        RuntimeError: a process is being started.
    """
    if event in AUDITED:
        raise RuntimeError(f"{event}: a test that starts processes was taken for one that does not")


_starting: dict[int, Any] = {}
_clean: dict[int, Any] = {}
"""What has been looked at, by identity, so that the next test need not."""


def _starts(thing: Any) -> bool:
    """Whether the code of something leads to a name of `STARTING`."""
    seen: dict[int, Any] = {}
    todo = [thing]
    while todo:
        each = todo.pop()
        if id(each) in seen or id(each) in _clean:
            continue
        seen[id(each)] = each
        for function in _functions(each):
            names = set(_names(function.__code__))
            if id(each) in _starting or names & STARTING:
                _starting[id(thing)] = thing
                return True
            todo += _named(function, names)
    _clean.update(seen)
    return False


def _functions(thing: Any) -> Iterator[FunctionType]:
    """The functions of ours that something is, wraps or has."""
    if isinstance(thing, type):
        if _ours(thing):
            for each in vars(thing).values():
                if not isinstance(each, type):
                    yield from _functions(each)
            for base in thing.__bases__:
                yield from _functions(base)
        return
    for each in (thing, *(getattr(thing, name, None) for name in ("__func__", "__wrapped__", "fget", "func"))):
        if isinstance(each, FunctionType) and _ours(each):
            yield each


def _names(code: CodeType) -> Iterator[str]:
    """The names that code has, also within its functions."""
    yield from code.co_names
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from _names(each)


def _named(function: FunctionType, names: set[str]) -> Iterator[Any]:
    """What its names mean: globals, what was closed over, and what modules of ours have of that name."""
    found = [function.__globals__[each] for each in names if each in function.__globals__]
    found += [cell.cell_contents for cell in function.__closure__ or () if _is_set(cell)]
    for each in found:
        if isinstance(each, ModuleType):
            if _is_ours(getattr(each, "__file__", None)):
                yield from (vars(each)[name] for name in names if name in vars(each))
        else:
            yield each


def _is_set(cell: Any) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:
        return False


def _ours(thing: Any) -> bool:
    module = sys.modules.get(thing.__module__)
    return _is_ours(getattr(module, "__file__", None))


def _is_ours(file: str | None) -> bool:
    return file is not None and Path(file).is_relative_to(ROOT) and ".venv" not in Path(file).parts
