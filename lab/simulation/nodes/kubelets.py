"""The kubelets' nodes. Contract:

- A powered-on machine with `guestinfo.hostname` registers its Node once per boot, the boot delay after power-on, with
  the providerID, role, labels, addresses and capacity that a kubelet reports. A Node deleted while its machine runs
  does not come back before the next boot, and a restart of this process does not change that.
- While the machine is on it heartbeats (Lease) and its Node is Ready; when the machine is off or gone, the Node is
  NotReady at once (the real one takes the node controller's 40 s of silence).
- A vCenter's outage changes nothing: kubelets do not talk to it.

The role comes from the Machine of the same name, since the user data that would carry it is never run here.
"""

import asyncio
import zlib
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from lab.simulation.cluster.client import Absent, Conflict, Document
from lab.simulation.cluster.documents import MASTER, condition, holds, now, transitions
from lab.simulation.cluster.informer import Trigger
from lab.simulation.cluster.kinds import LEASE, MACHINE, NODE
from lab.simulation.context import SimulationContext
from lab.simulation.vcenters.machines import VirtualMachine

LEASE_NAMESPACE = "kube-node-lease"
HEARTBEAT_SECONDS = 10.0  # a kubelet's own; the node controller loses patience after 40
CAPACITY = {"cpu": "4", "memory": "16Gi", "pods": "250", "ephemeral-storage": "120Gi"}
VERSION = "v1.34.1"


async def run(context: SimulationContext) -> None:
    kubelets = Kubelets(context)
    trigger = context.trigger(NODE, machines=True)
    async with asyncio.TaskGroup() as group:
        group.create_task(context.run_reconciler(partial(kubelets.reconcile, trigger), trigger))
        group.create_task(kubelets.heartbeat())


class Boots:
    """Which boots registered their Node; kept on disk, as a real kubelet's memory survives us."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._done = set(path.read_text().splitlines()) if path.exists() else set()

    def __contains__(self, machine: VirtualMachine) -> bool:
        return self._line(machine) in self._done

    def add(self, machine: VirtualMachine) -> None:
        self._done.add(self._line(machine))
        with self._path.open("a") as file:
            file.write(self._line(machine) + "\n")

    @staticmethod
    def _line(machine: VirtualMachine) -> str:
        return f"{machine.server} {machine.uuid} {machine.boot}"


class Kubelets:
    def __init__(self, context: SimulationContext) -> None:
        self._context = context
        self._boots = Boots(context.state_dir / "kubelet-boots")
        self._due: dict[tuple[str, str], float] = {}

    async def reconcile(self, trigger: Trigger) -> None:
        running = {each.hostname: each for each in self._context.vcenters if each.boot}
        for machine in running.values():
            node = self._context.get(NODE, machine.hostname)
            if machine not in self._boots:
                await self._boot(machine, node, trigger)
            elif node and node["spec"].get("providerID") == machine.provider_id and not holds(node, "Ready"):
                await self._report(node, "True", "KubeletReady", "kubelet is posting ready status")
        for node in self._silent(running):
            await self._report(node, "Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.")

    def _silent(self, running: dict[str, VirtualMachine]) -> list[Document]:
        """Nodes whose machine is known not to run."""
        if not self._context.vcenters.all_current():
            return []
        on = {each.provider_id for each in running.values()}
        return [
            each
            for each in self._context.store(NODE)
            if each["spec"].get("providerID") not in on and condition(each, "Ready").get("status") != "Unknown"
        ]

    async def _boot(self, machine: VirtualMachine, node: Document | None, trigger: Trigger) -> None:
        loop = asyncio.get_running_loop()
        key = (machine.server, machine.boot)
        due = self._due.setdefault(key, loop.time() + self._context.delays.seconds("boot"))
        if loop.time() < due:
            trigger.later(due - loop.time())
            return
        if node is None:
            try:
                await self._context.cluster.create(NODE, self._node(machine))
            except Conflict:
                return  # the next trigger sees it
        elif not holds(node, "Ready"):
            await self._report(node, "True", "KubeletReady", "kubelet is posting ready status")
        self._boots.add(machine)
        del self._due[key]

    def _node(self, machine: VirtualMachine) -> Document:
        labels = {
            "kubernetes.io/hostname": machine.hostname,
            "kubernetes.io/os": "linux",
            "kubernetes.io/arch": "amd64",
            "node.openshift.io/os_id": "rhel",
        }
        taints = []
        if self._master(machine.hostname):
            labels |= {MASTER: "", "node-role.kubernetes.io/control-plane": ""}
            taints.append({"key": MASTER, "effect": "NoSchedule"})
        else:
            labels["node-role.kubernetes.io/worker"] = ""
        host = machine.address or invented_address(machine.uuid)
        status = {
            "capacity": CAPACITY,
            "allocatable": CAPACITY,
            "addresses": [
                {"type": "InternalIP", "address": host},
                {"type": "ExternalIP", "address": host},
                {"type": "Hostname", "address": machine.hostname},
            ],
            "nodeInfo": node_info(machine.uuid),
            "conditions": _conditions("True", "KubeletReady", "kubelet is posting ready status", {}),
        }
        spec = {"providerID": machine.provider_id, "taints": taints}
        return NODE.document(name=machine.hostname, metadata={"labels": labels}, spec=spec, status=status)

    def _master(self, name: str) -> bool:
        machines = [each for each in self._context.store(MACHINE) if each["metadata"]["name"] == name]
        roles = {
            each["metadata"].get("labels", {}).get("machine.openshift.io/cluster-api-machine-role") for each in machines
        }
        return "master" in (roles or {"master" if "-master-" in name else "worker"})

    async def _report(self, node: Document, status: str, reason: str, message: str) -> None:
        change = {"status": {"conditions": _conditions(status, reason, message, node)}}
        await self._context.cluster.patch(NODE, node, change, subresource="status", how="strategic")

    async def heartbeat(self) -> None:
        """Renew every running machine's Lease, for ever; an outage only makes them old, as it should."""
        await self._context.wait_for_sync()
        while True:
            for machine in [each for each in self._context.vcenters if each.boot]:
                node = self._context.get(NODE, machine.hostname)
                if node and node["spec"].get("providerID") == machine.provider_id:
                    await self._context.attempt(partial(self._renew, node))
            await asyncio.sleep(HEARTBEAT_SECONDS)

    async def _renew(self, node: Document) -> None:
        name, uid = node["metadata"]["name"], node["metadata"]["uid"]
        spec = {
            "holderIdentity": name,
            "leaseDurationSeconds": 40,
            "renewTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        }
        owner = {"apiVersion": "v1", "kind": "Node", "name": name, "uid": uid}
        lease = LEASE.document(name=name, namespace=LEASE_NAMESPACE, metadata={"ownerReferences": [owner]}, spec=spec)
        try:
            await self._context.cluster.patch(LEASE, lease, {"metadata": lease["metadata"], "spec": spec})
        except Absent:
            await self._context.cluster.create(LEASE, lease)


def _conditions(status: str, reason: str, message: str, node: Document) -> list[Document]:
    ready = {"type": "Ready", "status": status, "reason": reason, "message": message}
    pressure = [
        {"type": kind, "status": "Unknown" if status == "Unknown" else "False", "reason": reason, "message": message}
        for kind in ("MemoryPressure", "DiskPressure", "PIDPressure")
    ]
    return [{**each, "lastHeartbeatTime": now()} for each in transitions(node, [*pressure, ready])]


def invented_address(uuid: str) -> str:
    """A machine network address for a machine whose tools report none."""
    number = zlib.crc32(uuid.encode())
    return f"10.0.{number // 250 % 250}.{number % 250 + 2}"


def node_info(uuid: str) -> Document:
    return {
        "machineID": uuid.replace("-", ""), "systemUUID": uuid, "bootID": uuid, "kernelVersion": "5.14.0-lab",
        "osImage": "Red Hat Enterprise Linux CoreOS (simulated)", "containerRuntimeVersion": "cri-o://1.34.0",
        "kubeletVersion": VERSION, "kubeProxyVersion": "", "operatingSystem": "linux", "architecture": "amd64",
    }  # fmt: skip
