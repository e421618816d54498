"""Restart the pods that read vCenter's address and credentials only when they start."""

from migration.phase import PhaseName
from migration.plan import Plan
from workflows.run import Run
from workflows.shared_steps import RESTARTED_PODS, restart_vsphere_pods

name = PhaseName.RESTART_PODS


def touches(_plan: Plan) -> list[str]:
    """The pods that it replaces."""
    return [RESTARTED_PODS]


async def do(run: Run) -> list[str]:
    """Replace every vSphere-aware pod by a new one."""
    return await restart_vsphere_pods(run)


async def undo(run: Run) -> list[str]:
    """Restart them again, once credentials, Infrastructure and the generated configs are back."""
    return await restart_vsphere_pods(run)
