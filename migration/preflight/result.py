"""What preflight has to say."""

from migration.concern import Concern
from migration.frozen_model import FrozenModel
from migration.plan import Plan
from migration.run.status import MachineView


class PreflightResult(FrozenModel):
    """Everything preflight found; without a plan the migration must not start."""

    concerns: list[Concern]
    plan: Plan | None
    nodes: list[MachineView]
