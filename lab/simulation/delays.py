"""How long simulated things take: the scenario's delays, and none at all until the lab is handed over.

A cluster being installed is nobody's subject, so it comes up at full speed; the file `ready` in the state directory,
written by `lab up` when all is healthy, marks the moment from which the delays hold.
"""

from pathlib import Path
from random import Random
from typing import Literal

from lab.scenario import Delays

Step = Literal["boot", "pod_start", "pod_stop", "operator_settle", "etcd_sync", "config_sync", "credentials_sync"]


class StepDelays:
    """Seconds per step; with a seed each use draws between half and one and a half of its value."""

    def __init__(self, *, delays: Delays, seed: int | None, ready: Path) -> None:
        self._delays = delays
        self._random = None if seed is None else Random(seed)
        self._ready = ready
        self._begun = False

    def seconds(self, step: Step) -> float:
        if not self.begun():
            return 0.0
        fixed: float = getattr(self._delays, step)
        return fixed * self._random.uniform(0.5, 1.5) if self._random else fixed

    def begun(self) -> bool:
        """Whether the lab was handed over; once so, always so."""
        self._begun = self._begun or self._ready.exists()
        return self._begun
