"""Phase 9: restart the pods that read vCenter's address and credentials only when they start."""

from migration.phase import PhaseName
from workflows.run import Run
from workflows.shared_steps import restart_vsphere_pods

name = PhaseName.RESTART_PODS


async def do(run: Run) -> list[str]:
    """Replace every vSphere-aware pod by a new one."""
    return await restart_vsphere_pods(run)


async def undo(run: Run) -> list[str]:
    """Restart them again, once credentials, Infrastructure and the generated configs are back."""
    return await restart_vsphere_pods(run)
