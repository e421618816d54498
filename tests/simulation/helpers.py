"""What a test does by hand: machines on a vCenter, nodes, pods and Machines on the cluster, and bounded waits."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from lab.simulation.cluster.client import Document, Kind
from lab.simulation.cluster.documents import MASTER
from lab.simulation.cluster.kinds import MACHINE, NODE, POD, WATCHED
from lab.simulation.context import SimulationContext
from lab.simulation.vcenters.session import Access, Session, vim
from tests.support.timeouts import EVENT_SECONDS

ROLE = "machine.openshift.io/cluster-api-machine-role"
READY = [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}]


async def seen(condition: Callable[[], object], what: str) -> None:
    """Wait until it is so; the time-out is a failure, never a measurement."""
    end = time.monotonic() + EVENT_SECONDS
    while time.monotonic() < end:
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"waited {EVENT_SECONDS:.0f} s in vain for {what}")


async def synced(context: SimulationContext, *documents: Document) -> None:
    """Wait until the stores hold these states, or later ones."""
    for each in documents:
        kind = next(kind for kind in WATCHED if kind.name == each["kind"])
        name, namespace = each["metadata"]["name"], each["metadata"].get("namespace", "")
        version = int(each["metadata"]["resourceVersion"])

        def is_synced(kind: Kind = kind, name: str = name, namespace: str = namespace, version: int = version) -> bool:
            found = context.get(kind, name, namespace=namespace)
            return found is not None and int(found["metadata"]["resourceVersion"]) >= version

        await seen(is_synced, f"{kind.name} {name} to be in its store")


@asynccontextmanager
async def living(part: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """A part that runs meanwhile."""
    task = asyncio.create_task(part)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def make_node(
    context: SimulationContext, name: str, *, provider_id: str = "", master: bool = False, ready: bool = True
) -> Document:
    labels = {MASTER: ""} if master else {"node-role.kubernetes.io/worker": ""}
    addresses = [{"type": "InternalIP", "address": f"10.0.0.{sum(name.encode()) % 250}"}]
    status = {"addresses": addresses, "conditions": READY if ready else []}
    spec = {"providerID": provider_id} if provider_id else {}
    document = NODE.document(name=name, metadata={"labels": labels}, spec=spec, status=status)
    node = await context.cluster.create(NODE, document)
    await synced(context, node)
    return node


async def make_pod(
    context: SimulationContext,
    name: str,
    *,
    namespace: str,
    labels: dict[str, str],
    node: str = "nowhere",
    ready: bool = True,
) -> Document:
    spec = {"nodeName": node, "containers": [{"name": "c", "image": "lab.example/c"}]}
    pod = await context.cluster.create(
        POD, POD.document(name=name, namespace=namespace, metadata={"labels": labels}, spec=spec)
    )
    if ready:
        status = {"phase": "Running", "conditions": READY}
        pod = await context.cluster.patch(POD, pod, {"status": status}, subresource="status")
    await synced(context, pod)
    return pod


async def make_machine(context: SimulationContext, name: str, *, hooks: list[Document] | None = None) -> Document:
    """A master Machine that a controller holds, as the Machine API's finalizer does."""
    machine = MACHINE.document(
        name=name,
        namespace="openshift-machine-api",
        metadata={"labels": {ROLE: "master"}, "finalizers": ["machine.machine.openshift.io"]},
        spec={"lifecycleHooks": {"preDrain": hooks or []}, "providerSpec": {}},
    )
    made = await context.cluster.create(MACHINE, machine)
    await synced(context, made)
    return made


class Helpers:
    """A vSphere administrator's, on one vCenter."""

    def __init__(self, access: Access) -> None:
        self.server = access.server
        self._access = access
        self._made: list[str] = []

    async def make(self, hostname: str) -> str:
        """A powered-off machine with that hostname; its BIOS uuid."""
        uuid = await asyncio.to_thread(self._make, hostname)
        self._made.append(uuid)
        return uuid

    async def power(self, uuid: str, *, on: bool) -> None:
        await asyncio.to_thread(self._do, uuid, "PowerOn" if on else "PowerOff")

    async def destroy(self, uuid: str) -> None:
        self._made.remove(uuid)
        await asyncio.to_thread(self._do, uuid, "Destroy")

    async def leave(self) -> None:
        for uuid in list(self._made):
            await self.power(uuid, on=False)
            await self.destroy(uuid)

    def _make(self, hostname: str) -> str:
        session = Session(self._access, seconds=EVENT_SECONDS)
        datacenter = session.content.rootFolder.childEntity[0]
        pool = datacenter.hostFolder.childEntity[0].resourcePool
        told = [vim.option.OptionValue(key="guestinfo.hostname", value=hostname)]
        files = vim.vm.FileInfo(vmPathName=f"[{datacenter.datastore[0].name}]")
        spec = vim.vm.ConfigSpec(
            name=hostname, numCPUs=1, memoryMB=64, guestId="otherGuest", files=files, extraConfig=told
        )
        uuid: str = _finished(datacenter.vmFolder.CreateVM_Task(spec, pool)).result.config.uuid
        session.close()
        return uuid

    def _do(self, uuid: str, verb: str) -> None:
        session = Session(self._access, seconds=EVENT_SECONDS)
        found = session.content.searchIndex.FindByUuid(uuid=uuid, vmSearch=True)
        already = {"PowerOn": "poweredOn", "PowerOff": "poweredOff"}.get(verb)
        if found.runtime.powerState != already:
            _finished(getattr(found, f"{verb}_Task" if verb == "Destroy" else f"{verb}VM_Task")())
        session.close()


def _finished(task: Any) -> Any:
    while task.info.state not in {"success", "error"}:
        pass
    assert task.info.state == "success", task.info.error
    return task.info
