"""Preflight on a real cluster and real vCenters: what is wrong is said at once, and nothing is ever changed."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from temporalio.exceptions import ApplicationError

from activities.preflight.preflight import Preflight, PreflightInput
from lab.commands import Lab
from lab.faults import fault
from migration.concern import Category, Concern, blocking
from migration.phase import PhaseName
from migration.run.checkpoint import Checkpoint
from migration.run.request import PreflightResult
from migration.run.status import State
from migration.spec.model import MigrationSpec
from openshift.checkpoints import checkpoint_secret
from tests.activities.attempts import Attempts, attempts, spec_of, vcenter_of
from tests.activities.by_hand import admin, applied, credentials_changed, tagging
from tests.workflows.answers import PLAN, request

pytestmark = pytest.mark.lab
Around = Callable[[Lab], AbstractContextManager[Any]]


async def examined(trying: Attempts, spec: MigrationSpec) -> PreflightResult:
    question = PreflightInput(migration="vcfm-preflight", run="1", cluster="", spec=spec)
    result: PreflightResult = await trying.run(Preflight.examine, question)
    assert trying.changes() == []
    return result


def critical(result: PreflightResult) -> dict[str, Concern]:
    assert (result.plan is None) == bool(blocking(result.concerns))
    return {each.id: each for each in blocking(result.concerns)}


async def test_a_healthy_lab_gets_a_plan_and_changes_nothing(lab: Lab, trying: Attempts) -> None:
    result = await examined(trying, spec_of(lab))
    assert critical(result) == {}
    assert result.plan
    assert result.plan.source.server == vcenter_of(lab, "source")["server"]
    assert result.plan.target_servers == [vcenter_of(lab, "target")["server"]]
    assert sum(each.replicas for each in result.plan.new_sets) == sum(each.replicas for each in result.plan.source_sets)
    assert {each.node for each in result.plan.source_vms} == {each.name for each in result.nodes}
    assert await examined(trying, spec_of(lab)) == result


def tag_of_somebody_else(lab: Lab) -> AbstractContextManager[None]:
    return tagging(lab, "openshift-region", "SINGLE", "emea")


def category_with_multiple(lab: Lab) -> AbstractContextManager[None]:
    return tagging(lab, "openshift-zone", "MULTIPLE", "")


def volume(lab: Lab) -> AbstractContextManager[Any]:
    spec = {
        "capacity": {"storage": "1Gi"},
        "accessModes": ["ReadWriteOnce"],
        "csi": {"driver": "csi.vsphere.vmware.com", "volumeHandle": "1"},
    }
    return applied(
        lab, {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "of-the-old"}, "spec": spec}
    )


def with_topology(lab: Lab, **changes: Any) -> Any:
    """The lab's failure domains with another topology."""
    domains = deepcopy(lab.description["migration"]["spec"]["failureDomains"])
    domains[0]["topology"] |= changes
    return domains


def as_it_is(_: Lab) -> AbstractContextManager[None]:
    return nullcontext()


@pytest.mark.parametrize(
    ("around", "topology", "concern", "named"),
    [
        (as_it_is, {"template": "/dc-target/vm/templates/none"}, "template.missing", "/dc-target/vm/templates/none"),
        (as_it_is, {"networks": ["none"]}, "inventory.missing", "Network none"),
        (as_it_is, {"datastore": "/dc-target/datastore/none"}, "inventory.missing", "Datastore /dc-target/datastore/none"),
        (as_it_is, {"datacenter": "none"}, "inventory.missing", "Datacenter /none"),
        (tag_of_somebody_else, {}, "tags.other-value", "openshift-region emea"),
        (category_with_multiple, {}, "categories.unusable", "MULTIPLE"),
        (volume, {}, "volumes.on-source", "of-the-old"),
        (lambda lab: fault(lab.state_dir, "away", "target"), {}, "vcenter.unreadable", "Check that this vCenter is up"),
        (lambda lab: fault(lab.state_dir, "session-expired", "target"), {}, "vcenter.unreadable", "NotAuthenticated"),
        (lambda lab: credentials_changed(lab, password=None), {}, "vcenter.unreadable", "Add the keys"),
    ],
    ids=["template", "network", "datastore", "datacenter", "tag", "category", "volume", "away", "session", "no-key"],
)  # fmt: skip
async def test_what_is_wrong_is_said(
    lab: Lab, trying: Attempts, around: Around, topology: dict[str, Any], concern: str, named: str
) -> None:
    with around(lab):
        found = critical(await examined(trying, spec_of(lab, failureDomains=with_topology(lab, **topology))))
    assert list(found) == [concern]
    assert named in f"{found[concern].objects} {found[concern].assessment}"
    assert found[concern].remedy


def record_of(lab: Lab) -> Checkpoint:
    """Of a migration of the lab's cluster that somebody ended from outside."""
    name = lab.description["infrastructure_name"]
    plan = PLAN.model_copy(update={"infrastructure_name": name, "namespace": lab.description["namespace"]})
    return Checkpoint(request=request(), plan=plan, workflow=f"vcfm-{name}", run="r1", phase=PhaseName.SCALE_OLD)


@pytest.mark.parametrize(
    ("damage", "concern", "named"),
    [
        ({}, "migration.unfinished", "(run r1) had begun scale_old"),
        ({"data": {"document.json.gz": "AAAA"}}, "migration.run.checkpoint-unreadable", "is damaged"),
    ],
)
async def test_a_migration_that_has_not_ended_is_told_with_the_way_out(
    lab: Lab, trying: Attempts, damage: dict[str, Any], concern: str, named: str
) -> None:
    with applied(lab, checkpoint_secret(record_of(lab)) | damage):
        found = critical(await examined(trying, spec_of(lab)))
    assert list(found) == [concern]
    assert named in found[concern].assessment
    with applied(lab, checkpoint_secret(record_of(lab).model_copy(update={"ended": State.COMPLETED}))):
        assert critical(await examined(trying, spec_of(lab))) == {}


async def test_a_wrong_password_is_a_concern_after_a_single_login_and_a_new_one_works_at_once(
    lab: Lab, trying: Attempts
) -> None:
    target = f"{vcenter_of(lab, 'target')['server']}:{vcenter_of(lab, 'target')['port']}"
    with credentials_changed(lab, password="wrong"):
        found = critical(await examined(trying, spec_of(lab)))
        knocks = [each for each in trying.calls() if each.server == target and "ogin" in each.method + each.outcome]
        sessions = [each for each in trying.calls() if each.server == target and "session" in each.target]
    assert list(found) == ["vcenter.unreadable"]
    assert "account is not locked" in str(found["vcenter.unreadable"].objects)
    assert "wrong" not in str(found)
    assert ([each.outcome for each in knocks], sessions) == (["InvalidLogin"], [])
    assert critical(await examined(trying, spec_of(lab))) == {}


@pytest.mark.parametrize("authorities", ["none", "of somebody else"])
async def test_an_untrusted_certificate_is_a_concern_about_both_vcenters(
    lab: Lab, tmp_path: Path, authorities: str
) -> None:
    file = tmp_path / "ca.pem"
    if authorities == "of somebody else":
        file.write_text((lab.state_dir / "pki" / "admin.pem").read_text())
    async with attempts(lab, tmp_path, vcenter_ca_file=file) as trying:
        concern = critical(await examined(trying, spec_of(lab)))["vcenter.unreadable"]
    assert len(concern.objects) == 2
    assert all("VCFM_VCENTER_CA_FILE" in each for each in concern.objects)


async def test_one_number_for_several_machine_sets_and_a_gone_api_server_are_told_apart(
    lab: Lab, trying: Attempts
) -> None:
    result = await examined(trying, spec_of(lab, machineSetConfig={"replicas": 2}))
    assert result.plan
    assert sum(each.replicas for each in result.plan.new_sets) == 2


async def test_a_cluster_that_refuses_a_second_vcenter_is_told_the_gate(legacy: Lab, tmp_path: Path) -> None:
    async with attempts(legacy, tmp_path) as trying:
        found = critical(await examined(trying, spec_of(legacy)))
    assert list(found) == ["infrastructure.refused"], found
    assert found["infrastructure.refused"].category is Category.CRITICAL
    assert "cannot be added or removed once set" in found["infrastructure.refused"].assessment
    assert "VSphereMultiVCenterDay2" in found["infrastructure.refused"].remedy


async def test_several_machine_sets_cannot_share_one_number(legacy: Lab, tmp_path: Path) -> None:
    async with attempts(legacy, tmp_path) as trying:
        found = critical(await examined(trying, spec_of(legacy, machineSetConfig={"replicas": 2})))
    assert len(found["machine-sets.ambiguous-total"].objects) == 2


async def test_an_account_without_the_shipped_rbac_is_told_what_to_apply(lab: Lab, tmp_path: Path) -> None:
    nobody = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "nobody", "namespace": "default"}}
    with applied(lab, nobody):
        async with attempts(lab, tmp_path, kubeconfig=kubeconfig_of(lab, nobody, tmp_path)) as trying:
            with pytest.raises(ApplicationError) as error:
                await examined(trying, spec_of(lab))
    assert error.value.type == "Forbidden"
    assert error.value.non_retryable
    assert 'get resource "infrastructures"' in error.value.message
    assert "deploy/rbac" in error.value.details[0]


def kubeconfig_of(lab: Lab, account: dict[str, Any], directory: Path) -> Path:
    """A kubeconfig for a service account, on the pattern of the lab's own."""
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}}
    with admin(lab) as api:
        token = api.request("POST", f"{api.path(account)}/token", body=body)["status"]["token"]
    document = yaml.safe_load(Path(lab.description["kubeconfig_service"]).read_text())
    document["users"][0]["user"] = {"token": token}
    (directory / "kubeconfig").write_text(yaml.safe_dump(document))
    return directory / "kubeconfig"
