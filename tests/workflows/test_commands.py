"""The order of commands, against files: a run that is under way replays its history, and has to find it there again.

Recorded histories (`test_replay.py`) hold one way through; these hold the ways that people take. `make generate` writes
the files anew.
"""

import difflib
import os
from pathlib import Path

import pytest

from migration.phase import PhaseName
from migration.run.status import State
from migration.spec.model import ApprovalMode
from tests.workflows.conftest import Steer
from tests.workflows.control.test_control import GATED, Handle, calling, until
from tests.workflows.fingerprint import commands
from tests.workflows.world import World
from workflows.phases import UNDOABLE

EXPECTED = Path(__file__).parent / "commands"
WHERE = {
    PhaseName.DISABLE_CVO: "pause_health_checks",
    PhaseName.UPDATE_SECRETS: "wait_credentials_copied",
    PhaseName.CREATE_TAGS: "ensure_tags",
    PhaseName.CREATE_FOLDER: "ensure_folder",
    PhaseName.UPDATE_INFRASTRUCTURE: "add_vcenters",
    PhaseName.UPDATE_CONFIG: "add_to_cloud_config",
    PhaseName.RESTART_PODS: "wait_pods_replaced",
    PhaseName.CREATE_WORKERS: "wait_workers_ready",
    PhaseName.RECREATE_CPMS: "follow_control_plane",
    PhaseName.SCALE_OLD: "wait_workers_gone",
}
"""The activity of each phase that can be undone in which somebody asks for a rollback."""

ADVICE = """the commands of {name} are not those of tests/workflows/commands/{name}.txt (- expected, + found):

{difference}
Every migration that is under way replays its history against this code. A command that moved, vanished, or has another
name makes its next step fail (a non-determinism error), for as long as this code runs it; nothing is lost, but it stands
still until a worker with the former code runs again.

- Not meant: put the commands back in their order.
- Meant, and a release has this workflow already: either keep both orders (`workflow.patched`), or release it under a
  VCFM_BUILD_ID of its own and keep the former worker until its migrations have ended. Then `make generate`.
- Meant, and nothing was released: `make generate`, and look at what git says has changed.
"""


async def compare(handle: Handle, name: str) -> None:
    """A run that has ended, with its file."""
    found = await commands(handle)
    file = EXPECTED / f"{name}.txt"
    if os.environ.get("VCFM_RECORD"):
        EXPECTED.mkdir(exist_ok=True)
        file.write_text(found)
    expected = file.read_text() if file.exists() else ""
    if found != expected:
        lines = difflib.unified_diff(expected.splitlines(keepends=True), found.splitlines(keepends=True), n=2)
        pytest.fail(ADVICE.format(name=name, difference="".join(list(lines)[2:])), pytrace=False)


async def quiet(handle: Handle) -> None:
    """Until no activity runs: what was said before is in the journal, so that its command comes where it always does."""
    while (await handle.describe()).raw_description.pending_activities:
        pass


async def test_forward(steered: Steer) -> None:
    handle = await steered()
    assert (await handle.result()).state is State.COMPLETED
    await compare(handle, "forward")


async def test_gated(steered: Steer) -> None:
    handle = await steered(approval_mode=ApprovalMode.MANUAL)
    for each in GATED:
        await until(handle, State.AWAITING_APPROVAL, each.name)
        await quiet(handle)
        await handle.execute_update("approve")
    assert (await handle.result()).state is State.COMPLETED
    await compare(handle, "gated")


@pytest.mark.parametrize("phase", WHERE)
async def test_rollback(steered: Steer, world: World, phase: PhaseName) -> None:
    world.stall(WHERE[phase])
    handle = await steered()
    await calling(world, WHERE[phase])
    await handle.execute_update("rollback")
    world.go_on(WHERE[phase])
    assert (await handle.result()).state is State.ROLLED_BACK
    await compare(handle, f"rollback-{phase}")


def test_every_phase_that_can_be_undone_is_there() -> None:
    assert list(WHERE) == [each.name for each in UNDOABLE]
    assert len(list(EXPECTED.glob("*.txt"))) == len(WHERE) + 2
