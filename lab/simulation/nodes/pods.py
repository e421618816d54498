"""The kubelets' pods. Contract:

- A pod bound to a node whose machine runs becomes Running and Ready after `pod_start`, and again when it was marked
  not ready (after its node came back).
- A pod being deleted there is gone after `pod_stop`; on a node whose machine is off it stays Terminating, as it does
  in the field until the Node is deleted.
- Pods that ended (Succeeded, Failed) are left alone. Nothing is ever run.
"""

import asyncio
import zlib
from collections.abc import Awaitable, Callable
from functools import partial

from lab.simulation.cluster.client import Absent, Conflict, Document
from lab.simulation.cluster.documents import address, holds, leaving, now, transitions
from lab.simulation.cluster.informer import Trigger
from lab.simulation.cluster.kinds import NODE, POD
from lab.simulation.context import SimulationContext


async def run(context: SimulationContext) -> None:
    trigger = context.trigger(POD, NODE, machines=True)
    async with asyncio.TaskGroup() as group:
        await context.run_reconciler(Pods(context, group, trigger).reconcile, trigger)


class Pods:
    def __init__(self, context: SimulationContext, group: asyncio.TaskGroup, trigger: Trigger) -> None:
        self._context = context
        self._group = group
        self._trigger = trigger
        self._begun: set[tuple[str, str]] = set()

    async def reconcile(self) -> None:
        nodes = live_nodes(self._context)
        for pod in self._context.store(POD):
            node = nodes.get(pod["spec"].get("nodeName", ""))
            if node is None or pod["status"].get("phase") in {"Succeeded", "Failed"}:
                continue
            if leaving(pod):
                self._begin("stop", pod, self._context.delays.seconds("pod_stop"), partial(self._stop, pod))
            elif not holds(pod, "Ready"):
                self._begin("start", pod, self._context.delays.seconds("pod_start"), partial(self._start, pod, node))

    def _begin(self, step: str, pod: Document, seconds: float, act: Callable[[], Awaitable[None]]) -> None:
        """Act once per pod and step, later; what the act left undone is seen at the trigger after it."""
        key = (step, pod["metadata"]["uid"])
        if key in self._begun:
            return
        self._begun.add(key)

        async def wait_and_act() -> None:
            await asyncio.sleep(seconds)
            await self._context.attempt(act)
            self._begun.discard(key)
            self._trigger()

        self._group.create_task(wait_and_act())

    async def _start(self, pod: Document, node: Document) -> None:
        await self._context.cluster.patch(
            POD, pod, {"metadata": {"uid": pod["metadata"]["uid"]}, "status": running(pod, node)},
            subresource="status", how="strategic",
        )  # fmt: skip

    async def _stop(self, pod: Document) -> None:
        try:
            await self._context.cluster.delete(POD, pod, grace_seconds=0)
        except (Absent, Conflict):
            return  # gone, or a namesake already stands there


def live_nodes(context: SimulationContext) -> dict[str, Document]:
    """The Nodes whose machine runs and whose kubelet is up, by name."""
    on = {each.provider_id for each in context.vcenters if each.boot}
    return {
        each["metadata"]["name"]: each
        for each in context.store(NODE)
        if each["spec"].get("providerID") in on and holds(each, "Ready")
    }


def running(pod: Document, node: Document) -> Document:
    """The status that a kubelet reports for a pod whose containers all run."""
    host = address(node)
    own = host if pod["spec"].get("hostNetwork") else invented_pod_address(pod["metadata"]["uid"])
    wanted = [
        {"type": kind, "status": "True"}
        for kind in ("PodReadyToStartContainers", "Initialized", "ContainersReady", "Ready")
    ]
    return {
        "phase": "Running",
        "hostIP": host,
        "hostIPs": [{"ip": host}],
        "podIP": own,
        "podIPs": [{"ip": own}],
        "startTime": pod["status"].get("startTime") or now(),
        "conditions": transitions(pod, wanted),
        "containerStatuses": [
            {
                "name": each["name"],
                "image": each["image"],
                "imageID": each["image"],
                "containerID": f"cri-o://{zlib.crc32(each['name'].encode()):08x}{pod['metadata']['uid']}",
                "ready": True,
                "started": True,
                "restartCount": 0,
                "state": {"running": {"startedAt": now()}},
            }
            for each in pod["spec"]["containers"]
        ],
    }


def invented_pod_address(uid: str) -> str:
    number = zlib.crc32(uid.encode())
    return f"10.128.{number // 250 % 250}.{number % 250 + 2}"
