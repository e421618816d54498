"""What a cloud config must name after a migration: the servers it is parsed to, whatever else is written in it."""

from collections.abc import Callable

import pytest

from activities.verify.cluster_claims import names_alone
from migration.documents.cloud_config import add, remove
from migration.documents.infrastructure import VCenterEntry
from migration.spec.failure_domain import FailureDomain, Topology

YAML = """\
# {comment}
global:
  secretName: vsphere-creds
  secretNamespace: kube-system
vcenter:
  {source}:
    server: {source}
    datacenters:
    - dc-old
"""

INI = """\
; {comment}
[Global]
secret-name = "vsphere-creds"
secret-namespace = "kube-system"

[VirtualCenter "{source}"]
datacenters = "dc-old"

[Workspace]
server = "{source}"
datacenter = "dc-old"
"""

NAMES = [
    ("10.7.0.2", "10.7.0.20"),
    ("10.7.0.20", "10.7.0.2"),
    ("vc.example.com", "new-vc.example.com"),
    ("new-vc.example.com", "vc.example.com"),
    ("vc.example.com", "vc.example.com.au"),
    ("vc", "vc.example.com"),
    ("vc-old.example.com", "vc-new.example.com"),
]


def written(text: str, source: str, target: str, *, comment: str = "") -> str:
    """The config of a cluster on the source, which lists the target too."""
    alone = text.format(source=source, comment=comment)
    return add(alone, VCenterEntry(server=target, datacenters=["dc-new"]))


def replacement(server: str) -> FailureDomain:
    topology = Topology(
        datacenter="dc-new",
        compute_cluster="/dc-new/host/c",
        datastore="/dc-new/datastore/d",
        networks=["n"],
        resource_pool="/dc-new/host/c/Resources",
        folder="/dc-new/vm/f",
        template="/dc-new/vm/t",
    )
    return FailureDomain(name="new", region="r", zone="z", server=server, topology=topology)


@pytest.mark.parametrize("text", [YAML, INI], ids=["yaml", "ini"])
@pytest.mark.parametrize(("source", "target"), NAMES)
@pytest.mark.parametrize("comment", ["{source}", "moved from {source} to {target}"])
@pytest.mark.parametrize("respelled", [str, str.upper], ids=["as planned", "upper-case"])
def test_only_a_config_without_the_source_names_the_target_alone(
    text: str, source: str, target: str, comment: str, respelled: Callable[[str], str]
) -> None:
    comment = comment.format(source=source, target=target)
    before = written(text, respelled(source), target, comment=comment)
    claim = names_alone([target], name="cloud-conf", text=before)
    assert (claim.holds, claim.read) == (False, f"vCenters {', '.join(sorted([respelled(source), target]))}")
    after = remove(before, server=source, replacement=replacement(target))
    claim = names_alone([target], name="cloud-conf", text=after)
    assert (claim.claim, claim.holds, claim.read) == ("cloud-conf names the target alone", True, f"vCenters {target}")


@pytest.mark.parametrize("text", [YAML, INI], ids=["yaml", "ini"])
@pytest.mark.parametrize(
    ("listed", "targets", "holds"),
    [
        ("VC.Example.com", ["vc.example.com"], True),
        ("vc.example.com", ["VC.EXAMPLE.COM"], True),
        ("vc.example.com", ["vc.example.co"], False),
        ("vc.example.com", ["vc.example.com", "vc2.example.com"], False),
    ],
)
def test_host_names_are_compared_whole_and_in_any_case(
    text: str, listed: str, targets: list[str], *, holds: bool
) -> None:
    claim = names_alone(targets, name="cloud-conf", text=text.format(source=listed, comment=""))
    assert claim.holds == holds


def test_an_ini_whose_workspace_alone_names_the_source_does_not_name_the_target_alone() -> None:
    text = INI.format(source="vc-old", comment="").replace('[VirtualCenter "vc-old"]', '[VirtualCenter "vc-new"]')
    assert not names_alone(["vc-new"], name="cloud-conf", text=text).holds
    assert names_alone(
        ["vc-new"], name="cloud-conf", text=remove(text, server="vc-old", replacement=replacement("vc-new"))
    ).holds
