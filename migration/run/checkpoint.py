"""The record of a migration: what another run must know to take it over, and nothing more.

Temporal's history knows all of this, until somebody terminates the workflow or the database is lost. So the cluster
itself keeps it: the plan, whose `key` finds the before-images, what the targets had before, and which phase was begun
last, written before that phase acts. No secrets, only references.
"""

import json
from hashlib import sha256
from typing import Literal

from migration.before_images import TargetImages
from migration.frozen_model import FrozenModel
from migration.phase import POINT_OF_NO_RETURN, TABLE, PhaseName, number, reversible, row
from migration.plan import Plan
from migration.run.adoption import Direction
from migration.run.request import MigrationRequest
from migration.run.status import BackupReference, State


class CheckpointProgress(FrozenModel):
    """How far a migration has come: what changes from one writing to the next.

    Attributes:
        workflow, run: Temporal's ids of who wrote it last; `plan.key` stays that of the first run.
        takeovers: how often another run has taken it over; an earlier run must not write any more.
        backups: the before-images that are stored, as its status lists them.
        phase: begun last; it may have acted or not. Those before it are done, but for the skipped.
        waived: the phase that a person let begin although the source could not take the cluster back.
        going_back: whether it is being rolled back, and what of it is undone for certain.
        ended: how, or None while it has not.
    """

    workflow: str
    run: str
    takeovers: int = 0
    images: TargetImages = TargetImages()
    backups: list[BackupReference] = []
    phase: PhaseName
    skipped: list[PhaseName] = []
    waived: PhaseName | None = None
    going_back: bool = False
    undone: list[PhaseName] = []
    ended: Literal[State.COMPLETED, State.ROLLED_BACK] | None = None

    @property
    def crossed(self) -> bool:
        """Whether the point of no return is behind it."""
        return not reversible(self.phase)

    @property
    def progress(self) -> str:
        """How far it has come, in a few words."""
        if self.ended:
            return f"has ended: {self.ended}"
        if self.going_back:
            return f"was rolling back from {self.phase}"
        return f"had begun {self.phase} ({row(self.phase).title})"


class Checkpoint(CheckpointProgress):
    """One migration as its cluster remembers it: what it was asked for and is to do, and how far it has come."""

    request: MigrationRequest
    plan: Plan

    @property
    def basis(self) -> str:
        """The SHA-256 of request and plan, which no later writing of the same run changes."""
        parts = {name: getattr(self, name).model_dump(mode="json") for name in ("request", "plan")}
        return sha256(json.dumps(parts, sort_keys=True, separators=(",", ":")).encode()).hexdigest()

    @property
    def update(self) -> "CheckpointUpdate":
        """What is to be written where request and plan are stored already."""
        return CheckpointUpdate(
            **{name: getattr(self, name) for name in CheckpointProgress.model_fields},
            cluster=self.plan.cluster,
            infrastructure_name=self.plan.infrastructure_name,
            namespace=self.plan.namespace,
            basis=self.basis,
        )

    @property
    def to_undo(self) -> list[PhaseName]:
        """What a rollback has yet to undo, in the order in which it was begun; nothing after the point of no return."""
        if not reversible(self.phase):
            return []
        begun = [each.name for each in TABLE if number(each.name) <= number(self.phase)]
        return [each for each in begun if row(each).undo and each not in self.undone]


class CheckpointUpdate(CheckpointProgress):
    """A checkpoint by what may have changed of it since it was stored whole.

    Attributes:
        cluster: its name in the configuration; `infrastructure_name` and `namespace` find the checkpoint there.
        basis: of the request and the plan that it goes with.
    """

    cluster: str
    infrastructure_name: str
    namespace: str
    basis: str

    def applied_to(self, stored: Checkpoint) -> Checkpoint | None:
        """The checkpoint whole, with the request and the plan that are stored; None where those are not the run's."""
        if stored.basis != self.basis:
            return None
        return stored.model_copy(update={name: getattr(self, name) for name in CheckpointProgress.model_fields})


def checkpoint_name(infrastructure_name: str) -> str:
    """Of its Secret: the cluster's own name keeps it apart from one restored out of another cluster's backup."""
    return f"vcfm-checkpoint-{infrastructure_name}"


def refusal(record: Checkpoint, direction: Direction) -> str:
    """Why a migration cannot be taken over so, in one sentence; empty where it can.

    One that was going back goes on going back, whichever way is asked for: its early phases may be undone already.
    """
    if record.ended:
        return f"the last migration of this cluster {record.progress}"
    if direction is Direction.ROLLBACK and record.crossed:
        return f"it cannot be rolled back after {POINT_OF_NO_RETURN} has begun: {record.workflow} {record.progress}"
    return ""


def mismatch(record: Checkpoint, request: MigrationRequest) -> str:
    """Why a run that was given this request must not take the migration over; empty where it may.

    Whoever may start workflows could otherwise go on without the gates, the approvers or the requester it began with.
    """
    asked, known = (each.model_copy(update={"cluster": "", "adopts": None}) for each in (request, record.request))
    if asked == known:
        return ""
    return f"the request is not the one that {record.workflow} began with: have `vcfm adopt` write it"


def contradiction(stored: Checkpoint, mine: Checkpoint) -> str:
    """Why a run must not write its record over the one that is there; empty where it may.

    This is what keeps a run that was thought dead (an activity that outlived a Terminate, a Temporal restored from a
    backup) from going on beside the one that took its migration over, and the later of two that take it over at once. A
    run that took nothing over may come back under another id: Temporal's reset gives it one.
    """
    if stored.plan.key != mine.plan.key:
        unfinished = f"another migration of this cluster ({stored.workflow}, run {stored.run}) {stored.progress}"
        return "" if stored.ended else unfinished
    taken_at_once = stored.takeovers == mine.takeovers > 0 and stored.run != mine.run
    if stored.takeovers > mine.takeovers or taken_at_once:
        return f"run {stored.run} has taken this migration over"
    if stored.ended and stored.ended != mine.ended:
        return f"this migration {stored.progress}"
    return ""
