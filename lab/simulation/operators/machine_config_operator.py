"""The machine-config-operator. Contract:

- ControllerConfig carries Infrastructure as it is. Its CRD embeds Infrastructure's schema with its validation rules,
  so on `legacy` rules the API server refuses it a second vCenter: the operator is then Degraded (the condition
  TemplateControllerFailing holds the server's own words) until the two agree again.
- The pools `master` and `worker` count their nodes and are always updated: no machine config is ever rolled out here.
"""

import asyncio
import base64
import zlib
from functools import partial

from lab.simulation.cluster.client import Document, Kind, Refused
from lab.simulation.cluster.documents import condition, covers, holds, is_master, transitions
from lab.simulation.cluster.informer import Trigger
from lab.simulation.cluster.kinds import CONTROLLER_CONFIG, INFRASTRUCTURE, MACHINE_CONFIG_POOL, NODE
from lab.simulation.context import SimulationContext

NAME = "machine-config-controller"
FAILING = "TemplateControllerFailing"
REFUSED_SECONDS = 2.0  # the rule may be taken off at any moment, and no watched object tells


async def run(context: SimulationContext) -> None:
    config = context.trigger(INFRASTRUCTURE, CONTROLLER_CONFIG)
    pools = context.trigger(NODE, MACHINE_CONFIG_POOL)
    async with asyncio.TaskGroup() as group:
        group.create_task(context.run_reconciler(partial(render, context, config), config))
        group.create_task(context.run_reconciler(partial(count, context), pools))


async def render(context: SimulationContext, trigger: Trigger) -> None:
    """Bring ControllerConfig in line with Infrastructure, or say in its status why that is impossible."""
    infrastructure = context.get(INFRASTRUCTURE, "cluster")
    if infrastructure is None:
        return
    existing = context.get(CONTROLLER_CONFIG, NAME)
    embedded = _embedded(infrastructure)
    if existing is None:
        await _create(context, CONTROLLER_CONFIG, _controller_config(embedded))
        return
    problem = ""
    if existing["spec"]["infra"] != embedded:
        try:
            await context.cluster.replace(
                CONTROLLER_CONFIG, {**existing, "spec": {**existing["spec"], "infra": embedded}}
            )
        except Refused as error:
            problem = str(error)
            trigger.later(REFUSED_SECONDS)
    if holds(existing, FAILING) != bool(problem):
        status = {"type": FAILING, "status": str(bool(problem)), "reason": "SyncFailed" if problem else "AsExpected"}
        conditions = transitions(existing, [{**status, "message": problem}])
        await context.cluster.patch(
            CONTROLLER_CONFIG, existing, {"status": {"conditions": conditions}}, subresource="status"
        )


def problem(context: SimulationContext) -> str:
    """Why the operator is degraded, or nothing."""
    config = context.get(CONTROLLER_CONFIG, NAME)
    if config is None or not holds(config, FAILING):
        return ""
    return f"Unable to apply {NAME}: {condition(config, FAILING)['message']}"


async def count(context: SimulationContext) -> None:
    """Make both pools and let them follow their nodes."""
    for role in ("master", "worker"):
        pool = context.get(MACHINE_CONFIG_POOL, role)
        if pool is None:
            await _create(context, MACHINE_CONFIG_POOL, _pool(role))
            continue
        nodes = [each for each in context.store(NODE) if is_master(each) == (role == "master")]
        ready = sum(holds(each, "Ready") for each in nodes)
        status = {
            "machineCount": len(nodes),
            "updatedMachineCount": len(nodes),
            "readyMachineCount": ready,
            "unavailableMachineCount": len(nodes) - ready,
            "degradedMachineCount": 0,
            "observedGeneration": pool["metadata"]["generation"],
            "configuration": pool["spec"]["configuration"],
            "conditions": transitions(pool, POOL_CONDITIONS),
        }
        if not covers(pool.get("status", {}), status):
            await context.cluster.patch(MACHINE_CONFIG_POOL, pool, {"status": status}, subresource="status")


POOL_CONDITIONS = [
    {"type": kind, "status": status, "reason": "", "message": ""}
    for kind, status in (
        ("Updated", "True"), ("Updating", "False"), ("Degraded", "False"), ("NodeDegraded", "False"),
        ("RenderDegraded", "False"),
    )
]  # fmt: skip


def _pool(role: str) -> Document:
    label = "machineconfiguration.openshift.io/role"
    spec = {
        "configuration": {"name": f"rendered-{role}-{zlib.crc32(role.encode()):08x}"},
        "machineConfigSelector": {"matchLabels": {label: role}},
        "nodeSelector": {"matchLabels": {f"node-role.kubernetes.io/{role}": ""}},
        "paused": False,
    }
    return MACHINE_CONFIG_POOL.document(name=role, spec=spec)


def _controller_config(infrastructure: Document) -> Document:
    empty: Document = {"additionalTrustBundle": None, "cloudProviderCAData": None, "proxy": None, "dns": None}
    text = {"cloudProviderConfig": "", "ipFamilies": "IPv4", "clusterDNSIP": "172.30.0.10"}
    images = {"baseOSContainerImage": "lab.example/rhcos:4.21.0", "releaseImage": "lab.example/release:4.21.0"}
    invented = base64.b64encode(b"no certificate: nothing here speaks TLS by it").decode()
    certificates = {"rootCAData": invented, "kubeAPIServerServingCAData": invented}
    rest = {"images": {}, "network": {"mtuMigration": None}, "infra": infrastructure}
    return CONTROLLER_CONFIG.document(name=NAME, spec={**empty, **text, **images, **certificates, **rest})


def _embedded(infrastructure: Document) -> Document:
    kept: Document = {
        key: infrastructure[key] for key in ("apiVersion", "kind", "spec", "status") if key in infrastructure
    }
    return {**kept, "metadata": {"name": infrastructure["metadata"]["name"]}}


async def _create(context: SimulationContext, kind: Kind, document: Document) -> None:
    """Create it, unless this lab has no such kind: then the part has nothing to do."""
    if context.store(kind).served:
        await context.cluster.create(kind, document)
