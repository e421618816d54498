"""Writes to the custom resource (status, Events, finalizer), with optimistic locking.

Every write carries the resource version from which it was computed. A bridge that is behind another one, or behind a
person, gets a conflict, reads again, and finds nothing left to write: the status never goes back in time.
"""

import socket
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from bridge.resource.conditions import KNOWN
from bridge.resource.events import Event, events
from bridge.resource.model import FINALIZER, Resource
from bridge.resource.status import ResourceStatus
from config.logs import log
from migration.frozen_model import KubeObject
from openshift.api.client import Cluster
from openshift.api.resources import EVENT, MIGRATION
from openshift.errors import AlreadyExists, NotFound, OpenShiftError

MANAGER = "vcf-migration-bridge"
_CONTROLLER = "migration.openshift.io/bridge"
_LONGEST_NAME, _LONGEST_NOTE = 253, 1024


class Publisher:
    """Writes to the resources of one cluster; Events only in the namespace that this service serves."""

    def __init__(self, cluster: Cluster, *, namespace: str) -> None:
        self._cluster = cluster
        self._namespace = namespace

    async def publish(self, resource: Resource, status: ResourceStatus) -> KubeObject | None:
        """Write the status; returns the resource as written, None where it is unchanged.

        Events come first: a bridge that is restarted in between creates them again with the same names, and the API
        server keeps one of each.

        Raises:
            Conflict: the resource has changed since it was read.
            NotFound: the resource is gone.
        """
        if status == resource.status:
            return None
        if resource.namespace == self._namespace:
            for each in events(resource.status, status):
                await self.notify(resource, each)
        return await self._cluster.apply(
            MIGRATION,
            {
                "metadata": {
                    "name": resource.name,
                    "namespace": resource.namespace,
                    "resourceVersion": resource.version,
                },
                "status": _lean(status.model_dump(mode="json", exclude_none=True)),
            },
            subresource="status",
            manager=MANAGER,
            force=True,
        )

    async def clear_foreign_status(self, resource: Resource) -> KubeObject:
        """Remove another controller's status; conditions of types that this service does not write stay.

        Needed because server-side apply merges lists by key, so that its phases would stay beside ours. Raises as
        `publish`.
        """
        theirs = resource.foreign or {}
        conditions = [each for each in theirs.get("conditions") or [] if each.get("type") not in KNOWN]
        return await self._cluster.patch_merge(
            MIGRATION,
            resource.name,
            {
                "metadata": {"resourceVersion": resource.version},
                "status": dict.fromkeys(theirs) | {"conditions": conditions},
            },
            namespace=resource.namespace,
            subresource="status",
        )

    async def notify(self, resource: Resource, notice: Event) -> None:
        """Create an Event; a permanent failure is only logged, since the status holds the same information."""
        try:
            await self._cluster.create(EVENT, _event(resource, notice))
        except AlreadyExists:
            return
        except OpenShiftError as error:
            if error.retryable:
                raise
            log.warning("an Event was not created", resource=str(resource), reason=notice.reason, why=str(error))

    async def add_finalizer(self, resource: Resource) -> KubeObject | None:
        """Add the finalizer; returns the resource as written, None where it is set already. Raises as `publish`."""
        if resource.guarded:
            return None
        return await self._finalizers(resource, [*resource.finalizers, FINALIZER])

    async def release(self, resource: Resource) -> None:
        """Remove the finalizer. Raises `Conflict`."""
        if resource.guarded:
            try:
                await self._finalizers(resource, [each for each in resource.finalizers if each != FINALIZER])
            except NotFound:
                return

    async def _finalizers(self, resource: Resource, wanted: list[str]) -> KubeObject:
        metadata = {"resourceVersion": resource.version, "finalizers": wanted}
        return await self._cluster.patch_merge(
            MIGRATION, resource.name, {"metadata": metadata}, namespace=resource.namespace
        )


def _lean(part: Any) -> Any:
    """Drop empty values, except messages, which every condition has."""
    if isinstance(part, list):
        return [_lean(each) for each in part]
    if not isinstance(part, dict):
        return part
    return {key: _lean(value) for key, value in part.items() if key == "message" or value not in ("", [])}


def _event(resource: Resource, notice: Event) -> KubeObject:
    name = f"{resource.name[: _LONGEST_NAME - 17]}.{sha256(f'{resource.uid}/{notice.key}'.encode()).hexdigest()[:16]}"
    return {
        "apiVersion": EVENT.api_version,
        "kind": EVENT.kind,
        "metadata": {"name": name, "namespace": resource.namespace},
        "eventTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "reportingController": _CONTROLLER,
        "reportingInstance": socket.gethostname()[:128],
        "type": "Warning" if notice.warning else "Normal",
        "reason": notice.reason,
        "action": notice.action,
        "note": notice.message.encode()[:_LONGEST_NOTE].decode(errors="ignore"),
        "regarding": {
            "apiVersion": MIGRATION.api_version,
            "kind": MIGRATION.kind,
            "namespace": resource.namespace,
            "name": resource.name,
            "uid": resource.uid,
            "resourceVersion": resource.version,
        },
    }
