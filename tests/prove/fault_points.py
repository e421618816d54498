"""Where a worker is to be stopped: files in one directory, by which a proof and the worker it torments understand each other.

A proof lays snares (`laid.json`), the worker looks at them at each boundary of each activity, says in `sprung.jsonl` what
it ran into, and then dies, or stands still until the proof lets it go. Files, because nothing else survives a SIGKILL at
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
    """It is done, and Temporal has not heard of it."""


class Fate(StrEnum):
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
    fate: Fate
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
class Sprung:
    """What happened: which snare, in which activity, at which boundary, when (seconds since the epoch)."""

    fault_point: str
    activity: str
    moment: Moment
    at: float


class FaultPoints:
    """The directory, as both sides use it."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(exist_ok=True)
        self._laid = directory / "laid.json"
        self._sprung = directory / "sprung.jsonl"
        self._released = directory / "released"

    def lay(self, *fault_points: FaultPoint) -> None:
        """Have exactly these, and forget what earlier ones did."""
        self._sprung.unlink(missing_ok=True)
        self._released.unlink(missing_ok=True)
        fresh = self._laid.with_suffix(".new")
        fresh.write_text(json.dumps([asdict(each) for each in fault_points]))
        fresh.replace(self._laid)

    @property
    def laid(self) -> Sequence[FaultPoint]:
        """What a worker has to look out for."""
        if not self._laid.exists():
            return []
        return [
            FaultPoint(**each | {"fate": Fate(each["fate"]), "moment": each["moment"] and Moment(each["moment"])})
            for each in json.loads(self._laid.read_text())
        ]

    @property
    def sprung(self) -> list[Sprung]:
        """What has happened so far."""
        if not self._sprung.exists():
            return []
        lines = self._sprung.read_text().splitlines()
        return [Sprung(**each | {"moment": Moment(each["moment"])}) for each in map(json.loads, lines)]

    def spring(self, fault_point: FaultPoint, activity_id: str, moment: Moment) -> None:
        """Say that it happened."""
        said = Sprung(fault_point=fault_point.name, activity=activity_id, moment=moment, at=time.time())
        with self._sprung.open("a") as file:
            file.write(json.dumps(asdict(said)) + "\n")

    def release(self) -> None:
        """Let go of whoever stands still."""
        self._released.touch()

    @property
    def released(self) -> bool:
        """Whether nobody stands still any more."""
        return self._released.exists()
