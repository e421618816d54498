"""What preflight has to say."""

from migration.concern import Concern
from migration.plan import Plan
from migration.status import Node
from migration.value import Value


class Verdict(Value):
    """Everything preflight found; without a plan the migration must not start."""

    concerns: list[Concern]
    plan: Plan | None
    nodes: list[Node]
