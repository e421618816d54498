"""Before-images of everything that a later phase touches."""

from activities.runtime.context import Context
from activities.runtime.definition import defined
from migration.before_images import ObjectAddress
from migration.frozen_model import FrozenModel
from openshift.api import resources
from openshift.backups import Backup as Stored
from openshift.backups import take_backup


class BackupOrder(FrozenModel):
    """What to store, where, and for which run of a migration (`Plan.key`)."""

    cluster: str
    migration: str
    namespace: str
    objects: list[ObjectAddress]


class BackupsTaken(FrozenModel):
    """References to the before-images, each with the checksum it was read back with."""

    manifests: list[Stored]


RESOURCES = {
    each.kind: each
    for each in (
        resources.INFRASTRUCTURE,
        resources.SECRET,
        resources.CONFIG_MAP,
        resources.MACHINE_SET,
        resources.CONTROL_PLANE_MACHINE_SET,
        resources.MACHINE_HEALTH_CHECK,
        resources.MACHINE_AUTOSCALER,
    )
}


class Backup:
    def __init__(self, context: Context) -> None:
        self._context = context

    @defined(name="take_backups")
    async def take(self, order: BackupOrder) -> BackupsTaken:
        """Store each before-image once and read it back; one that an earlier attempt stored is kept."""
        cluster = await self._context.cluster(order.cluster)
        manifests = [
            await take_backup(
                cluster,
                migration=order.migration,
                namespace=order.namespace,
                resource=RESOURCES[each.kind],
                name=each.name,
                object_namespace=each.namespace or None,
            )
            for each in order.objects
        ]
        return BackupsTaken(manifests=manifests)
