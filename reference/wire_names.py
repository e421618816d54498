"""The names that are wire contract: in workflow histories, checkpoints and other people's programs."""

from collections.abc import Iterable, Iterator
from typing import Any, get_args, get_type_hints

import temporal
from activities.registry import SUBJECTS
from activities.runtime.definition import definitions
from activities.runtime.failures import EXPECTED
from migration.commands import MEANINGS, Verb
from migration.frozen_model import FrozenModel
from migration.run.checkpoint import Checkpoint
from migration.run.heartbeat import Heartbeat
from migration.run.request import MigrationRequest
from migration.run.status import MigrationStatus
from reference.markdown import code, page, table
from worker.main import WORKFLOWS

_SEARCH_ATTRIBUTES = (temporal.CLUSTER, temporal.PHASE, temporal.STATE, temporal.NEEDS_HUMAN)

_ROOTS = (MigrationRequest, MigrationStatus, Checkpoint, Heartbeat)
"""Values that cross a wire without being an activity's argument or result."""


def text() -> str:
    """The page."""
    return page(
        "Wire names",
        "These names are in workflow histories, in the checkpoint that a cluster holds, and in programs that call the "
        "service. From release 0.1.0 on they are frozen: one that changes needs a patch in the workflow "
        "(`workflow.patched`) and a new recorded history, and the old name is read as long as a run uses it.",
        "## Workflows",
        table(("workflow type",), ((code(each.__name__),) for each in WORKFLOWS)),
        f"{code('MigrationWorkflow')} answers the queries {code('status')} and {code('plan')}, has the id "
        f"{code('vcfm-<infrastructure name>')}, and takes each verb as a signal and as an update of its name:",
        table(("verb", "meaning"), ((code(each), MEANINGS[each]) for each in Verb)),
        "## Search attributes",
        table(("name",), ((code(each.name),) for each in _SEARCH_ATTRIBUTES)),
        "## Activities",
        table(("activity type", "argument", "result", "interruptible"), _activities()),
        "## Failure types",
        "The type of a failed activity's failure is the name of the error's class.",
        table(("failure type", "means"), ((code(each.__name__), _meaning(each)) for each in _failures())),
        "## Values",
        "Fields as they are in JSON.",
        table(("value", "fields"), ((code(each.__name__), _fields(each)) for each in _values())),
    )


def _hints() -> Iterator[tuple[str, bool, dict[str, Any]]]:
    """Each activity: its type, whether it is interruptible, and its annotations."""
    for subject in SUBJECTS:
        for method, definition in definitions(subject).items():
            yield definition.name, definition.interruptible, get_type_hints(getattr(subject, method))


def _activities() -> list[tuple[str, ...]]:
    return sorted(
        (
            code(name),
            ", ".join(code(_name(kind)) for argument, kind in hints.items() if argument != "return"),
            code(_name(hints["return"])),
            "yes" if interruptible else "no",
        )
        for name, interruptible, hints in _hints()
    )


def _name(kind: Any) -> str:
    return "" if kind is type(None) else getattr(kind, "__name__", str(kind))


def _failures() -> list[type[Exception]]:
    found = {each.__name__: each for root in EXPECTED for each in (root, *_below(root))}
    return [found[name] for name in sorted(found)]


def _below(kind: type[Exception]) -> Iterator[type[Exception]]:
    for each in kind.__subclasses__():
        yield each
        yield from _below(each)


def _meaning(kind: type[Exception]) -> str:
    return (kind.__doc__ or "").strip().split("\n")[0]


def _values() -> list[type[FrozenModel]]:
    """Every value that an activity takes or returns, and what those are made of, by name."""
    found: dict[str, type[FrozenModel]] = {}
    pending: list[Any] = [*_ROOTS, *(kind for _, _, hints in _hints() for kind in hints.values())]
    while pending:
        kind = pending.pop()
        pending += get_args(kind)
        if isinstance(kind, type) and issubclass(kind, FrozenModel) and kind.__name__ not in found:
            found[kind.__name__] = kind
            pending += [field.annotation for field in kind.model_fields.values()]
    return [found[name] for name in sorted(found)]


def _fields(kind: type[FrozenModel]) -> str:
    aliases: Iterable[str] = (field.alias or name for name, field in kind.model_fields.items())
    return ", ".join(code(each) for each in aliases)
