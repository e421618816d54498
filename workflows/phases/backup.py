"""Before-images of everything that any later phase touches, as Secrets in the migration's namespace.

They are written once: a later attempt finds them and compares checksums, so that a before-image can never be taken of
something already changed.
"""

from activities.cluster.backup import Backup, BackupOrder
from migration.before_images import touched
from migration.phase import PhaseName
from migration.plan import Plan
from migration.run.status import BackupReference
from workflows.run import Run

name = PhaseName.BACKUP


def touches(plan: Plan) -> list[str]:
    """The Secrets that it makes."""
    return [f"+ Secrets in {plan.namespace}: before-images, and the record of this migration"]


async def do(run: Run) -> list[str]:
    """Store each before-image and read it back."""
    plan = run.plan
    objects = touched(plan)
    stored = await run.act(
        Backup.take,
        BackupOrder(cluster=plan.cluster, migration=plan.key, namespace=plan.namespace, objects=objects),
        f"store {len(objects)} before-images in {plan.namespace}",
    )
    run.tracker.stored(
        [
            BackupReference(
                kind=each.kind,
                namespace=each.namespace,
                name=each.name,
                secret_namespace=plan.namespace,
                secret=manifest.secret,
                sha256=manifest.sha256,
            )
            for each, manifest in zip(objects, stored.manifests, strict=True)
        ]
    )
    return [f"{len(stored.manifests)} before-images in {plan.namespace} read back, checksums equal"]
