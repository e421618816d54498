"""The tags that OpenShift's components look up by name."""

import pytest

from migration import tags
from migration.failure_domain import FailureDomain
from migration.value import Document

INFRA = "ocp1-x7x2g"


@pytest.mark.parametrize(
    ("category", "name", "associable", "needed"),
    [
        (tags.REGION, "openshift-region", "ClusterComputeResource Datacenter Datastore Folder", "ClusterComputeResource Datacenter"),
        (tags.ZONE, "openshift-zone", "ClusterComputeResource Datacenter Datastore Folder", "ClusterComputeResource Datacenter"),
        (tags.ownership(INFRA), f"openshift-{INFRA}", "Datastore Folder ResourcePool StoragePod VirtualMachine", "Folder VirtualMachine"),
    ],
)  # fmt: skip
def test_categories(category: tags.Category, name: str, associable: str, needed: str) -> None:
    assert (category.name, category.cardinality) == (name, "SINGLE")
    assert (" ".join(sorted(category.associable)), " ".join(sorted(category.needed))) == (associable, needed)


@pytest.mark.parametrize("folder", ["/dc-new/vm/team/ocp", None])
def test_wanted(target_domain: Document, folder: str | None) -> None:
    del target_domain["topology"]["folder"]
    if folder:
        target_domain["topology"]["folder"] = folder
    wanted = tags.wanted(FailureDomain.model_validate(target_domain), infrastructure_name=INFRA)
    assert [(each.category.name, each.name, each.kind, each.path) for each in wanted] == [
        ("openshift-region", "new-region", "Datacenter", "/dc-new"),
        ("openshift-zone", "new-zone-1", "ClusterComputeResource", "/dc-new/host/cluster-1"),
        (f"openshift-{INFRA}", INFRA, "Folder", folder or f"/dc-new/vm/{INFRA}"),
    ]
