"""The record of a migration in its cluster: kept before each phase acts, read by who takes the migration over.

An activity of a run that was terminated may still be at work when another run begins. It hears of the end with its
next heartbeat and stops (`activities.runtime.interceptor`); cut off from Temporal it ends all the same, a handful of
calls with nobody to retry it. The run that takes over waits for that (`budgets.ABANDONED`). What was done by then is no
more than a worker's death could leave behind: each act looks first and is safe to repeat, each undo is safe where its
act never happened. A call that hung for longer, and then worked after its undo, shows in the comparison with the
before-images, and asks a person. A run that is only thought dead is stopped by the record itself: it cannot write it
any more, and so cannot begin another phase.
"""

from activities.runtime.context import Context
from activities.runtime.definition import defined
from migration.frozen_model import FrozenModel
from migration.run.checkpoint import Checkpoint, CheckpointUpdate
from openshift.checkpoints import StoredCheckpoint, load_checkpoint, update_checkpoint, write_checkpoint
from openshift.errors import CheckpointMissing, CheckpointUnreadable

__all__ = ["CheckpointFound", "CheckpointMissing", "CheckpointQuery", "CheckpointSecret", "CheckpointUnreadable"]


class CheckpointQuery(FrozenModel):
    """Whose record: the cluster by its name in the configuration, and by its own."""

    cluster: str
    infrastructure_name: str


class CheckpointFound(FrozenModel):
    """The record, if there is one, and the namespace that was looked in."""

    namespace: str
    record: Checkpoint | None


class CheckpointSecret:
    def __init__(self, context: Context) -> None:
        self._context = context

    @defined(name="write_checkpoint")
    async def write(self, record: Checkpoint) -> StoredCheckpoint:
        """Write it and read it back; nothing to do where it is there already.

        Raises:
            openshift.errors.Superseded: another run has taken the migration over.
        """
        return await write_checkpoint(await self._context.cluster(record.plan.cluster), record)

    @defined(name="update_checkpoint")
    async def update(self, update: CheckpointUpdate) -> StoredCheckpoint:
        """Write what has changed, and read it back; request and plan are taken from what is stored.

        Raises:
            openshift.errors.CheckpointMissing: they are not stored there any more.
            openshift.errors.Superseded: another run has taken the migration over.
        """
        return await update_checkpoint(await self._context.cluster(update.cluster), update)

    @defined(name="read_checkpoint")
    async def read(self, question: CheckpointQuery) -> CheckpointFound:
        """The cluster's record, checked against its checksum."""
        cluster = await self._context.cluster(question.cluster)
        namespace = self._context.settings.namespace
        found = await load_checkpoint(cluster, namespace=namespace, infrastructure_name=question.infrastructure_name)
        return CheckpointFound(namespace=namespace, record=found)
