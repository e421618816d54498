"""What each activity says when the world does not let it: which error, whether to try again, and what a person can do."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from activities.cluster.backup import Backup, BackupOrder
from activities.cluster.credentials import Credentials, CredentialsOrder
from activities.cluster.identity import Identity
from activities.cluster.machine_sets import MachineSetNames, MachineSets, NewSetOrder, SetsGone, SetsReady
from activities.vcenter.folders import FolderOrder, TargetFolders
from activities.vcenter.tags import TagsOrder, TargetTags
from activities.vcenter.virtual_machines import TaggedExpected, VirtualMachines
from lab.commands import Lab
from lab.faults import fault
from migration.before_images import ObjectAddress
from migration.frozen_model import FrozenModel
from migration.plan import NewSet, SecretAddress
from migration.run.request import ClusterName
from migration.spec.failure_domain import FailureDomain
from openshift.api.resources import INFRASTRUCTURE, MACHINE_SET
from openshift.machines import NAMESPACE
from tests.activities.attempts import Attempts, attempts, reference_to, spec_of
from tests.activities.by_hand import credentials_changed, nothing_left_on_target, patched, tagging

pytestmark = pytest.mark.lab
LONG = timedelta(minutes=1)


async def refused(trying: Attempts, activity: Callable[..., Awaitable[Any]], argument: FrozenModel) -> ApplicationError:
    with pytest.raises(ApplicationError) as error:
        await trying.run(activity, argument)
    assert error.value.details[0]
    return error.value


def domain(lab: Lab) -> FailureDomain:
    return spec_of(lab).failure_domains[0].completed(lab.description["infrastructure_name"])


def folder(lab: Lab, path: str) -> FolderOrder:
    return FolderOrder(
        vcenter=reference_to(lab, "target"),
        infrastructure_name=lab.description["infrastructure_name"],
        datacenter="dc-target",
        path=path,
    )


@pytest.fixture
def clean(lab: Lab) -> Iterator[str]:
    """The path of a folder; it and the cluster's ownership category are gone afterwards."""
    path = "/dc-target/vm/of-a-test"
    with nothing_left_on_target(lab, f"openshift-{lab.description['infrastructure_name']}", folder=path):
        yield path


@pytest.mark.parametrize(
    ("path", "kind", "told"),
    [
        ("/dc-target/vm/templates/rhcos-target-a", "Incompatible", "exists but is no folder"),
        ("/dc-target/vm/templates/rhcos-target-a/below", "Incompatible", "exists but is no folder"),
        ("/dc-none/vm/x", "NotFound", "No VM folder above '/dc-none/vm/x'"),
    ],
)
async def test_a_folder_that_cannot_be(lab: Lab, trying: Attempts, path: str, kind: str, told: str) -> None:
    error = await refused(trying, TargetFolders.ensure, folder(lab, path))
    assert (error.type, error.non_retryable) == (kind, True)
    assert told in error.message
    assert trying.changes() == []


async def test_a_folder_without_the_privilege(lab: Lab, trying: Attempts, clean: str) -> None:
    with fault(lab.state_dir, "privilege-missing", "target"):
        error = await refused(trying, TargetFolders.ensure, folder(lab, clean))
    assert (error.type, error.non_retryable) == ("NotPermitted", True)
    assert "Grant this privilege" in error.details[0]


async def test_a_folder_whose_making_was_never_answered_is_found_by_the_next_attempt(
    lab: Lab, trying: Attempts, clean: str
) -> None:
    with fault(lab.state_dir, "lost-answer", "target", "CreateFolder"):
        error = await refused(trying, TargetFolders.ensure, folder(lab, clean))
    assert (error.type, error.non_retryable) == ("Unreachable", False)
    seen = await trying.run(TargetFolders.ensure, folder(lab, clean))
    assert seen.created == []
    assert not any(change.startswith("CreateFolder") for change in trying.changes())


async def test_a_vcenter_that_is_away_is_worth_another_attempt(lab: Lab, trying: Attempts) -> None:
    with fault(lab.state_dir, "away", "target"):
        error = await refused(trying, TargetFolders.ensure, folder(lab, "/dc-target/vm/x"))
    assert (error.type, error.non_retryable) == ("Unreachable", False)


@pytest.mark.parametrize(
    ("category", "cardinality", "tag", "told"),
    [
        ("openshift-zone", "MULTIPLE", "", "its cardinality is MULTIPLE, not SINGLE"),
        ("openshift-region", "SINGLE", "emea", "carries tag 'emea' where 'target' is needed"),
    ],
)
async def test_tags_of_somebody_else_are_left_alone(
    lab: Lab, trying: Attempts, category: str, cardinality: str, tag: str, told: str
) -> None:
    infra = lab.description["infrastructure_name"]
    order = TagsOrder(vcenter=reference_to(lab, "target"), infrastructure_name=infra, failure_domains=[domain(lab)])
    with (
        nothing_left_on_target(lab, f"openshift-{infra}", "openshift-region", "openshift-zone"),
        tagging(lab, category, cardinality, tag),
    ):
        error = await refused(trying, TargetTags.ensure, order)
    assert (error.type, error.non_retryable) == ("Incompatible", True)
    assert told in error.message


async def test_a_wrong_password_is_tried_once_and_its_correction_works_without_a_restart(
    lab: Lab, trying: Attempts, clean: str
) -> None:
    with credentials_changed(lab, password="wrong"):
        error = await refused(trying, TargetFolders.ensure, folder(lab, clean))
        assert [each.outcome for each in trying.calls() if each.method == "Login"] == ["InvalidLogin"]
    assert (error.type, error.non_retryable) == ("CredentialsRejected", True)
    assert "wrong" not in f"{error.message} {error.details}"
    await trying.run(TargetFolders.ensure, folder(lab, clean))


async def test_an_unlocked_account_works_without_a_new_password(lab: Lab, trying: Attempts, clean: str) -> None:
    """The session remembers a refusal, so that nobody is locked out; a person's retry must not inherit it."""
    with credentials_changed(lab, username="nobody"):
        for _ in range(2):
            error = await refused(trying, TargetFolders.ensure, folder(lab, clean))
            assert error.type == "CredentialsRejected"
            assert [each.outcome for each in trying.calls() if each.method == "Login"] == ["InvalidLogin"]


async def test_virtual_machines_that_are_not_there_carry_no_tag(lab: Lab, trying: Attempts, clean: str) -> None:
    await trying.run(TargetFolders.ensure, folder(lab, clean))
    expected = TaggedExpected(
        vcenter=reference_to(lab, "target"),
        infrastructure_name=lab.description["infrastructure_name"],
        folders=[clean],
        names=["worker-that-is-gone"],
    )
    error = await refused(trying, VirtualMachines.ensure_tagged, expected)
    assert (error.type, error.non_retryable) == ("WaitFailed", True)
    assert f"no VM worker-that-is-gone in {clean}" in error.message


@pytest.mark.parametrize(
    ("secret", "kind", "told"),
    [("vcf-target-credentials", "Unexpected", "has no usable 127."), ("none", "NotFound", "none")],
)
async def test_credentials_that_are_not_there(lab: Lab, trying: Attempts, secret: str, kind: str, told: str) -> None:
    address = SecretAddress(namespace=lab.description["namespace"], name=secret)
    reference = reference_to(lab, "source").model_copy(update={"credentials": address})
    error = await refused(trying, Credentials.add, CredentialsOrder(vcenter=reference))
    assert (error.type, error.non_retryable) == (kind, True)
    assert told in error.message
    assert trying.changes() == []


async def test_a_verb_that_rbac_lacks_names_what_to_apply(lab: Lab, trying: Attempts) -> None:
    rights = [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["list"]}]
    where = ("rbac.authorization.k8s.io/v1", "Role", "vcf-migration", "kube-system")
    order = CredentialsOrder(vcenter=reference_to(lab, "source"))
    with patched(lab, *where, "rules", rights):
        error = await eventually_refused(trying, Credentials.add, order)
    assert (error.type, error.non_retryable) == ("Forbidden", True)
    assert 'the account must not get resource "secrets"' in error.message
    assert "deploy/rbac" in error.details[0]


async def eventually_refused(
    trying: Attempts, activity: Callable[..., Awaitable[Any]], argument: FrozenModel
) -> ApplicationError:
    """The API server learns of a change of RBAC within moments, not at once."""
    for _ in range(1000):
        try:
            await trying.run(activity, argument)
        except ApplicationError as error:
            return error
    raise AssertionError("never refused")


async def test_a_before_image_of_nothing(lab: Lab, trying: Attempts) -> None:
    order = BackupOrder(
        cluster="",
        migration="m/1",
        namespace=lab.description["namespace"],
        objects=[ObjectAddress(kind="MachineSet", namespace=NAMESPACE, name="none")],
    )
    error = await refused(trying, Backup.take, order)
    assert (error.type, error.non_retryable) == ("NotFound", True)
    assert f"MachineSet {NAMESPACE}/none" in error.message


async def the_source_set(trying: Attempts) -> str:
    cluster = await trying.context.cluster("")
    (found,) = await cluster.list(MACHINE_SET)
    return str(found["metadata"]["name"])


async def test_a_machine_set_that_has_machines_is_not_deleted(lab: Lab, trying: Attempts) -> None:
    order = MachineSetNames(cluster="", names=[await the_source_set(trying)])
    error = await refused(trying, MachineSets.delete, order)
    assert (error.type, error.non_retryable) == ("StillInUse", True)
    assert trying.changes() == []


async def test_a_machine_set_of_the_name_that_makes_other_machines_is_not_taken_for_ours(
    lab: Lab, trying: Attempts
) -> None:
    taken = await the_source_set(trying)
    new = NewSet(name=taken, pattern=taken, failure_domain=domain(lab).name, replicas=1)
    order = NewSetOrder(
        cluster="",
        infrastructure_name=lab.description["infrastructure_name"],
        new_set=new,
        failure_domain=domain(lab),
    )
    error = await refused(trying, MachineSets.create, order)
    assert (error.type, error.non_retryable) == ("AlreadyExists", True)
    assert "places its Machines elsewhere" in error.message
    assert trying.changes() == []


@pytest.fixture
async def doomed(lab: Lab, trying: Attempts) -> AsyncIterator[str]:
    """A MachineSet whose Machines fail for good, since its template is not there; gone afterwards."""
    cluster = await trying.context.cluster("")
    vsphere = (await cluster.get(INFRASTRUCTURE, "cluster"))["spec"]["platformSpec"]["vsphere"]
    there = FailureDomain.model_validate(vsphere["failureDomains"][0])
    place = there.topology.model_copy(update={"template": "/dc-source/vm/templates/none"})
    order = NewSetOrder(
        cluster="",
        infrastructure_name=lab.description["infrastructure_name"],
        new_set=NewSet(name="doomed", pattern=await the_source_set(trying), failure_domain=there.name, replicas=1),
        failure_domain=there.model_copy(update={"topology": place}).completed(lab.description["infrastructure_name"]),
    )
    await trying.run(MachineSets.create, order)
    yield "doomed"
    names = MachineSetNames(cluster="", names=["doomed"])
    await trying.persist(MachineSets.scale_to_zero, names)
    await trying.persist(MachineSets.wait_gone, SetsGone(cluster="", names=["doomed"], nodes=[], at_most=LONG))
    await trying.persist(MachineSets.delete, names)


async def test_a_failed_machine_ends_the_wait_with_what_to_do(lab: Lab, trying: Attempts, doomed: str) -> None:
    error = await refused(trying, MachineSets.wait_ready, SetsReady(cluster="", replicas={doomed: 1}, at_most=LONG))
    assert (error.type, error.non_retryable) == ("WaitFailed", True)
    assert "is Failed: template not found" in error.message
    assert f"oc delete machine -n {NAMESPACE} doomed-" in error.details[0]


@pytest.mark.parametrize("name", ["", "elsewhere"])
async def test_a_cluster_that_is_not_configured(lab: Lab, tmp_path: Path, name: str) -> None:
    (tmp_path / "clusters").mkdir()
    for each in ("east.yaml", "west.yaml"):
        (tmp_path / "clusters" / each).write_text("{}")
    async with attempts(lab, tmp_path, kubeconfig=None, kubeconfig_directory=tmp_path / "clusters") as trying:
        error = await refused(trying, Identity.read, ClusterName(cluster=name))
    assert (error.type, error.non_retryable) == ("Misconfigured", True)
    assert "(there are: east, west)" in error.message


async def test_a_kubeconfig_that_leads_nowhere(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "broken").write_text("clusters: []")
    async with attempts(lab, tmp_path, kubeconfig=tmp_path / "broken") as trying:
        error = await refused(trying, Identity.read, ClusterName())
    assert (error.type, error.non_retryable) == ("Misconfigured", True)
