"""The migration, top to bottom: the phases in order, each done when the world says so.

People may pause it, ask it, roll it back: a verb takes effect at the next safe point
(`workflows.control.control`). A phase that the world refuses for good rolls everything back by itself, or parks and
asks if the spec says so. Whatever else stops a phase, and anything after the point of no return, parks and asks.
Preflight alone ends the run instead, because nothing has been changed yet and a better spec can simply be submitted
again. A bug in this code is none of these: it fails the workflow *task*, and the run goes on when it is fixed.
"""

from typing import TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from migration.commands import Verb
from migration.phase import FIRST, POINT_OF_NO_RETURN, PhaseName, number, reversible, row
from migration.plan import Plan
from migration.run.adoption import Adoption
from migration.run.gate import is_gated, make_gate
from migration.run.request import MigrationRequest
from migration.run.status import MigrationStatus, State
from workflows.adoption import take_over
from workflows.checkpoints import Checkpoints
from workflows.control.authorization import Authorization
from workflows.control.commands import Commands
from workflows.control.control import Control, RollbackRequested
from workflows.control.decision_log import DecisionLog
from workflows.control.handlers import Handlers
from workflows.control.state import ControlState, Situation
from workflows.phase import AdoptionRefused, NotProven, PreflightRefused, Step
from workflows.phases import PHASES
from workflows.rollback import roll_back
from workflows.rollback_readiness import check_rollback_readiness
from workflows.run import Interrupted, Run, shielded
from workflows.saga import Saga
from workflows.status.failures import Failure, explain
from workflows.status.tracker import StatusTracker

T = TypeVar("T")


@workflow.defn(name="MigrationWorkflow")
class MigrationWorkflow(Handlers):
    """Moves one running OpenShift cluster from its vCenter to another."""

    @workflow.init
    def __init__(self, request: MigrationRequest) -> None:
        info = workflow.info()
        self._tracker = StatusTracker(
            migration=info.workflow_id,
            cluster=request.infrastructure_name,
            started=workflow.now(),
            adopts=request.adopts is not None,
        )
        self._run = Run(
            migration=info.workflow_id,
            cluster=request.cluster,
            spec=request.spec,
            tracker=self._tracker,
            interrupted=lambda: self.commands.state.interrupts,
        )
        self._tracker.requested(request)
        self._decision_log = DecisionLog(self._tracker)
        authorization = Authorization(request, migration=info.workflow_id, run=info.run_id)
        begins = ControlState(Situation.TAKING_OVER if request.adopts else Situation.RUNNING)
        self.commands = Commands(begins, self._tracker, self._decision_log, authorization, self._run.under_way)
        self._control = Control(self._tracker, self.commands)
        self._saga = Saga(self._tracker)
        self._checkpoints = Checkpoints(self._run, request=request, run_id=info.run_id)

    @workflow.run
    async def run(self, request: MigrationRequest) -> MigrationStatus:
        """Go through the phases; the result is the final status, with its report."""
        self._decision_log.open()
        try:
            begun = await self._take_over(request, request.adopts) if request.adopts else FIRST
            for phase in PHASES[number(begun) - 1 :]:
                await self._through(phase, approved=phase.name is begun)
            await self._control.safe_point(PHASES[-1].name)  # a pause of the last phase holds up the end
            self._control.close()
        except PreflightRefused as refusal:
            self._control.end()
            status = self._tracker.refuse(str(refusal))
            await self._decision_log.close()
            raise ApplicationError(status.message, type="PreflightRefused", non_retryable=True) from refusal
        except AdoptionRefused as refusal:
            status = await self._end(State.FAILED, f"nothing was taken over: {refusal}")
            raise ApplicationError(status.message, type="AdoptionRefused", non_retryable=True) from refusal
        except RollbackRequested:
            how = await shielded(self._back(), self.commands.on_cancel)
            return await self._end(State.ROLLED_BACK, how)
        await shielded(self._close(State.COMPLETED), self.commands.on_cancel)
        return await self._end(State.COMPLETED, "the cluster runs on the target vCenter alone")

    async def _end(self, state: State, message: str) -> MigrationStatus:
        """From here on every verb is refused; the run ends when every decision is in the journal."""
        self._control.end()
        self._tracker.finish(state, message)
        await self._decision_log.close()
        return self._tracker.status

    async def _through(self, phase: Step, *, approved: bool) -> None:
        """One phase, from its gate to its proof."""
        await self._control.safe_point(phase.name)
        seen = await self._check_rollback_readiness(phase.name)
        if is_gated(phase.name, self._run.spec) and not approved:
            touches = phase.touches(self._run.plan)
            gate = make_gate(phase.name, touches, since=workflow.now(), rollback_readiness="; ".join(seen))
            await self._control.gate(gate)
            seen = await self._check_rollback_readiness(phase.name)  # the answer may have taken days
        while True:
            await self._control.safe_point(phase.name)
            if phase.name is POINT_OF_NO_RETURN:
                self._cross()
            self._saga.record(phase.name)
            self._tracker.begin(phase.name)
            try:
                evidence = await self._control.interruptible(self._do(phase))
            except Interrupted:
                continue
            except (ActivityError, NotProven) as error:
                if await self._failed(phase, explain(error)) is Verb.SKIP:
                    self._checkpoints.skips(phase.name)
                    return self._tracker.skip(phase.name)
            else:
                return self._tracker.complete(phase.name, [*seen, *evidence])

    async def _check_rollback_readiness(self, phase: PhaseName) -> list[str]:
        if self._control.state.crossed or not row(phase).needs_source:
            return []
        return [await check_rollback_readiness(self._run, phase, self._control, self._checkpoints)]

    async def _do(self, phase: Step) -> list[str]:
        await self._checkpoints.begins(phase.name)
        return await phase.do(self._run)

    def _cross(self) -> None:
        self._control.cross()
        self._saga.clear()
        self._tracker.crossed()

    async def _failed(self, phase: Step, failure: Failure) -> Verb:
        """Go back where the world has refused for good, the spec says so and it can be rolled back; else ask a person.

        Raises:
            RollbackRequested: everything is to be undone.
        """
        by_itself = (
            failure.permanent and self._run.spec.rollback_on_failure and not self._control.state.readiness_waived
        )
        if by_itself and reversible(phase.name) and self._run.planned:
            self._tracker.set_message(f"{phase.name} failed for good: {failure.diagnosis}")
            raise RollbackRequested
        return await self._control.ask(phase.name, failure)

    async def _back(self) -> str:
        """Roll back, whatever comes meanwhile; says how the cluster is now."""
        self._control.roll_back()
        how = await roll_back(self._run, self._saga, self._control, self._checkpoints)
        await self._close(State.ROLLED_BACK)
        return how

    async def _close(self, how: State) -> None:
        """Have the cluster's record say how it ended: the next migration of this cluster asks."""
        while True:
            self._tracker.closes(how)
            try:
                return await self._checkpoints.ends(how)
            except ActivityError as error:
                failure, kept = explain(error), "it ends, and the cluster's record goes on saying that it has not"
                if await self._control.ask(self._tracker.status.phase, failure, skip=kept) is Verb.SKIP:
                    return None

    async def _take_over(self, request: MigrationRequest, adoption: Adoption) -> PhaseName:
        """Go on where an earlier run was ended; a Cancel that comes meanwhile takes effect once we know where that is.

        Raises:
            AdoptionRefused: there is nothing to take over.
            RollbackRequested: it is to be rolled back.
        """
        taking = take_over(request, adoption, self._run, self._control, self._saga, self._checkpoints)
        return await shielded(taking, self.commands.on_cancel)

    @workflow.query(description="What is going on: phase, state, what needs a person, the report")
    def status(self) -> MigrationStatus:
        """The account of this run; waits are added by the clients from the activities' heartbeats."""
        return self._tracker.status

    @workflow.query(description="The plan that preflight pinned; null until it has")
    def plan(self) -> Plan | None:
        """The pinned plan."""
        return self._run.planned
