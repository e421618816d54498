"""What a waiting activity reports with each heartbeat: the wait itself, and the machines if it looks at them.

Heartbeats reach the status within a second and cost no history; this is their one shape.
"""

from migration.frozen_model import Value
from migration.run.status import Node, Waiting


class Observation(Value):
    waiting: Waiting
    nodes: list[Node] = []
