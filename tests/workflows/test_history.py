"""The history of a big migration that people often interrupt stays below what Temporal wants continued as new.

Waits are activities that watch, never loops of the workflow, so that the length of a history depends on how many objects
there are and how often people speak, and not on how long anything takes.
"""

import sys
from collections.abc import AsyncIterator

import pytest

from activities.cluster.machine_sets import MachinesSeen
from activities.preflight.preflight import PreflightResult
from migration.phase import TABLE, PhaseName
from migration.plan import NewSet, SourceSet, VirtualMachineName
from migration.run.status import State
from migration.spec.model import ApprovalMode
from tests.workflows.answers import DOMAIN, MASTERS, PLAN, SOURCE, machine
from tests.workflows.conftest import Steer
from tests.workflows.control.test_control import Handle, calling, until
from tests.workflows.world import World

EVENTS = 4096
SIZE = 4 * 1024 * 1024
"""Where Temporal begins to suggest that a workflow continue as new (`limit.historySuggestContinueAsNew…`)."""

POOLS = [f"ocp1-worker-{pool}" for pool in range(3)]
ZONES = [DOMAIN.model_copy(update={"name": f"az{zone}", "zone": f"z{zone}"}).completed("ocp1") for zone in range(3)]
NAMES = [f"{pool}-{number}" for pool in POOLS for number in range(9)]
NEW = [
    NewSet(name=f"{pool}-{zone.name}", pattern=pool, failure_domain=zone.name, replicas=3)
    for pool in POOLS
    for zone in ZONES
]
BIG = PLAN.model_copy(
    update={
        "failure_domains": ZONES,
        "source_sets": [SourceSet(name=pool, replicas=9) for pool in POOLS],
        "new_sets": NEW,
        "source_vms": [VirtualMachineName(name=each, instance_uuid=each, node=each) for each in [*MASTERS, *NAMES]],
    }
)
INTERRUPTED = {
    PhaseName.UPDATE_SECRETS: "wait_credentials_copied",
    PhaseName.RESTART_PODS: "wait_pods_replaced",
    PhaseName.MONITOR_HEALTH: "wait_stable",
    PhaseName.CREATE_WORKERS: "wait_workers_ready",
    PhaseName.RECREATE_CPMS: "follow_control_plane",
}


@pytest.fixture
async def big(world: World) -> AsyncIterator[World]:
    """Three masters and 27 workers: three pools over three failure domains."""
    old = [machine(each, server=SOURCE) for each in NAMES]
    new = [machine(f"{each.name}-{number}") for each in NEW for number in range(each.replicas)]
    world.answer("preflight", PreflightResult(concerns=[], plan=BIG, nodes=old))
    world.answer("wait_workers_ready", MachinesSeen(count=27, nodes=new))
    yield world
    assert world.calls.count("create_machine_set") >= len(NEW)


async def approved_until(handle: Handle, world: World, last: PhaseName) -> None:
    """Every gate before that phase's approved, and five waits paused and resumed on the way."""
    for each in INTERRUPTED.values():
        world.stall(each)
    for phase in (each.name for each in TABLE[2:]):
        await until(handle, State.AWAITING_APPROVAL, phase)
        if phase is last:
            return
        await handle.execute_update("approve", {"by": "kim", "reason": "CHG-4711, in the window agreed with the shop"})
        if waiting := INTERRUPTED.get(phase):
            await calling(world, waiting)
            await handle.execute_update("pause", {"by": "kim", "reason": "the storage is slow"})
            world.go_on(waiting)
            await until(handle, State.PAUSED)
            await handle.execute_update("resume", {"by": "kim"})


async def within_budget(handle: Handle, what: str) -> None:
    """Print what was used of both limits, and hold it against them."""
    info = (await handle.describe()).raw_description.workflow_execution_info
    events, size = info.history_length, info.history_size_bytes
    print(f"{what}: {events} of {EVENTS} events, {size / 1024:.0f} of {SIZE // 1024} KiB", file=sys.stderr)
    assert events < EVENTS
    assert size < SIZE


async def test_forward_through_every_gate(steered: Steer, big: World) -> None:
    handle = await steered(approval_mode=ApprovalMode.MANUAL)
    await approved_until(handle, big, PhaseName.VERIFY)
    await handle.execute_update("approve")
    assert (await handle.result()).state is State.COMPLETED
    await within_budget(handle, "30 nodes, every phase gated, five pauses")


async def test_rollback_from_the_last_gate_before_the_point_of_no_return(steered: Steer, big: World) -> None:
    handle = await steered(approval_mode=ApprovalMode.MANUAL)
    await approved_until(handle, big, PhaseName.CLEANUP)
    await handle.execute_update("reject", {"by": "kim"})
    assert (await handle.result()).state is State.ROLLED_BACK
    await within_budget(handle, "30 nodes, every phase gated, five pauses, rejected at cleanup")
