"""Status, plan and list of migrations, read from Temporal by every client, also while no worker answers."""

from collections.abc import AsyncIterator, Callable
from typing import TypeVar

from temporalio.client import (
    Client,
    WorkflowExecutionDescription,
    WorkflowExecutionStatus,
    WorkflowQueryFailedError,
)
from temporalio.service import RPCError, RPCStatusCode

import temporal
from client.cluster_queries import NO_ANSWER, RPC_TIMEOUT
from client.errors import NoSuchMigration, NoWorker
from client.fallback_status import fallback_status
from client.no_worker import no_worker_answers, status_name
from client.pending_activities import observations
from migration.phase import FIRST, PhaseName
from migration.plan import Plan
from migration.run.request import Owner
from migration.run.status import MigrationStatus, MigrationSummary, PhaseState, State
from workflows.migration import MigrationWorkflow

OWNER = "owner"
"""Key in the workflow's memo: the custom resource that it was started for."""

Answer = TypeVar("Answer")


class MigrationReader:
    """The migrations of one Temporal namespace, read only."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def status(self, migration: str) -> MigrationStatus:
        """The status of a migration, with the current waits of its activities.

        While no worker answers, for instance during an upgrade, it is built from search attributes and says so.

        Raises:
            NoSuchMigration: Temporal stores no migration with that id.
        """
        description = await self._describe(migration)
        try:
            status = await self._own_status(description)
        except NoWorker:
            status = fallback_status(description)
        return await self._now(status, description)

    async def account(self, migration: str, *, run: str) -> MigrationStatus:
        """The status that one run reports itself, with the current waits of its activities.

        Raises:
            NoSuchMigration: Temporal does not store that run, or no longer.
            NoWorker: no worker answers; `status` falls back to search attributes.
        """
        description = await self._describe(migration, run=run)
        return await self._now(await self._own_status(description), description)

    async def _own_status(self, description: WorkflowExecutionDescription) -> MigrationStatus:
        """The result of a completed run, which needs no worker, else the answer of its `status` query."""
        if description.status is not WorkflowExecutionStatus.COMPLETED:
            return await self._ask(MigrationWorkflow.status, description)
        handle = self._client.get_workflow_handle_for(MigrationWorkflow.run, description.id, run_id=description.run_id)
        return await handle.result(follow_runs=False, rpc_timeout=RPC_TIMEOUT)

    async def _now(self, status: MigrationStatus, description: WorkflowExecutionDescription) -> MigrationStatus:
        if description.status is WorkflowExecutionStatus.RUNNING:
            return await observations(description, status, self._client.data_converter)
        return _ended(status, description)

    async def plan(self, migration: str) -> Plan | None:
        """The pinned plan; None until preflight has pinned it.

        Raises:
            NoSuchMigration: Temporal stores no migration with that id.
            NoWorker: no worker answers.
        """
        return await self._ask(MigrationWorkflow.plan, await self._describe(migration))

    async def run_id(self, migration: str) -> str:
        """The id of the migration's latest run, the key of its journal entries.

        Raises:
            NoSuchMigration: Temporal stores no migration with that id.
        """
        return (await self._describe(migration)).run_id or ""

    async def latest(self, migration: str) -> tuple[str, Owner | None] | None:
        """The latest run's id and the custom resource that it was started for; None for an unknown migration."""
        try:
            description = await self._describe(migration)
        except NoSuchMigration:
            return None
        return description.run_id or "", await description.memo_value(OWNER, default=None, type_hint=Owner)

    async def list(self) -> AsyncIterator[MigrationSummary]:
        """All migrations that Temporal stores: running ones, then ended ones, the latest first.

        Reads Temporal's visibility store, which is eventually consistent.
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
