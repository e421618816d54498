"""Start, take over, control and cancel migrations: used by REST, command line and bridge, so that they behave alike."""

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
        """Create from settings, so that every client signs with the configured key.

        Raises:
            ApprovalKeyError: the configured key is not usable.
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

        The request stores the approval policy that is configured now (approval key, separate approver). For one owner
        a migration is started at most once, also when its run has ended since.

        Raises:
            RequesterRequired: another person must approve it, and the request names no requester.
            AlreadyRunning: the cluster has one that has not ended.
            ClusterUnavailable: the cluster cannot be read.
            NoWorker: no worker polls the task queue.
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
            NothingToAdopt: the cluster has no checkpoint of a migration, or that of one that has ended.
            AlreadyRunning: its workflow still runs.
            CommandRefused: it cannot go in that direction any more.
            ClusterUnavailable: the cluster cannot be read.
            NoWorker: no worker polls the task queue.
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
        """Read the identity of a configured cluster.

        Raises:
            ClusterUnavailable: the cluster cannot be read.
            NoWorker: no worker polls the task queue.
        """
        return await self._clusters.identity(cluster)

    async def preflight(self, *, cluster: str, spec: MigrationSpec, once: str | None = None) -> PreflightResult:
        """Run preflight; nothing is started or changed.

        Args:
            cluster: as for `start`.
            spec: as for `start`.
            once: concurrent calls with the same key share one result.

        Raises:
            ClusterUnavailable: the cluster cannot be read.
            NoWorker: no worker polls the task queue.
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
        """Send a command by a workflow update; returns the migration's answer.

        Args:
            migration: its id.
            verb: one of the seven.
            instruction: who, why, and optionally for which phase.
            once: the update id: a command that is sent again with the same id takes effect once.
            run: id of the run; default: the latest.

        Raises:
            NoSuchMigration: Temporal stores no migration with that id.
            CommandRefused: the migration does not accept the command now, or has ended.
            NoWorker: no answer in time; the command may have arrived, and is safe to repeat.
        """
        description = await self._describe(migration, run=run)
        handle = self._client.get_workflow_handle(migration, run_id=description.run_id)
        body = self._signed(description, verb, instruction).model_dump(mode="json", exclude_none=True)
        try:
            return str(await handle.execute_update(verb.value, body, id=once, result_type=str, rpc_timeout=RPC_TIMEOUT))
        except WorkflowUpdateFailedError as error:
            why = error.cause.message if isinstance(error.cause, ApplicationError) else str(error.cause)
            raise CommandRefused(why, remedy=f"check what it waits for: `vcfm status {migration}`") from error
        except WorkflowUpdateRPCTimeoutOrCancelledError as error:
            raise no_worker_answers(description, "the command was not answered in time") from error
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            remedy = "start a new migration if there is still something to move"
            raise CommandRefused(f"{migration} has ended", remedy=remedy) from error

    def _signed(self, description: WorkflowExecutionDescription, verb: Verb, instruction: Instruction) -> Instruction:
        """Sign the instruction where a key is configured, bound to the current phase so that it opens no later gate."""
        if self._signer is None or verb not in FORWARD:
            return instruction
        current = description.typed_search_attributes.get(temporal.PHASE)
        if instruction.phase is None and current:
            instruction = instruction.model_copy(update={"phase": PhaseName(current)})
        return self._signer.sign(Subject(migration=description.id, run=description.run_id, verb=verb), instruction)

    async def cancel(self, migration: str, instruction: Instruction | None = None, *, run: str | None = None) -> None:
        """Temporal's Cancel: stop at the next safe point and roll back; after the point of no return, park.

        Requester and reason are sent in Temporal's cancel reason, which is plain text, unlike a payload.

        Raises:
            NoSuchMigration: Temporal stores no migration with that id.
            AlreadyCancelled: the run has a cancel request already.
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
        """The latest run with that id; None where Temporal stores none."""
        try:
            return await self._describe(migration)
        except NoSuchMigration:
            return None
