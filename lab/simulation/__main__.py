"""`python -m lab.simulation --state-dir DIR`: all simulated parts in one process, until SIGTERM.

Reads DIR/lab.json (kubeconfig and vCenters) and DIR/scenario.yaml (the resolved scenario). One process, since each
part is a few lines of reaction to the same few watches; fifteen interpreters would be most of the lab's memory.
"""

import argparse
import asyncio
import json
import logging
import signal
from pathlib import Path
from typing import Any

from lab.scenario import Scenario, load
from lab.simulation.cluster.client import Cluster
from lab.simulation.context import SimulationContext
from lab.simulation.delays import StepDelays
from lab.simulation.nodes import kubelets, pods, static_pods
from lab.simulation.operators import (
    cloud_config,
    cloud_controller_manager,
    cloud_credential_operator,
    cluster_operators,
    cluster_version_operator,
    components,
    etcd_operator,
    machine_config_operator,
)
from lab.simulation.vcenters.machines import VCenters
from lab.simulation.vcenters.session import Access, Logins

log = logging.getLogger("lab.simulation")
PARTS = (
    components,
    kubelets,
    pods,
    static_pods,
    cloud_credential_operator,
    cloud_config,
    cloud_controller_manager,
    cluster_version_operator,
    machine_config_operator,
    etcd_operator,
    cluster_operators,
)


async def simulate(context: SimulationContext) -> None:
    """Run every part for ever."""
    context.vcenters.start()
    async with asyncio.TaskGroup() as group:
        group.create_task(context.run_informers())
        for part in PARTS:
            group.create_task(part.run(context), name=part.__name__)


async def assemble(*, state_dir: Path, lab: dict[str, Any], scenario: Scenario) -> SimulationContext:
    """The simulation of one lab, from what `lab up` wrote."""
    accesses = [
        Access(**{key: each[key] for key in ("server", "port", "username", "password", "ca_file")})
        for each in lab["vcenters"]
    ]
    return SimulationContext(
        cluster=await Cluster.connect(kubeconfig=lab["kubeconfig"]),
        vcenters=VCenters(accesses),
        logins=Logins(ca_files={each.server: each.ca_file for each in accesses}),
        scenario=scenario,
        delays=StepDelays(delays=scenario.delays, seed=scenario.seed, ready=state_dir / "ready"),
        state_dir=state_dir,
    )


async def main(state_dir: Path) -> None:
    scenario = load(str(state_dir / "scenario.yaml"))
    context = await assemble(
        state_dir=state_dir, lab=json.loads((state_dir / "lab.json").read_text()), scenario=scenario
    )
    work = asyncio.create_task(simulate(context))
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, work.cancel)
    try:
        await work
    except asyncio.CancelledError:
        log.info("asked to stop")
    finally:
        await context.cluster.aclose()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    parser = argparse.ArgumentParser(prog="python -m lab.simulation", description="The lab's simulated parts.")
    parser.add_argument("--state-dir", type=Path, required=True, help="the lab's state directory")
    asyncio.run(main(parser.parse_args().state_dir))
