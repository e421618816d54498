"""Holding still what would fight the migration, and giving it back."""

from activities.runtime.context import Context
from activities.runtime.definition import defined
from migration.documents.autoscalers import retargeted
from migration.frozen_model import FrozenModel
from migration.plan import NewSet, Quiesced
from openshift import quiesce
from openshift.api.resources import MACHINE_AUTOSCALER
from openshift.backups import backup_name, load_backup
from openshift.machines import NAMESPACE


class QuiesceOrder(FrozenModel):
    """What preflight found that would fight this run of a migration (`Plan.key`)."""

    cluster: str
    migration: str
    namespace: str
    found: Quiesced


class RestoreAutoscalers(FrozenModel):
    """The MachineAutoscalers that were set aside, and the MachineSets that took the place of those they scaled."""

    quiesced: QuiesceOrder
    new_sets: list[NewSet]


class Names(FrozenModel):
    """What was held still, or given back."""

    names: list[str]


class Quiesce:
    def __init__(self, context: Context) -> None:
        self._context = context

    @defined(name="pause_health_checks")
    async def pause_health_checks(self, order: QuiesceOrder) -> Names:
        """Pause each MachineHealthCheck that preflight found unpaused."""
        cluster = await self._context.cluster(order.cluster)
        for each in order.found.health_checks:
            await quiesce.pause(cluster, each.name)
        return Names(names=[each.name for each in order.found.health_checks])

    @defined(name="resume_health_checks")
    async def resume_health_checks(self, order: QuiesceOrder) -> Names:
        """Take the pause off those that we paused; ones that had been paused before were never in the order."""
        cluster = await self._context.cluster(order.cluster)
        for each in order.found.health_checks:
            await quiesce.restore_pause(cluster, each.name, paused=None)
        return Names(names=[each.name for each in order.found.health_checks])

    @defined(name="set_autoscalers_aside")
    async def set_autoscalers_aside(self, order: QuiesceOrder) -> Names:
        """Delete each MachineAutoscaler over a source MachineSet; a rollback restores it from its before-image."""
        cluster = await self._context.cluster(order.cluster)
        for each in order.found.autoscalers:
            await quiesce.set_aside(cluster, each.name, uid=each.uid)
        return Names(names=[each.name for each in order.found.autoscalers])

    @defined(name="put_autoscalers_back")
    async def put_autoscalers_back(self, order: QuiesceOrder) -> Names:
        """Create each MachineAutoscaler again, as its before-image has it."""
        cluster = await self._context.cluster(order.cluster)
        for each in order.found.autoscalers:
            secret = backup_name(MACHINE_AUTOSCALER, name=each.name, namespace=NAMESPACE, migration=order.migration)
            await quiesce.put_back(cluster, await load_backup(cluster, namespace=order.namespace, secret=secret))
        return Names(names=[each.name for each in order.found.autoscalers])

    @defined(name="restore_autoscalers")
    async def restore_autoscalers(self, order: RestoreAutoscalers) -> Names:
        """Put MachineAutoscalers over the new MachineSets, with the limits of the old ones shared out."""
        asked = order.quiesced
        cluster = await self._context.cluster(asked.cluster)
        made: list[str] = []
        for each in asked.found.autoscalers:
            secret = backup_name(MACHINE_AUTOSCALER, name=each.name, namespace=NAMESPACE, migration=asked.migration)
            before = await load_backup(cluster, namespace=asked.namespace, secret=secret)
            for document in retargeted(before, order.new_sets):
                await quiesce.put_back(cluster, document)
                made.append(document["metadata"]["name"])
        return Names(names=made)
