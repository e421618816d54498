"""What preflight has to say."""

from migration.frozen_model import Value
from migration.plan import Plan
from migration.preflight.concern import Concern
from migration.run.status import Node


class Verdict(Value):
    """Everything preflight found; without a plan the migration must not start."""

    concerns: list[Concern]
    plan: Plan | None
    nodes: list[Node]
