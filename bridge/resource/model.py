"""The custom resource as the bridge sees it: who it is, what it asks for, and what was last said in its status."""

from dataclasses import dataclass
from typing import Self

from bridge.resource.status import ResourceStatus, foreign
from migration.commands import LONGEST_NAME
from migration.frozen_model import KubeObject
from migration.run.request import Owner
from migration.spec.model import DesiredState, MigrationSpec

FINALIZER = "migration.openshift.io/vcfm-protection"
"""Keeps a resource from vanishing while its migration goes on; the official operator's name for the same."""

FORCE_DELETE = "migration.openshift.io/force-delete"
"""With the value `true`, a deleted resource is let go at once, whatever its migration does."""


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One `VmwareCloudFoundationMigration`, as it was read.

    Attributes:
        version: its resource version.
        spec: as it was written, right or wrong, but for who asks.
        requested_by: who asks, where somebody said so.
        foreign: the status of another controller, where that stands in the place of ours.
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
        """From a document as the API server sends it."""
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
        """As whom it speaks to its migration: a resource's name may be longer than a person's."""
        return str(self)[:LONGEST_NAME]

    @property
    def guarded(self) -> bool:
        """Whether our finalizer is on it."""
        return FINALIZER in self.finalizers

    @property
    def wanted(self) -> DesiredState:
        """The state that is asked for; Pending where nothing readable is."""
        asked = self.spec.get("state")
        return DesiredState(asked) if asked in set(DesiredState) else DesiredState.PENDING

    @property
    def live(self) -> bool:
        """Whether a migration was started for it that has not been seen to end."""
        return bool(self.status.run) and not self.status.ended

    @property
    def owner(self) -> Owner:
        """Who starts the migration; the claim is the generation that was asked to run."""
        return Owner(
            namespace=self.namespace,
            name=self.name,
            uid=self.uid,
            claim=str(self.status.started_generation),
        )

    def submission(self) -> MigrationSpec:
        """The spec to start with: a Secret without a namespace is in the resource's own.

        Raises:
            pydantic.ValidationError: it has problems (`migration.spec.rules.problems` tells them).
        """
        spec = MigrationSpec.model_validate(self.spec)
        secret = spec.target_vcenter_credentials_secret
        if secret.namespace:
            return spec
        return spec.model_copy(
            update={"target_vcenter_credentials_secret": secret.model_copy(update={"namespace": self.namespace})}
        )
