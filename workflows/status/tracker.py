"""The workflow's own account of itself: what was done when, and how it looks from outside.

One place turns a change of state into everything people see in Temporal: search attributes, the live table in the
current details, and the `status` query. Nothing here is awaited, so nothing here can fail half-way.
"""

from datetime import datetime
from typing import Any

from temporalio import workflow
from temporalio.common import SearchAttributeUpdate

import temporal
from migration.concern import Concern
from migration.phase import FIRST, POINT_OF_NO_RETURN, TABLE, PhaseName, number, row
from migration.plan import Plan
from migration.run.checkpoint import Checkpoint
from migration.run.request import MigrationRequest
from migration.run.status import (
    Attention,
    BackupReference,
    Claim,
    Compensation,
    Decision,
    Gate,
    MachineView,
    MigrationStatus,
    PhaseRecord,
    PhaseState,
    State,
    progress,
)
from workflows.status.details import table

_UNDER_WAY = {PhaseState.RUNNING, PhaseState.UNDOING, PhaseState.FAILED}


class StatusTracker:
    """What happened so far; every method is one thing that happens."""

    def __init__(self, *, migration: str, cluster: str, started: datetime, adopts: bool = False) -> None:
        """`adopts` is whether it has to find out first what an earlier run left."""
        self._status = MigrationStatus(
            id=migration,
            cluster=cluster,
            state=State.PENDING if adopts else State.RUNNING,
            phase=FIRST,
            progress=0,
            message="starting",
            started=started,
            phases=[PhaseRecord(phase=each.name) for each in TABLE],
            point_of_no_return=f"ahead: {POINT_OF_NO_RETURN}, which cannot be rolled back",
        )

        self._published: list[SearchAttributeUpdate[Any]] = []

    @property
    def status(self) -> MigrationStatus:
        """The account as it stands."""
        return self._status

    def requested(self, request: MigrationRequest) -> None:
        """Who asked for it, and who may let it go on."""
        self._change(
            requested_by=request.requested_by,
            separate_approver=request.separate_approver,
            signed=bool(request.approval_key),
        )

    def takes_over(self, message: str) -> None:
        """An earlier run's migration is being taken over, and what it left is not known yet."""
        self._change(state=State.PENDING, message=message)
        self._publish()

    def took_over(self, record: Checkpoint) -> None:
        """What an earlier run did, as the cluster's record tells it."""
        self._change(
            phase=record.phase,
            phases=[_earlier(each.name, record) for each in TABLE],
            backups=record.backups,
            state=State.RUNNING,
            message=f"taken over from run {record.run}, which {record.progress}",
        )
        self._change(progress=progress(self._status.phases))
        self._publish()

    def looks(self, phase: PhaseName, message: str) -> None:
        """Something is looked at before a phase begins."""
        self._change(phase=phase, state=State.RUNNING, message=message, attention=None)
        self._publish()

    def readiness_waived(self, phase: PhaseName) -> None:
        """Somebody had a phase begin although the source could not take the cluster back."""
        said = f"{self._status.point_of_no_return}; {phase} began although the source could not take the cluster back"
        self._change(point_of_no_return=said)

    def begin(self, phase: PhaseName) -> None:
        """A phase starts, or starts again."""
        earlier = self._record(phase)
        self._write(
            phase,
            PhaseRecord(
                phase=phase,
                state=PhaseState.RUNNING,
                attempts=earlier.attempts + 1,
                started=earlier.started or workflow.now(),
            ),
            state=State.RUNNING,
            message=row(phase).title,
            attention=None,
        )

    def complete(self, phase: PhaseName, evidence: list[str]) -> None:
        """A phase has been seen to be done."""
        record = self._record(phase).model_copy(
            update={"state": PhaseState.COMPLETED, "completed": workflow.now(), "evidence": evidence}
        )
        self._write(phase, record, message=f"{row(phase).title}: done")

    def park(self, phase: PhaseName, *, diagnosis: str, remedy: str, choices: list[str], skip: str = "") -> None:
        """A phase cannot go on without a person."""
        record = self._record(phase)
        if record.state in _UNDER_WAY:  # else it is what comes before the phase that failed, or after it
            record = record.model_copy(update={"state": PhaseState.FAILED, "message": diagnosis})
        attention = Attention(
            phase=phase, since=workflow.now(), diagnosis=diagnosis, remedy=remedy, choices=choices, skip=skip
        )
        self._write(phase, record, state=State.NEEDS_ATTENTION, message=diagnosis, attention=attention)

    def skip(self, phase: PhaseName) -> None:
        """Somebody left a phase out."""
        record = self._record(phase).model_copy(
            update={"state": PhaseState.SKIPPED, "completed": workflow.now(), "evidence": ["left out by a person"]}
        )
        self._write(phase, record, attention=None)

    def paused(self, phase: PhaseName) -> None:
        """Somebody asked to stop for a while, and nothing is under way."""
        self._change(phase=phase, state=State.PAUSED, message=f"paused before {phase} goes on", attention=None)
        self._publish()

    def asks(self, gate: Gate) -> None:
        """A phase waits for approval."""
        self._change(phase=gate.phase, state=State.AWAITING_APPROVAL, message=gate.asks, gate=gate)
        self._publish()

    def answered(self) -> None:
        """Somebody answered the gate."""
        self._change(gate=None, state=State.RUNNING)
        self._publish()

    def undoing(self, phase: PhaseName) -> None:
        """A phase is being undone."""
        record = self._record(phase).model_copy(update={"state": PhaseState.UNDOING, "message": row(phase).undo})
        self._write(phase, record, state=State.ROLLING_BACK, message=f"rolling back: {row(phase).undo}", attention=None)

    def undone(self, phase: PhaseName, evidence: list[str]) -> None:
        """A phase has been seen to be undone."""
        record = self._record(phase).model_copy(
            update={"state": PhaseState.UNDONE, "completed": workflow.now(), "message": "", "evidence": evidence}
        )
        self._write(phase, record)

    def rolling_back(self, message: str) -> None:
        """A rollback is under way, between or beside the undoing of phases."""
        self._change(state=State.ROLLING_BACK, message=message, attention=None, gate=None)
        self._publish()

    def would_undo(self, compensations: list[Compensation]) -> None:
        """What a rollback would do now, the first to be undone last in the list."""
        self._change(compensations=compensations)

    def decided(self, decision: Decision) -> None:
        """A person said something."""
        self._change(decisions=[*self._status.decisions, decision][-50:])

    def crossed(self) -> None:
        """The point of no return is behind us."""
        self._change(point_of_no_return="crossed: from here on there is only forward")

    def planned(self, plan: Plan) -> None:
        """The plan is pinned."""
        self._change(source=plan.source.server, targets=plan.target_servers)

    def concerned(self, concerns: list[Concern]) -> None:
        """Preflight found these."""
        self._change(concerns=concerns)

    def stored(self, backups: list[BackupReference]) -> None:
        """Before-images are stored."""
        self._change(backups=backups)

    def saw(self, nodes: list[MachineView]) -> None:
        """The machines as last observed."""
        self._change(nodes=nodes)

    def reported(self, claims: list[Claim]) -> None:
        """The final report."""
        self._change(report=claims)

    def set_message(self, message: str) -> None:
        """Somebody said something that everybody should see."""
        self._change(message=message)
        self._publish()

    def closes(self, state: State) -> None:
        """Everything is done or undone; what is left is to note that in the cluster."""
        going = State.ROLLING_BACK if state is State.ROLLED_BACK else State.RUNNING
        self._change(state=going, message=f"noting in the cluster that it is {state}", attention=None)
        self._publish()

    def finish(self, state: State, message: str) -> MigrationStatus:
        """Nothing more will happen."""
        self._change(state=state, message=message, completed=workflow.now(), attention=None)
        self._publish()
        return self._status

    def refuse(self, message: str) -> MigrationStatus:
        """Preflight says no; nothing was changed."""
        phase = self._status.phase
        record = self._record(phase).model_copy(update={"state": PhaseState.FAILED, "message": message})
        self._change(phases=[record if each.phase is phase else each for each in self._status.phases])
        return self.finish(State.FAILED, message)

    def _record(self, phase: PhaseName) -> PhaseRecord:
        return next(each for each in self._status.phases if each.phase is phase)

    def _write(self, phase: PhaseName, record: PhaseRecord, **fields: object) -> None:
        records = [record if each.phase is phase else each for each in self._status.phases]
        self._change(phase=phase, phases=records, progress=progress(records), **fields)
        self._publish()

    def _change(self, **fields: object) -> None:
        self._status = self._status.model_copy(update=fields)

    def _publish(self) -> None:
        status = self._status
        attributes: list[SearchAttributeUpdate[Any]] = [
            temporal.CLUSTER.value_set(status.cluster),
            temporal.PHASE.value_set(status.phase.value),
            temporal.STATE.value_set(status.state.value),
            temporal.NEEDS_HUMAN.value_set(bool(status.attention or status.gate)),
        ]
        if attributes != self._published:  # each upsert is an event in the history
            workflow.upsert_search_attributes(attributes)
            self._published = attributes
        workflow.set_current_details(table(status))


def _earlier(phase: PhaseName, record: Checkpoint) -> PhaseRecord:
    """How a phase went in the runs before this one."""
    if phase in record.undone:
        return PhaseRecord(phase=phase, state=PhaseState.UNDONE, evidence=["undone by an earlier run"])
    if phase in record.skipped:
        return PhaseRecord(phase=phase, state=PhaseState.SKIPPED, evidence=["left out by a person in an earlier run"])
    if number(phase) < number(record.phase):
        return PhaseRecord(phase=phase, state=PhaseState.COMPLETED, evidence=["done by an earlier run"])
    if phase is record.phase:
        cut = "the run that had begun it was ended from outside"
        return PhaseRecord(phase=phase, state=PhaseState.FAILED, attempts=1, message=cut)
    return PhaseRecord(phase=phase)
