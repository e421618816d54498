"""The vSphere cloud controller manager. Contract:

- It works while its Deployment has a Running pod, by the `cloud-conf` that existed when that pod became Running: a
  changed config needs a restart, and a pod that starts too early keeps the old one. Of two pods the elder leads; when
  it goes, the other takes over with the config it read itself.
- It deletes every Node whose machine is in none of the vCenters listed there, if it can log in to each of them with
  its copy of the credentials; while one is unreachable it deletes nothing. (The real one waits until such a Node is
  NotReady, or never lets it become Ready; ours is the harsher.)
- It labels Nodes with the region and zone of their failure domain when the config names the topology categories.

Which pod read which config is remembered in memory: after a restart of this process every pod has read today's.
"""

import base64
import logging
from functools import partial

from lab.simulation.cluster.client import Absent, Document
from lab.simulation.cluster.informer import Trigger
from lab.simulation.cluster.kinds import CONFIG_MAP, INFRASTRUCTURE, NODE, POD, SECRET
from lab.simulation.context import SimulationContext
from lab.simulation.operators import cloud_config
from lab.simulation.operators.components import CCM, CLOUD_CONTROLLER_MANAGER, running_pods
from lab.simulation.vcenters.machines import VirtualMachine

log = logging.getLogger(__name__)
RETRY_SECONDS = 5.0
REGION, ZONE = "topology.kubernetes.io/region", "topology.kubernetes.io/zone"


async def run(context: SimulationContext) -> None:
    trigger = context.trigger(POD, NODE, SECRET, CONFIG_MAP, machines=True)
    await context.run_reconciler(partial(CloudControllerManager(context).reconcile, trigger), trigger)


class CloudControllerManager:
    def __init__(self, context: SimulationContext) -> None:
        self._context = context
        self._read: dict[str, str] = {}  # the config each running pod read at its start, by uid, eldest first

    async def reconcile(self, trigger: Trigger) -> None:
        text = self._config_of_leader()
        if text is None:
            return
        try:
            config, endpoints = cloud_config.parsed(text), cloud_config.endpoints(text)
        except cloud_config.UnusableConfigError as error:
            log.warning("the real one would crash: %s", error)
            return
        machines = {each.provider_id: each for each in self._context.vcenters if each.server in endpoints}
        nodes = [each for each in self._context.store(NODE) if each["spec"].get("providerID")]
        strangers = [each for each in nodes if each["spec"]["providerID"] not in machines]
        if strangers and await self._sees_all(endpoints, trigger):
            for node in strangers:
                await self._delete(node)
        if config.get("labels", {}).get("zone"):
            for node in nodes:
                await self._label(node, machines.get(node["spec"]["providerID"]))

    def _config_of_leader(self) -> str | None:
        running = {each["metadata"]["uid"] for each in running_pods(self._context, CLOUD_CONTROLLER_MANAGER)}
        self._read = {uid: text for uid, text in self._read.items() if uid in running}
        config = self._context.get(CONFIG_MAP, "cloud-conf", namespace=CCM)
        if config is not None:
            for uid in sorted(running - set(self._read)):
                self._read[uid] = config["data"].get(cloud_config.KEY, "")
        return next(iter(self._read.values()), None)

    async def _sees_all(self, endpoints: dict[str, int], trigger: Trigger) -> bool:
        secret = self._context.get(SECRET, "vsphere-cloud-credentials", namespace=CCM)
        for server, port in endpoints.items():
            username, password = credentials(secret, server)
            problem = await self._context.logins.problem(server=server, port=port, username=username, password=password)
            if problem or not self._context.vcenters.current(server):
                log.info("cannot judge nodes: %s", problem or f"{server} is not being read")
                trigger.later(RETRY_SECONDS)
                return False
        return bool(endpoints)

    async def _delete(self, node: Document) -> None:
        log.info("node %s: its machine is in no configured vCenter, deleting it", node["metadata"]["name"])
        try:
            await self._context.cluster.delete(NODE, node)
        except Absent:
            return

    async def _label(self, node: Document, machine: VirtualMachine | None) -> None:
        infrastructure = self._context.get(INFRASTRUCTURE, "cluster")
        if machine is None or infrastructure is None or ZONE in node["metadata"].get("labels", {}):
            return
        for each in infrastructure["spec"]["platformSpec"].get("vsphere", {}).get("failureDomains", []):
            here = each["topology"]["computeCluster"].rpartition("/")[2] == machine.cluster
            if each["server"] == machine.server and here:
                change = {"metadata": {"labels": {REGION: each["region"], ZONE: each["zone"]}}}
                await self._context.cluster.patch(NODE, node, change)


def credentials(secret: Document | None, server: str) -> tuple[str, str]:
    """The account for that vCenter in a component's secret; empty where it has none."""
    data = (secret or {}).get("data", {})
    username, password = (
        base64.b64decode(data.get(f"{server}.{each}", "")).decode(errors="replace") for each in ("username", "password")
    )
    return username, password
