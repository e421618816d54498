"""The workflow's own account of itself: what was done when, and how it looks from outside.

One place turns a change of state into everything people see in Temporal: search attributes, the live table in the
current details, and the `status` query. Nothing here is awaited, so nothing here can fail half-way.
"""

from datetime import datetime

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import temporal
    from migration.concern import Concern
    from migration.phase import TABLE, PhaseName, row
    from migration.plan import Plan
    from migration.status import (
        Attention,
        Claim,
        MigrationStatus,
        Node,
        PhaseRecord,
        PhaseState,
        State,
        progress,
    )
    from workflows.details import table


class Ledger:
    """What happened so far; every method is one thing that happens."""

    def __init__(self, *, migration: str, cluster: str, started: datetime) -> None:
        self._status = MigrationStatus(
            id=migration,
            cluster=cluster,
            state=State.RUNNING,
            phase=PhaseName.PREFLIGHT,
            progress=0,
            message="starting",
            started=started,
            phases=[PhaseRecord(phase=each.name) for each in TABLE],
        )

    @property
    def status(self) -> MigrationStatus:
        """The account as it stands."""
        return self._status

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

    def park(self, phase: PhaseName, *, diagnosis: str, remedy: str, choices: list[str]) -> None:
        """A phase cannot go on without a person."""
        record = self._record(phase).model_copy(update={"state": PhaseState.FAILED, "message": diagnosis})
        attention = Attention(phase=phase, since=workflow.now(), diagnosis=diagnosis, remedy=remedy, choices=choices)
        self._write(phase, record, state=State.NEEDS_ATTENTION, message=diagnosis, attention=attention)

    def planned(self, plan: Plan) -> None:
        """The plan is pinned."""
        self._change(source=plan.source.server, targets=plan.target_servers)

    def concerned(self, concerns: list[Concern]) -> None:
        """Preflight found these."""
        self._change(concerns=concerns)

    def saw(self, nodes: list[Node]) -> None:
        """The machines as last observed."""
        self._change(nodes=nodes)

    def reported(self, claims: list[Claim]) -> None:
        """The final report."""
        self._change(report=claims)

    def remark(self, message: str) -> None:
        """Somebody said something that everybody should see."""
        self._change(message=message)
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
        workflow.upsert_search_attributes(
            [
                temporal.CLUSTER.value_set(status.cluster),
                temporal.PHASE.value_set(status.phase.value),
                temporal.STATE.value_set(status.state.value),
                temporal.NEEDS_HUMAN.value_set(status.attention is not None),
            ]
        )
        workflow.set_current_details(table(status))
