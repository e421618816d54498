"""The final report can say no: before anything was moved, what is to be true afterwards is not."""

import pytest
from temporalio.exceptions import ApplicationError

from activities.cluster.backup import Backup, BackupOrder
from activities.preflight.preflight import Preflight, PreflightInput
from activities.verify.verification import ClusterClaims, VCenterClaims, Verification
from lab.commands import Lab
from migration.before_images import ObjectAddress
from migration.plan import Plan
from migration.run.status import Claim
from tests.activities.attempts import Attempts, spec_of, vcenter_of
from tests.activities.by_hand import admin

pytestmark = pytest.mark.lab
CREDENTIALS = ObjectAddress(kind="Secret", namespace="kube-system", name="vsphere-creds")


@pytest.fixture
async def plan(lab: Lab, trying: Attempts) -> Plan:
    question = PreflightInput(migration="vcfm-verified", run="1", cluster="", spec=spec_of(lab))
    result = await trying.run(Preflight.examine, question)
    assert isinstance(result.plan, Plan)
    return result.plan


def read_of(claims: list[Claim], *, hold: bool) -> dict[str, str]:
    return {each.claim: each.read for each in claims if each.holds == hold}


async def test_a_cluster_that_has_not_moved_is_told_what_is_not_so(lab: Lab, trying: Attempts, plan: Plan) -> None:
    source, infra = plan.source.server, plan.infrastructure_name
    report = await trying.run(Verification.cluster, ClusterClaims(plan=plan))
    assert trying.changes() == []
    assert set(read_of(report.claims, hold=True)) == {
        "every Machine is Running and every node Ready",
        "as many masters and workers as before",
        "etcd has one member on each master, and no other",
        "MachineHealthChecks are as they were",
        "the cluster-version-operator runs",
    }
    untrue = read_of(report.claims, hold=False)
    assert f"{infra}-master-0 on {source}" in untrue["every Machine is on the target"]
    assert source in untrue["Infrastructure knows the target alone"]
    assert untrue["openshift-config/cloud-provider-config names the target alone"] == f"vCenters {source}"
    assert f"openshift-machine-api/vsphere-cloud-credentials: {source}.password" in untrue[
        "vsphere-creds and its copies hold the target's keys and none of the source's"
    ]  # fmt: skip
    assert untrue["the installer's metadata.json is kept for the day the cluster is destroyed"] == "no such Secret"
    assert len(untrue) == 10
    assert {each.server for each in report.machines} == {source}


async def test_vcenters_are_read_again_with_the_credentials_of_the_before_image(
    lab: Lab, trying: Attempts, plan: Plan
) -> None:
    report = await trying.run(Verification.cluster, ClusterClaims(plan=plan))
    order = VCenterClaims(plan=plan, machines=report.machines)
    with pytest.raises(ApplicationError, match="vcfm-backup-secret-kube-system-vsphere-creds-") as error:
        await trying.run(Verification.vcenters, order)
    assert error.value.type == "NotFound"

    backup = BackupOrder(cluster="", migration=plan.key, namespace=plan.namespace, objects=[CREDENTIALS])
    taken = await trying.run(Backup.take, backup)
    try:
        claims = (await trying.run(Verification.vcenters, order)).claims
    finally:
        with admin(lab) as api:
            for each in taken.manifests:
                api.request("DELETE", f"/api/v1/namespaces/{plan.namespace}/secrets/{each.secret}")
    target = vcenter_of(lab, "target")["server"]
    assert read_of(claims, hold=True) == {f"every VM on {target} carries the ownership tag": "0 VMs tagged"}
    untrue = read_of(claims, hold=False)
    assert untrue[f"every Machine has its VM on {target}, powered on"] == "0 VMs powered on"
    left = untrue[f"{plan.source.server} holds no VM of the cluster but its templates"]
    assert all(each.name in left for each in plan.source_vms)
    assert "rhcos" not in left
