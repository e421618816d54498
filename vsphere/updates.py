# mypy: disable-error-code="no-untyped-call"
# (pyVmomi types what vSphere offers, but not the constructors of its data objects)
"""Waiting for vCenter to say that something changed, instead of asking it again and again.

One property collector per wait: filters of a shared collector leak into other waits, and only one wait may be
outstanding on each. A wait is cut into windows, so that the caller can heartbeat and notice a cancellation. pyVim's
`WaitForTask` is not used: it waits without a limit and looks at its time-out only after an update.
"""

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import Any

from pyVmomi import vim, vmodl

from vsphere.api import faults, property_collector
from vsphere.api.moref import Moref, moref
from vsphere.api.property_collector import Rows
from vsphere.api.session import VCenter
from vsphere.errors import Busy, CollectorLost, TaskFailed, VSphereError

_query = vmodl.query.PropertyCollector

WINDOW = 10.0
LONGEST_WINDOW = 30.0
"""Well below `vsphere.api.soap.ANSWER_SECONDS`, or a quiet vCenter would look like a dead one."""
UPDATES = 500
"""Objects per answer; a first answer about more is truncated and put together here."""

Selection = Callable[[], AbstractContextManager[Any]]


def follow_vms(
    vcenter: VCenter, container: Moref, properties: Sequence[str], *, window: float = WINDOW
) -> Generator[Rows | None]:
    """The VMs below a folder or datacenter, again at each change, beginning with how they are now.

    Yields a fresh mapping of all VMs to their `properties` (an unset property is absent, a removed VM too), and None
    when `window` seconds (at most 30) passed without a change. Ends when the caller stops asking or
    closes it; closing frees the collector on the server. An expired session
    is survived: the next mapping is simply read anew. Raises VSphereError; Unreachable when vCenter goes away.
    """

    @contextmanager
    def selection() -> Iterator[Any]:
        with property_collector.view(vcenter, container, [vim.VirtualMachine]) as listed:
            yield property_collector.specification(
                [property_collector.members(listed)], {vim.VirtualMachine: properties}
            )

    return _follow(vcenter, selection, window)


def wait_task(
    vcenter: VCenter,
    task: Moref,
    *,
    patience: float,
    window: float = WINDOW,
    alive: Callable[[], None] = lambda: None,
) -> Any:
    """Waits for a task (`Task:task-42`) to succeed, at most `patience` seconds; answers its result.

    The reference is all it takes, so a retry after a crash goes on waiting for the same task instead of starting a
    second one. `alive` is called at every change and window: the place for a heartbeat.

    Raises TaskFailed; Busy when patience ends first; NotFound when vCenter has forgotten the task (it does so on a
    restart): then look at the object that the task was to change.
    """
    deadline = time.monotonic() + patience
    properties: property_collector.Properties = {vim.Task: ["info.state", "info.error", "info.result"]}

    def selection() -> AbstractContextManager[Any]:
        return nullcontext(
            property_collector.specification([property_collector.itself(vcenter.managed(task))], properties)
        )

    for rows in _follow(vcenter, selection, window):
        alive()
        info = (rows or {}).get(task, {})
        if info.get("info.state") == vim.TaskInfo.State.success:
            return info.get("info.result")
        if info.get("info.state") == vim.TaskInfo.State.error:
            fault = info["info.error"]
            cause = faults.soap(fault, endpoint=vcenter.endpoint, call=task)
            raise TaskFailed(str(cause.args[0]), remedy=cause.remedy, retryable=cause.retryable) from fault
        if time.monotonic() > deadline:
            break
    raise Busy(f"{task} on {vcenter.endpoint.name} has not ended within {patience:.0f} s.")


def _follow(vcenter: VCenter, selection: Selection, window: float) -> Generator[Rows | None]:
    """Listens with one collector after the other; a collector that never answered is not replaced."""
    while True:
        session, answered = vcenter.soap.login(), False
        try:
            with selection() as specification, _collector(vcenter) as collector:
                collector.CreateFilter(specification, partialUpdates=False)
                for rows in _listen(collector, min(window, LONGEST_WINDOW)):
                    answered = True
                    yield rows
        except VSphereError as error:
            died_with_its_session = isinstance(error, CollectorLost) or vcenter.soap.logins != session
            if not (answered and died_with_its_session):
                raise


def _listen(collector: Any, window: float) -> Iterator[Rows | None]:
    version, rows = "", Rows()
    options = _query.WaitOptions(maxWaitSeconds=max(1, round(window)), maxObjectUpdates=UPDATES)
    while True:
        update = collector.WaitForUpdatesEx(version, options)
        if update is None:
            yield None
            continue
        version = update.version
        for change in (each for filtered in update.filterSet for each in filtered.objectSet or ()):
            _apply(rows, change)
        if not update.truncated:
            yield {reference: dict(row) for reference, row in rows.items()}


def _apply(rows: Rows, change: Any) -> None:
    reference = moref(change.obj)
    if change.kind == _query.ObjectUpdate.Kind.leave:
        rows.pop(reference, None)
        return
    row = rows.setdefault(reference, {})
    for each in change.changeSet or ():
        if each.op == _query.Change.Op.assign and each.val is not None:
            row[each.name] = each.val
        else:
            row.pop(each.name, None)


@contextmanager
def _collector(vcenter: VCenter) -> Iterator[Any]:
    made = vcenter.content.propertyCollector.CreatePropertyCollector()
    try:
        yield made
    finally:
        with suppress(VSphereError):  # gone with its session, or goes with it later
            made.Destroy()
