"""The migration, top to bottom: fifteen phases in order, each done when the world says so.

A phase that fails for good parks: the workflow says what failed and what can be done, and waits for a person without
expiry. Preflight alone ends the run instead, because nothing has been changed yet and a better spec can simply be
submitted again. A bug in this code is neither: it fails the workflow *task*, and the run goes on when it is mended.
"""

from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from pydantic import ValidationError

    from migration.plan import Plan
    from migration.request import MigrationRequest
    from migration.status import MigrationStatus, State
    from migration.steering import Instruction
    from workflows.failures import Failure, explain
    from workflows.ledger import Ledger
    from workflows.phase import NotProven, PreflightRefused, Step
    from workflows.phases import PHASES
    from workflows.run import Run


@workflow.defn(name="MigrationWorkflow")
class MigrationWorkflow:
    """Moves one running OpenShift cluster from its vCenter to another."""

    @workflow.init
    def __init__(self, request: MigrationRequest) -> None:
        info = workflow.info()
        self._ledger = Ledger(migration=info.workflow_id, cluster=request.infrastructure_name, started=workflow.now())
        self._run = Run(
            migration=info.workflow_id,
            cluster=request.cluster,
            spec=request.spec,
            ledger=self._ledger,
        )
        self._retry_asked = False

    @workflow.run
    async def run(self, request: MigrationRequest) -> MigrationStatus:  # noqa: ARG002 - taken by __init__
        """Go through the phases; the result is the final status, with its report."""
        try:
            for phase in PHASES:
                await self._through(phase)
        except PreflightRefused as refusal:
            status = self._ledger.refuse(str(refusal))
            raise ApplicationError(status.message, type="PreflightRefused", non_retryable=True) from refusal
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self._ledger.finish(State.COMPLETED, "the cluster runs on the target vCenter alone")

    async def _through(self, phase: Step) -> None:
        while True:
            self._ledger.begin(phase.name)
            try:
                evidence = await phase.do(self._run)
            except (ActivityError, NotProven) as error:
                await self._park(phase, explain(error))
            else:
                self._ledger.complete(phase.name, evidence)
                return

    async def _park(self, phase: Step, failure: Failure) -> None:
        """Wait for a person, for as long as that person needs."""
        self._retry_asked = False
        self._ledger.park(phase.name, diagnosis=failure.diagnosis, remedy=failure.remedy, choices=["retry"])
        await workflow.wait_condition(lambda: self._retry_asked)

    @workflow.query(description="What is going on: phase, state, what needs a person, the report")
    def status(self) -> MigrationStatus:
        """The account of this run; waits are added by the doors from the activities' heartbeats."""
        return self._ledger.status

    @workflow.query(description="The plan that preflight pinned; null until it has")
    def plan(self) -> Plan | None:
        """The pinned plan."""
        return self._run.planned

    @workflow.update(name="retry", description='Run the parked phase again: {"by": "you", "reason": "…"}, or nothing')
    def retry_update(self, *arguments: Any) -> str:
        """Try again, after whatever was in the way has been mended."""
        self._retry(_instruction(arguments))
        return f"{self._ledger.status.phase} runs again"

    @retry_update.validator
    def _judge_retry(self, *arguments: Any) -> None:
        instruction = _instruction(arguments)
        attention = self._ledger.status.attention
        if attention is None:
            raise ApplicationError(
                f"nothing to retry: {self._ledger.status.phase} is {self._ledger.status.state}", non_retryable=True
            )
        if instruction.phase not in {None, attention.phase}:
            raise ApplicationError(
                f"{attention.phase} is what needs attention, not {instruction.phase}", non_retryable=True
            )

    @workflow.signal(name="retry", description="The same as the update, without an answer")
    def retry_signal(self, *arguments: Any) -> None:
        """Try again; what cannot be understood is said in the current details' message, never dropped silently."""
        try:
            self._judge_retry(*arguments)
        except ApplicationError as error:
            self._ledger.remark(f"a `retry` signal was refused: {error.message}")
        else:
            self._retry(_instruction(arguments))

    def _retry(self, instruction: Instruction) -> None:
        self._retry_asked = True
        self._ledger.remark(f"retry asked by {instruction.by or 'somebody'}: {instruction.reason or 'no reason given'}")


def _instruction(arguments: tuple[Any, ...]) -> Instruction:
    """The one optional object that every verb takes.

    Raises:
        ApplicationError: it is not such an object; says what one looks like.
    """
    if not arguments or arguments[0] is None:
        return Instruction()
    try:
        return Instruction.model_validate(arguments[0])
    except ValidationError as error:
        raise ApplicationError(
            'give nothing, or one object like {"phase": "create_workers", "by": "you", "reason": "why"} '
            f"(got {arguments[0]!r:.80})",
            non_retryable=True,
        ) from error
