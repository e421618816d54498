"""The custom resource as the bridge reads it: identity, spec and last status."""

from dataclasses import dataclass
from typing import Self

from bridge.resource.status import ResourceStatus, foreign
from migration.commands import LONGEST_NAME
from migration.frozen_model import KubeObject
from migration.run.request import Owner
from migration.spec.model import DesiredState, MigrationSpec

FINALIZER = "migration.openshift.io/vcfm-protection"
"""Finalizer that keeps a resource while its migration runs; the official operator uses the same name."""

FORCE_DELETE = "migration.openshift.io/force-delete"
"""Annotation: with the value `true`, the finalizer of a deleted resource is removed although its migration runs."""


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One `VmwareCloudFoundationMigration`, as it was read.

    Attributes:
        version: its resource version.
        spec: as written, not validated, without `requestedBy`.
        requested_by: the requester; empty if not given.
        foreign: the status as another controller wrote it; None if it is ours or empty.
    """

    namespace: str
    name: str
    uid: str
    generation: int
    version: str
    deleted: bool
    force_delete: bool
    finalizers: tuple[str, ...]
    spec: KubeObject
    status: ResourceStatus
    requested_by: str = ""
    foreign: KubeObject | None = None

    @classmethod
    def read(cls, document: KubeObject) -> Self:
        """Parse a document of the API server."""
        metadata, spec, status = document["metadata"], document.get("spec") or {}, document.get("status") or {}
        return cls(
            namespace=metadata["namespace"],
            name=metadata["name"],
            uid=metadata["uid"],
            generation=metadata.get("generation", 0),
            version=metadata["resourceVersion"],
            deleted="deletionTimestamp" in metadata,
            force_delete=(metadata.get("annotations") or {}).get(FORCE_DELETE) == "true",
            finalizers=tuple(metadata.get("finalizers") or ()),
            spec={key: value for key, value in spec.items() if key != "requestedBy"},
            status=ResourceStatus.read(status),
            requested_by=spec.get("requestedBy") or "",
            foreign=status if foreign(status) else None,
        )

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"

    @property
    def speaker(self) -> str:
        """The `by` of its commands, cut to the maximum length of a name."""
        return str(self)[:LONGEST_NAME]

    @property
    def guarded(self) -> bool:
        """Whether it has our finalizer."""
        return FINALIZER in self.finalizers

    @property
    def wanted(self) -> DesiredState:
        """The desired state; Pending where it is missing or not valid."""
        state = self.spec.get("state")
        return DesiredState(state) if state in set(DesiredState) else DesiredState.PENDING

    @property
    def live(self) -> bool:
        """Whether a migration was started for it that has not ended as far as is known."""
        return bool(self.status.run) and not self.status.ended

    @property
    def owner(self) -> Owner:
        """The owner of the migration; the claim is the generation for which it is started."""
        return Owner(
            namespace=self.namespace,
            name=self.name,
            uid=self.uid,
            claim=str(self.status.started_generation),
        )

    def submission(self) -> MigrationSpec:
        """The validated spec; a Secret without a namespace is in the resource's own.

        Raises:
            pydantic.ValidationError: the spec has problems (`migration.spec.rules.problems` lists them).
        """
        spec = MigrationSpec.model_validate(self.spec)
        secret = spec.target_vcenter_credentials_secret
        if secret.namespace:
            return spec
        return spec.model_copy(
            update={"target_vcenter_credentials_secret": secret.model_copy(update={"namespace": self.namespace})}
        )
