"""What a waiting activity reports with each heartbeat: the wait itself, and the machines if it looks at them.

Heartbeats reach the status within a second and cost no history; this is their one shape.
"""

from migration.frozen_model import FrozenModel
from migration.run.status import MachineView, Waiting


class Observation(FrozenModel):
    waiting: Waiting
    nodes: list[MachineView] = []
