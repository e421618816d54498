"""What a waiting activity reports with each heartbeat: the wait itself, and the machines if it looks at them.

Heartbeats reach the status within a second and cost no history; this is their one shape.
"""

from migration.status import Node, Waiting
from migration.value import Value


class Observation(Value):
    waiting: Waiting
    nodes: list[Node] = []
