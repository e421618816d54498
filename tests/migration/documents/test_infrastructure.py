"""Infrastructure: the patches, applied as the API server applies them (RFC 6902)."""

from copy import deepcopy

import pytest

from migration.documents import infrastructure as infra
from migration.documents.difference import differences
from migration.documents.infrastructure import FailureDomainConflictError, InfrastructureError, VCenterEntry
from migration.frozen_model import KubeObject
from migration.spec.failure_domain import FailureDomain
from migration.spec.model import MigrationSpec

NAME = "ocp1-x7x2g"
OLD, NEW, THIRD = "vc-old.example.com", "vc-new.example.com", "vc-3.example.com"


class ConflictError(Exception):
    """The API server's 422: a `test` did not hold."""


def apply(document: KubeObject, patch: list[KubeObject]) -> KubeObject:
    """RFC 6902, as far as the patches go: `test`, `add` to the end of a list, `remove` by index."""
    document = deepcopy(document)
    for operation in patch:
        *parents, last = operation["path"].strip("/").split("/")
        at = document
        for each in parents:
            at = at[int(each)] if isinstance(at, list) else at[each]
        if operation["op"] == "test":
            if at[last] != operation["value"]:
                raise ConflictError(operation["path"])
        elif operation["op"] == "remove":
            del at[int(last)]
        else:
            assert (operation["op"], last) == ("add", "-")
            at.append(operation["value"])
    return document


def domain(document: KubeObject, **changes: object) -> FailureDomain:
    return FailureDomain.model_validate({**document, **changes}).completed(NAME)


def added(infrastructure: KubeObject, *domains: FailureDomain) -> KubeObject:
    spec = MigrationSpec(
        target_vcenter_credentials_secret={"name": "creds"}, failure_domains=[each.document() for each in domains]
    )
    return apply(infrastructure, infra.add(infrastructure, vcenters=infra.targets(spec), failure_domains=domains))


def test_add_appends_and_leaves_the_rest_alone(infrastructure: KubeObject, target: FailureDomain) -> None:
    after = added(infrastructure, target)
    assert infra.servers(after) == [OLD, NEW]
    assert after["spec"]["platformSpec"]["vsphere"]["vcenters"][1] == {
        "server": NEW,
        "port": 443,
        "datacenters": ["dc-new"],
    }
    assert infra.failure_domains(after) == [*infra.failure_domains(infrastructure), target.document()]
    assert differences(infrastructure, after) == [
        "spec.platformSpec.vsphere.failureDomains",
        "spec.platformSpec.vsphere.vcenters",
    ]


def test_add_twice_is_add_once(infrastructure: KubeObject, target: FailureDomain) -> None:
    after = added(infrastructure, target)
    assert infra.add(after, vcenters=[VCenterEntry(server=NEW, datacenters=["dc-new"])], failure_domains=[target]) == []


def test_add_then_remove_is_as_before(
    infrastructure: KubeObject, target_domain: KubeObject, second_domain: KubeObject
) -> None:
    after = added(infrastructure, domain(target_domain), domain(second_domain))
    assert len(infra.failure_domains(after)) == 3
    assert apply(after, infra.remove(after, servers=[NEW])) == infrastructure


def test_removing_the_source_keeps_every_target(
    infrastructure: KubeObject, target_domain: KubeObject, second_domain: KubeObject
) -> None:
    after = added(infrastructure, domain(target_domain), domain(second_domain, server=THIRD))
    assert infra.servers(after) == [OLD, NEW, THIRD]
    moved = apply(after, infra.remove(after, servers=[OLD]))
    assert infra.servers(moved) == [NEW, THIRD]
    assert [each["server"] for each in infra.failure_domains(moved)] == [NEW, THIRD]
    assert infra.remove(moved, servers=[OLD]) == []


@pytest.mark.parametrize("field", ["vcenters", "failureDomains"])
@pytest.mark.parametrize("direction", ["add", "remove"])
def test_a_concurrent_change_of_either_list_is_a_conflict(
    infrastructure: KubeObject, target: FailureDomain, field: str, direction: str
) -> None:
    before = infrastructure if direction == "add" else added(infrastructure, target)
    patch = (
        infra.add(before, vcenters=[VCenterEntry(server=NEW, datacenters=["dc-new"])], failure_domains=[target])
        if direction == "add"
        else infra.remove(before, servers=[NEW])
    )
    meanwhile = deepcopy(before)
    meanwhile["spec"]["platformSpec"]["vsphere"][field].insert(0, {"server": "somebody-else", "name": "x"})
    with pytest.raises(ConflictError):
        apply(meanwhile, patch)


def test_a_listed_vcenter_gains_the_datacenters_it_lacks(infrastructure: KubeObject, target_domain: KubeObject) -> None:
    listed = added(infrastructure, domain(target_domain))
    wanted = [VCenterEntry(server=NEW, port=8443, datacenters=["dc-new", "dc-2"])]
    after = apply(listed, infra.add(listed, vcenters=wanted, failure_domains=[]))
    assert infra.vcenters(after)[1] == {"server": NEW, "port": 443, "datacenters": ["dc-new", "dc-2"]}


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({}, []),
        ({"zone": "other"}, ["zone"]),
        ({"server": OLD, "region": "r"}, ["region", "server"]),
    ],
)
def test_a_failure_domain_of_the_same_name(
    infrastructure: KubeObject, target_domain: KubeObject, changes: KubeObject, fields: list[str]
) -> None:
    listed = added(infrastructure, domain(target_domain))
    wanted = domain(target_domain, **changes)
    if not fields:
        assert infra.add(listed, vcenters=[], failure_domains=[wanted]) == []
        return
    with pytest.raises(FailureDomainConflictError, match=f"other values of {', '.join(fields)}: give the one"):
        infra.add(listed, vcenters=[], failure_domains=[wanted])


def test_openshift_s_defaults_count_as_said(infrastructure: KubeObject, target_domain: KubeObject) -> None:
    terse = deepcopy(target_domain)
    for field in ("resourcePool", "folder"):
        del terse["topology"][field]
    infrastructure["spec"]["platformSpec"]["vsphere"]["failureDomains"].append(terse)
    assert infra.conflict(terse, domain(target_domain), infrastructure_name=NAME) == []


def test_a_failure_domain_of_an_unknown_shape_is_a_conflict(target_domain: KubeObject) -> None:
    odd = {**target_domain, "rack": 7}
    assert infra.conflict(odd, FailureDomain.model_validate(target_domain), infrastructure_name=NAME) == ["rack"]


@pytest.mark.parametrize("field", ["vcenters", "failureDomains"])
@pytest.mark.parametrize("how", ["empty", "absent"])
def test_an_old_cluster_is_told_what_to_write_down_first(
    infrastructure: KubeObject, target: FailureDomain, field: str, how: str
) -> None:
    vsphere = infrastructure["spec"]["platformSpec"]["vsphere"]
    if how == "empty":
        vsphere[field] = []
    else:
        del vsphere[field]
    with pytest.raises(InfrastructureError, match=f"no spec.platformSpec.vsphere.{field}.*oc edit infrastructure"):
        infra.add(infrastructure, vcenters=[], failure_domains=[target])


@pytest.mark.parametrize("document", [{}, {"spec": {}}, {"spec": {"platformSpec": {"type": "None"}}}])
def test_readers_of_other_platforms_find_nothing(document: KubeObject) -> None:
    assert (infra.servers(document), infra.failure_domains(document), infra.name(document)) == ([], [], "")


def test_a_fourth_vcenter_is_refused(infrastructure: KubeObject) -> None:
    wanted = [VCenterEntry(server=f"vc-{number}.example.com", datacenters=["dc"]) for number in range(3)]
    with pytest.raises(InfrastructureError, match="would list 4, but OpenShift allows 3"):
        infra.add(infrastructure, vcenters=wanted, failure_domains=[])


def test_the_last_vcenter_is_never_removed(infrastructure: KubeObject) -> None:
    with pytest.raises(InfrastructureError, match="left without any vCenter"):
        infra.remove(infrastructure, servers=[OLD])


def test_targets_of_a_spec(target_domain: KubeObject, second_domain: KubeObject) -> None:
    second_domain["topology"]["datacenter"] = "dc-2"
    spec = MigrationSpec(
        target_vcenter_credentials_secret={"name": "creds"},
        target_vcenters=[{"server": NEW, "port": 8443}],
        failure_domains=[target_domain, second_domain, {**target_domain, "name": "again"}],
    )
    assert infra.targets(spec) == [VCenterEntry(server=NEW, port=8443, datacenters=["dc-new", "dc-2"])]
