"""The record of a migration in its cluster: kept before each phase acts, read by who takes the migration over.

An activity of a run that was terminated may still be at work when another run begins. It hears of the end with its
next heartbeat and stops (`activities.runtime.interceptor`); cut off from Temporal it ends all the same, a handful of
calls with nobody to retry it. The run that takes over waits for that (`budgets.ABANDONED`). What was done by then is no
more than a worker's death could leave behind: each act looks first and is safe to repeat, each undo is safe where its
act never happened. A call that hung for longer, and then worked after its undo, shows in the comparison with the
before-images, and asks a person. A run that is only thought dead is stopped by the record itself: it cannot write it
any more, and so cannot begin another phase.
"""

from temporalio import activity

from activities.runtime.context import Context
from migration.frozen_model import Value
from migration.run.checkpoint import MigrationRecord
from openshift.checkpoints import Kept, keep_record, load_record


class RecordQuestion(Value):
    """Whose record: the cluster by its name in the configuration, and by its own."""

    cluster: str
    infrastructure_name: str


class RecordFound(Value):
    """The record, if there is one, and the namespace that was looked in."""

    namespace: str
    record: MigrationRecord | None


class Record:
    def __init__(self, context: Context) -> None:
        self._context = context

    @activity.defn(name="keep_record")
    async def keep(self, record: MigrationRecord) -> Kept:
        """Write it and read it back; nothing to do where it is there already.

        Raises:
            openshift.errors.Superseded: another run has taken the migration over.
        """
        return await keep_record(await self._context.cluster(record.plan.cluster), record)

    @activity.defn(name="read_record")
    async def read(self, question: RecordQuestion) -> RecordFound:
        """The cluster's record, checked against its checksum."""
        cluster = await self._context.cluster(question.cluster)
        namespace = self._context.settings.namespace
        found = await load_record(cluster, namespace=namespace, infrastructure_name=question.infrastructure_name)
        return RecordFound(namespace=namespace, record=found)
