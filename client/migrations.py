"""What every client does with migrations: start one, take one over, steer one. Typed, and without a rule of its own.

REST, terminal and bridge all come through here, so that a migration looks and behaves the same from each of them.
"""

from temporalio.client import (
    Client,
    WorkflowExecutionDescription,
    WorkflowExecutionStatus,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

import temporal
from client.cluster_queries import RPC_TIMEOUT, ClusterQueries, adoptable
from client.errors import AlreadyCancelled, AlreadyRunning, CommandRefused, NoSuchMigration, RequesterRequired
from client.no_worker import no_worker_answers
from client.reading import OWNER, MigrationReader
from client.signing import Signer
from config.settings import Settings
from migration.commands import Instruction, Verb
from migration.phase import PhaseName
from migration.run.adoption import Adoption
from migration.run.approval import FORWARD, Subject
from migration.run.request import ClusterIdentity, MigrationRequest, Owner, PreflightResult, workflow_id
from migration.spec.model import MigrationSpec
from workflows.migration import MigrationWorkflow


class Migrations(MigrationReader):
    """All migrations of one Temporal namespace, to be read, started and steered."""

    def __init__(
        self, client: Client, *, task_queue: str, signer: Signer | None = None, separate_approver: bool = False
    ) -> None:
        super().__init__(client)
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

    async def cancel(self, migration: str, instruction: Instruction | None = None, *, run: str | None = None) -> None:
        """Temporal's own Cancel: stop at the next safe point and roll back; after the point of no return, park.

        Who asks and why travel in the one text that Temporal keeps with a Cancel: in clear, unlike a payload.

        Raises:
            NoSuchMigration: nothing is known under that id.
            AlreadyCancelled: somebody asked before.
            CommandRefused: it has ended.
        """
        description = await self._describe(migration, run=run)
        if description.status is not WorkflowExecutionStatus.RUNNING:
            raise CommandRefused(f"{migration} has ended", remedy="there is nothing to cancel")
        if description.raw_description.workflow_extended_info.cancel_requested:
            raise AlreadyCancelled(migration)
        handle = self._client.get_workflow_handle(migration, run_id=description.run_id)
        reason = (instruction or Instruction()).model_dump_json(exclude_defaults=True)
        await handle.cancel(reason=reason, rpc_timeout=RPC_TIMEOUT)

    async def _latest(self, migration: str) -> WorkflowExecutionDescription | None:
        """The latest run of that id; None where Temporal has forgotten it."""
        try:
            return await self._describe(migration)
        except NoSuchMigration:
            return None
