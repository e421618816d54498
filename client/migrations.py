"""What every door does with migrations: start one, ask after one, steer one. Typed, and without a rule of its own.

REST, terminal and bridge all come through here, so that a migration looks and behaves the same from each of them.
"""

from collections.abc import AsyncIterator, Callable
from typing import TypeVar

from temporalio.client import (
    Client,
    WorkflowExecutionDescription,
    WorkflowExecutionStatus,
    WorkflowQueryFailedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

import temporal
from client.cluster_queries import NO_ANSWER, RPC_TIMEOUT, ClusterQueries, adoptable
from client.errors import AlreadyRunning, CommandRefused, NoSuchMigration, NoWorker, RequesterRequired
from client.fallback_status import fallback_status
from client.no_worker import no_worker_answers, status_name
from client.pending_activities import observations
from client.signing import Signer
from config.settings import Settings
from migration.commands import Instruction, Verb
from migration.phase import FIRST, PhaseName
from migration.plan import Plan
from migration.run.adoption import Adoption
from migration.run.approval import FORWARD, Subject
from migration.run.request import ClusterIdentity, MigrationRequest, Owner, PreflightResult, workflow_id
from migration.run.status import MigrationStatus, MigrationSummary, PhaseState, State
from migration.spec.model import MigrationSpec
from workflows.migration import MigrationWorkflow

OWNER = "owner"
"""Key in the workflow's memo: the custom resource that it was started for."""

Answer = TypeVar("Answer")


class Migrations:
    """All migrations of one Temporal namespace."""

    def __init__(
        self, client: Client, *, task_queue: str, signer: Signer | None = None, separate_approver: bool = False
    ) -> None:
        self._client = client
        self._queue = task_queue
        self._clusters = ClusterQueries(client, task_queue=task_queue)
        self._signer = signer
        self._separate_approver = separate_approver

    @classmethod
    def configured(cls, client: Client, settings: Settings) -> "Migrations":
        """As every door must have them, so that none forgets to sign what the others sign.

        Raises:
            ApprovalKeyError: the configured key is none.
        """
        return cls(
            client,
            task_queue=settings.task_queue,
            signer=Signer.read(settings.approval_key_file) if settings.approval_key_file else None,
            separate_approver=settings.separate_approver,
        )

    async def start(
        self, *, cluster: str, spec: MigrationSpec, requested_by: str = "", owner: Owner | None = None
    ) -> str:
        """Start the migration of a cluster; returns its id.

        Who may let it go on is fixed here, in its request, by what this service is configured with now. An owner's
        claim is started once, however often it is asked for: also when its run has ended meanwhile.

        Raises:
            RequesterRequired: somebody else must approve it, and nobody said who asks.
            AlreadyRunning: the cluster has one that has not ended.
            ClusterUnavailable: it cannot be asked who it is.
            NoWorker: nobody works on our task queue.
        """
        if self._separate_approver and not requested_by.strip():
            raise RequesterRequired
        identity = await self.identify(cluster)
        name = identity.infrastructure_name
        if owner and await self._has_been(workflow_id(name), owner):
            return workflow_id(name)
        request = MigrationRequest(
            cluster=cluster,
            infrastructure_name=name,
            spec=spec,
            requested_by=requested_by,
            separate_approver=self._separate_approver,
            approval_key=self._signer.public if self._signer else "",
            owner=owner,
        )
        return await self._begin(request)

    async def adopt(self, *, cluster: str, adoption: Adoption) -> str:
        """Take over the migration of a cluster whose workflow is gone; returns its id.

        Raises:
            NothingToAdopt: the cluster has no record of a migration, or of one that has ended.
            AlreadyRunning: its workflow is not gone.
            CommandRefused: it cannot go in that direction any more.
            ClusterUnavailable: the cluster cannot be asked.
            NoWorker: nobody works on our task queue.
        """
        known = await self._clusters.record(cluster)
        latest = await self._latest(workflow_id(known.identity.infrastructure_name))
        if latest and latest.status is WorkflowExecutionStatus.RUNNING:
            raise AlreadyRunning(latest.id)
        record = adoptable(known, adoption.direction)
        adoption = adoption.model_copy(update={"ended": latest and latest.close_time})
        return await self._begin(record.request.model_copy(update={"cluster": cluster, "adopts": adoption}))

    async def _begin(self, request: MigrationRequest) -> str:
        name, servers = request.infrastructure_name, sorted({each.server for each in request.spec.failure_domains})
        try:
            handle = await self._client.start_workflow(
                MigrationWorkflow.run,
                request,
                id=workflow_id(name),
                task_queue=self._queue,
                id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                # A cluster may be migrated again, back for instance, once its last migration has ended.
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                static_summary=f"{name} → {', '.join(servers)}"[:200],
                memo={OWNER: request.owner} if request.owner else None,
                rpc_timeout=RPC_TIMEOUT,
            )
        except WorkflowAlreadyStartedError as error:
            raise AlreadyRunning(error.workflow_id) from error
        return handle.id

    async def identify(self, cluster: str) -> ClusterIdentity:
        """Who a configured cluster is.

        Raises:
            ClusterUnavailable: it cannot be asked.
            NoWorker: nobody works on our task queue.
        """
        return await self._clusters.identity(cluster)

    async def preflight(self, *, cluster: str, spec: MigrationSpec, once: str | None = None) -> PreflightResult:
        """What preflight would say now; nothing is started or changed.

        Args:
            cluster: as for `start`.
            spec: as for `start`.
            once: whoever asks under the same key meanwhile gets the same answer.

        Raises:
            ClusterUnavailable: the cluster cannot be read.
            NoWorker: nobody works on our task queue.
        """
        return await self._clusters.preflight(cluster, spec, once=once)

    async def status(self, migration: str) -> MigrationStatus:
        """How a migration stands now, with what its activities wait for at this moment.

        Raises:
            NoSuchMigration: nothing is known under that id.

        While no worker answers, it is what Temporal itself knows, and says so: a door must not go blind because a
        process is being replaced.
        """
        description = await self._describe(migration)
        try:
            status = await self._told(description)
        except NoWorker:
            status = fallback_status(description)
        return await self._now(status, description)

    async def account(self, migration: str, *, run: str) -> MigrationStatus:
        """How one run stands now, in its own words.

        Raises:
            NoSuchMigration: Temporal does not know that run, or not any more.
            NoWorker: nobody can tell; what Temporal itself knows is `status`.
        """
        description = await self._describe(migration, run=run)
        return await self._now(await self._told(description), description)

    async def _told(self, description: WorkflowExecutionDescription) -> MigrationStatus:
        """Its own account: the result of a run that has one, which needs no worker, else what it answers."""
        if description.status is not WorkflowExecutionStatus.COMPLETED:
            return await self._ask(MigrationWorkflow.status, description)
        handle = self._client.get_workflow_handle_for(MigrationWorkflow.run, description.id, run_id=description.run_id)
        return await handle.result(follow_runs=False, rpc_timeout=RPC_TIMEOUT)

    async def _now(self, status: MigrationStatus, description: WorkflowExecutionDescription) -> MigrationStatus:
        if description.status is WorkflowExecutionStatus.RUNNING:
            return await observations(description, status, self._client.data_converter)
        return _ended(status, description)

    async def plan(self, migration: str) -> Plan | None:
        """The pinned plan, or None while preflight reads.

        Raises:
            NoSuchMigration: nothing is known under that id.
            NoWorker: nobody can tell.
        """
        return await self._ask(MigrationWorkflow.plan, await self._describe(migration))

    async def run_id(self, migration: str) -> str:
        """The id of the migration's latest run: what its journal entries are filed under.

        Raises:
            NoSuchMigration: nothing is known under that id.
        """
        return (await self._describe(migration)).run_id or ""

    async def latest(self, migration: str) -> tuple[str, Owner | None] | None:
        """The id of the latest run and the custom resource that it was started for; None where nothing is known."""
        try:
            description = await self._describe(migration)
        except NoSuchMigration:
            return None
        return description.run_id or "", await description.memo_value(OWNER, default=None, type_hint=Owner)

    async def _has_been(self, migration: str, owner: Owner) -> bool:
        found = await self.latest(migration)
        return found is not None and found[1] == owner

    async def steer(
        self,
        migration: str,
        verb: Verb,
        instruction: Instruction,
        *,
        once: str | None = None,
        run: str | None = None,
    ) -> str:
        """Tell a migration something; returns what it says to that.

        Args:
            migration: its id.
            verb: one of the seven.
            instruction: who, why, and optionally which phase is meant.
            once: a key under which the same instruction is heard once, however often it is said.
            run: a run of it, the latest unless it is given.

        Raises:
            NoSuchMigration: nothing is known under that id.
            CommandRefused: it does not take that now, says why; or it has ended.
            NoWorker: nobody answered in time; the instruction may have arrived all the same, and is safe to repeat.
        """
        description = await self._describe(migration, run=run)
        handle = self._client.get_workflow_handle(migration, run_id=description.run_id)
        said = self._signed(description, verb, instruction).model_dump(mode="json", exclude_none=True)
        try:
            return str(await handle.execute_update(verb.value, said, id=once, result_type=str, rpc_timeout=RPC_TIMEOUT))
        except WorkflowUpdateFailedError as error:
            why = error.cause.message if isinstance(error.cause, ApplicationError) else str(error.cause)
            raise CommandRefused(why, remedy=f"see what it waits for: `vcfm status {migration}`") from error
        except WorkflowUpdateRPCTimeoutOrCancelledError as error:
            raise no_worker_answers(description, "the instruction was not answered in time") from error
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            remedy = "start a new migration if there is still something to move"
            raise CommandRefused(f"{migration} has ended", remedy=remedy) from error

    def _signed(self, description: WorkflowExecutionDescription, verb: Verb, instruction: Instruction) -> Instruction:
        """Signed, where this door can; then it is for the phase that waits now, and for no later one."""
        if self._signer is None or verb not in FORWARD:
            return instruction
        waits = description.typed_search_attributes.get(temporal.PHASE)
        if instruction.phase is None and waits:
            instruction = instruction.model_copy(update={"phase": PhaseName(waits)})
        return self._signer.sign(Subject(migration=description.id, run=description.run_id, verb=verb), instruction)

    async def cancel(self, migration: str, instruction: Instruction | None = None, *, run: str | None = None) -> bool:
        """Temporal's own Cancel: stop at the next safe point and roll back; after the point of no return, park.

        Who asks and why travel in the one text that Temporal keeps with a Cancel: in clear, unlike a payload. False
        where somebody asked before: Temporal takes another Cancel without a word, and tells the run only of the first.

        Raises:
            NoSuchMigration: nothing is known under that id.
            CommandRefused: it has ended.
        """
        description = await self._describe(migration, run=run)
        if description.status is not WorkflowExecutionStatus.RUNNING:
            raise CommandRefused(f"{migration} has ended", remedy="there is nothing to cancel")
        if description.raw_description.workflow_extended_info.cancel_requested:
            return False
        handle = self._client.get_workflow_handle(migration, run_id=description.run_id)
        reason = (instruction or Instruction()).model_dump_json(exclude_defaults=True)
        await handle.cancel(reason=reason, rpc_timeout=RPC_TIMEOUT)
        return True

    async def list(self) -> AsyncIterator[MigrationSummary]:
        """All migrations that Temporal remembers: those that run, then those that ended, the latest first.

        Reads Temporal's index, which is a moment behind.
        """
        query = f"WorkflowType = '{MigrationWorkflow.__name__}'"
        async for each in self._client.list_workflows(query, rpc_timeout=RPC_TIMEOUT):
            attributes = each.typed_search_attributes
            yield MigrationSummary(
                id=each.id,
                cluster=attributes.get(temporal.CLUSTER, ""),
                state=_state(each.status, attributes.get(temporal.STATE, State.PENDING)),
                phase=PhaseName(attributes.get(temporal.PHASE, FIRST)),
                needs_human=attributes.get(temporal.NEEDS_HUMAN, False),
                started=each.start_time,
                completed=each.close_time,
            )

    async def _latest(self, migration: str) -> WorkflowExecutionDescription | None:
        """The latest run of that id; None where Temporal has forgotten it."""
        try:
            return await self._describe(migration)
        except NoSuchMigration:
            return None

    async def _describe(self, migration: str, *, run: str | None = None) -> WorkflowExecutionDescription:
        try:
            found = await self._client.get_workflow_handle(migration, run_id=run).describe(rpc_timeout=RPC_TIMEOUT)
        except RPCError as error:
            # An id that Temporal cannot hold (too long) is invalid to it, and unknown to us.
            if error.status in {RPCStatusCode.NOT_FOUND, RPCStatusCode.INVALID_ARGUMENT}:
                raise NoSuchMigration(migration) from error
            raise
        if found.workflow_type != MigrationWorkflow.__name__:
            raise NoSuchMigration(migration)
        return found

    async def _ask(
        self, query: Callable[[MigrationWorkflow], Answer], description: WorkflowExecutionDescription
    ) -> Answer:
        handle = self._client.get_workflow_handle_for(MigrationWorkflow.run, description.id, run_id=description.run_id)
        try:
            return await handle.query(query, rpc_timeout=RPC_TIMEOUT)
        except WorkflowQueryFailedError as error:
            raise no_worker_answers(description, error.message) from error
        except RPCError as error:
            if error.status not in NO_ANSWER:
                raise
            raise no_worker_answers(description, error.message) from error


def _state(status: WorkflowExecutionStatus | None, said: str) -> State:
    """What the list shows: Temporal's word where the workflow could not have its own."""
    state = State(said)
    return state if state.final or status is WorkflowExecutionStatus.RUNNING else State.FAILED


def _ended(status: MigrationStatus, description: WorkflowExecutionDescription) -> MigrationStatus:
    """A run that was terminated could not say so itself."""
    if status.state.final:
        return status
    ended = f"{status_name(description)} from outside during {status.phase}, and nothing was restored"
    message = f"{ended}: take it over (`vcfm adopt`, or `vcfm adopt --rollback`)"
    cut = {"state": PhaseState.FAILED, "message": message, "completed": description.close_time}
    return status.model_copy(
        update={
            "state": State.FAILED,
            "message": message,
            "completed": description.close_time,
            "attention": None,
            "phases": [each.model_copy(update=cut) if each.phase is status.phase else each for each in status.phases],
        }
    )
