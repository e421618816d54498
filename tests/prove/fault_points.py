"""Where a worker is to be stopped: files in one directory, shared by a proof and the worker under test.

A proof sets fault points (`fault-points.json`). The worker checks them at each boundary of each activity, writes to
`hits.jsonl` which one it met, and then dies, or holds until the proof releases it. Files, because nothing else survives a SIGKILL at
any instruction.
"""

import json
import random
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from migration.phase import PhaseName


def phase_of(activity_id: str) -> str:
    """The phase in an activity's id, read from outside; empty when `migration.phase.activity_id` did not make it."""
    head = activity_id.partition(".")[0]
    name = head.partition("-")[2]
    return name if name in {each.value for each in PhaseName} else ""


class Moment(StrEnum):
    """Boundaries of an activity."""

    BEFORE = "before"
    """It has been given to a worker, and nothing was done yet."""
    DURING = "during"
    """A call of it was answered, and nobody was told; a wait has been waiting for a while."""
    AFTER = "after"
    """It is done, and Temporal does not know yet."""


class Action(StrEnum):
    """What the worker does at a fault point."""

    DIE = "die"
    HOLD = "hold"


@dataclass(frozen=True, kw_only=True)
class FaultPoint:
    """One thing that is to happen.

    Attributes:
        phase: in activities of that phase only; of every phase if empty.
        nth: in the nth activity that begins; 0 means in each of them, once.
        moment: at which boundary; None draws one for each activity, from `seed`.
    """

    name: str
    action: Action
    phase: str = ""
    nth: int = 0
    moment: Moment | None = None
    seed: int = 0

    def moment_in(self, activity_id: str) -> Moment:
        """The boundary at which this activity meets it."""
        return self.moment or self.draws(activity_id).choice(list(Moment))

    def draws(self, activity_id: str) -> random.Random:
        """Chance, the same for one activity whenever it is asked."""
        return random.Random(f"{self.seed} {self.name} {activity_id}")


@dataclass(frozen=True, kw_only=True)
class Hit:
    """What happened: which fault point, in which activity, at which boundary, when (seconds since the epoch)."""

    fault_point: str
    activity: str
    moment: Moment
    at: float


class FaultPoints:
    """The directory, as both sides use it."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(exist_ok=True)
        self._set = directory / "fault-points.json"
        self._hits = directory / "hits.jsonl"
        self._released = directory / "released"

    def set(self, *fault_points: FaultPoint) -> None:
        """Have exactly these, and forget what earlier ones did."""
        self._hits.unlink(missing_ok=True)
        self._released.unlink(missing_ok=True)
        fresh = self._set.with_suffix(".new")
        fresh.write_text(json.dumps([asdict(each) for each in fault_points]))
        fresh.replace(self._set)

    @property
    def active(self) -> Sequence[FaultPoint]:
        """What a worker has to look out for."""
        if not self._set.exists():
            return []
        return [
            FaultPoint(**each | {"action": Action(each["action"]), "moment": each["moment"] and Moment(each["moment"])})
            for each in json.loads(self._set.read_text())
        ]

    @property
    def hits(self) -> list[Hit]:
        """What has happened so far."""
        if not self._hits.exists():
            return []
        lines = self._hits.read_text().splitlines()
        return [Hit(**each | {"moment": Moment(each["moment"])}) for each in map(json.loads, lines)]

    def record_hit(self, fault_point: FaultPoint, activity_id: str, moment: Moment) -> None:
        """Say that it happened."""
        said = Hit(fault_point=fault_point.name, activity=activity_id, moment=moment, at=time.time())
        with self._hits.open("a") as file:
            file.write(json.dumps(asdict(said)) + "\n")

    def release(self) -> None:
        """Let go of whoever stands still."""
        self._released.touch()

    @property
    def released(self) -> bool:
        """Whether nobody stands still any more."""
        return self._released.exists()
