"""All parts together, in a lab that is up: what restarting means, and what the process weighs."""

from contextlib import aclosing
from pathlib import Path

import pytest

from lab.commands import Lab
from lab.simulation.cluster.client import Cluster, Document
from lab.simulation.cluster.documents import holds, labelled, leaving
from lab.simulation.cluster.informer import Store
from lab.simulation.cluster.kinds import POD
from lab.simulation.operators.components import COMPONENTS, Component
from tests.simulation.helpers import living, seen

pytestmark = pytest.mark.lab
RESTARTED = [each for each in COMPONENTS if each.name in {"vmware-vsphere-csi-driver-node", "machine-api-controllers"}]


@pytest.mark.parametrize("component", RESTARTED, ids=lambda each: each.name)
async def test_deleted_pods_are_replaced_by_new_ones_that_become_ready(lab: Lab, component: Component) -> None:
    async with aclosing(await Cluster.connect(kubeconfig=lab.description["kubeconfig"])) as cluster:
        store = Store(POD)

        def pods() -> list[Document]:
            return labelled(store, namespace=component.namespace, labels=component.labels)

        async with living(store.run(cluster)):
            await seen(lambda: pods() and all(holds(each, "Ready") for each in pods()), "the pods to be Ready")
            old = {each["metadata"]["uid"] for each in pods()}
            for each in pods():
                await cluster.delete(POD, each)

            def replaced() -> bool:
                fresh = [each for each in pods() if each["metadata"]["uid"] not in old and not leaving(each)]
                return len(fresh) == len(pods()) == len(old) and all(holds(each, "Ready") for each in fresh)

            await seen(replaced, "as many new pods, Ready, and no old one")


def test_the_whole_simulation_fits_into_120_megabytes(lab: Lab) -> None:
    pid = (lab.state_dir / "pids" / "simulation").read_text().strip()
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    resident = next(line for line in status if line.startswith("VmRSS"))
    assert int(resident.split()[1]) < 120 * 1024
