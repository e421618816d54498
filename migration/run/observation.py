"""What an activity says with each heartbeat: what it waits for, and how long it has waited and failed so far.

Heartbeats reach the status within a second and cost no history; this is their one shape.
"""

from migration.frozen_model import FrozenModel
from migration.run.elapsed import Elapsed
from migration.run.status import MachineView, Waiting


class Observation(FrozenModel):
    """What is waited for, and the machines if the wait looks at them."""

    waiting: Waiting
    nodes: list[MachineView] = []


class Heartbeat(FrozenModel):
    """One heartbeat: what was observed last, by this attempt or one before it, and the sums of all attempts."""

    observation: Observation | None = None
    elapsed: Elapsed = Elapsed()
