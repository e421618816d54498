"""The cluster must be stable with both vCenters before any machine moves."""

from migration.phase import PhaseName
from migration.plan import Plan
from workflows.run import Run
from workflows.shared_steps import wait_until_stable

name = PhaseName.MONITOR_HEALTH


def touches(_plan: Plan) -> list[str]:
    """Nothing: it only reads."""
    return []


async def do(run: Run) -> list[str]:
    """Wait for a whole window of calm; machine-config is excused while two vCenters are configured."""
    return [await wait_until_stable(run, excused=["machine-config"])]
