"""Could the source take the cluster back? Asked of a real vCenter simulator: what it lacks is said, all of it at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from activities.cluster.backup import Backup, BackupOrder
from activities.preflight.preflight import Preflight, PreflightInput
from activities.vcenter.source import Source, SourceFit, SourceInput
from lab.commands import Lab
from migration.before_images import ObjectAddress
from migration.capacity import DatastoreDisks
from migration.plan import Plan
from openshift.machines import NAMESPACE
from tests.activities.attempts import Attempts, spec_of
from tests.activities.by_hand import admin, applied, logged_in, patched
from tests.support.timeouts import EVENT_SECONDS
from vsphere.api.moref import moref
from vsphere.inventory import Inventory, Place
from vsphere.updates import wait_task

pytestmark = pytest.mark.lab

STORE = "/dc-source/datastore/datastore-source-a"


def disks(gib: int, datastore: str = STORE) -> DatastoreDisks:
    return DatastoreDisks(datacenter="dc-source", datastore=datastore, gib=gib)


@pytest.fixture
async def plan(lab: Lab, trying: Attempts) -> Plan:
    """Of a migration that has stored the before-image of Infrastructure, which says where the cluster was."""
    question = PreflightInput(migration="vcfm-source", run="1", cluster="", spec=spec_of(lab))
    found: Plan = (await trying.run(Preflight.examine, question)).plan
    infrastructure = [ObjectAddress(kind="Infrastructure", name="cluster")]
    order = BackupOrder(cluster="", migration=found.key, namespace=found.namespace, objects=infrastructure)
    await trying.run(Backup.take, order)
    return found


async def unfit(trying: Attempts, plan: Plan) -> ApplicationError:
    with pytest.raises(ApplicationError) as error:
        await trying.run(Source.is_fit, SourceInput(plan=plan))
    assert trying.changes() == []
    assert error.value.details[0]
    return error.value


async def test_a_source_that_lost_nothing_needs_no_room(trying: Attempts, plan: Plan) -> None:
    assert plan.source_disks == [disks(6 * 120)]
    fit: SourceFit = await trying.run(Source.is_fit, SourceInput(plan=plan))
    assert fit.evidence.startswith(f"{plan.source.server} could take the cluster back: templates and resource pools")
    assert fit.evidence.endswith("GiB free for 0 GiB of disks")
    assert trying.changes() == []


async def test_machines_that_are_gone_must_find_room_again(trying: Attempts, plan: Plan) -> None:
    more = plan.model_copy(update={"source_disks": [disks(6 * 120 + 360)]})
    fit: SourceFit = await trying.run(Source.is_fit, SourceInput(plan=more))
    assert fit.evidence.endswith("GiB free for 360 GiB of disks")
    named_twice = [disks(6 * 120), disks(360, "datastore-source-a")]
    same: SourceFit = await trying.run(
        Source.is_fit, SourceInput(plan=plan.model_copy(update={"source_disks": named_twice}))
    )
    assert same == fit
    far_more = plan.model_copy(update={"source_disks": [disks(10**6), disks(1, "/dc-source/datastore/gone")]})
    error = await unfit(trying, far_more)
    assert (error.type, error.non_retryable) == ("WaitFailed", True)
    assert f"GiB free for {10**6 - 720} GiB of disks" in error.message
    assert "it has no datastore /dc-source/datastore/gone" in error.message


@contextmanager
def template_away(lab: Lab) -> Iterator[str]:
    """The source's template under another name for as long as the block lasts; yields the path where it was."""
    with logged_in(lab, "source") as vcenter:
        inventory = Inventory(vcenter)
        machines = inventory.vms(inventory.require(Place(kind="Folder", path="/dc-source/vm")))
        (template,) = [each for each in machines if each.is_template]
        there: Any = vcenter.managed(template.moref)
        there.Rename_Task(f"{template.name}-away")
        try:
            yield template.path
        finally:
            there.Rename_Task(template.name)


async def test_a_template_that_is_gone(lab: Lab, trying: Attempts, plan: Plan) -> None:
    with template_away(lab) as path:
        error = await unfit(trying, plan)
    assert f"it has no template {path}" in error.message
    await trying.run(Source.is_fit, SourceInput(plan=plan))


async def test_a_template_that_a_machine_set_names_is_gone(lab: Lab, trying: Attempts, plan: Plan) -> None:
    with admin(lab) as api:
        (pattern,) = api.objects("machine.openshift.io/v1beta1", "MachineSet", NAMESPACE)
    spec = deepcopy(pattern["spec"]) | {"replicas": 0}
    spec["template"]["spec"]["providerSpec"]["value"]["template"] = "/dc-source/vm/of-nobody"
    metadata = {"name": "of-another-template", "namespace": NAMESPACE}
    with applied(lab, {"apiVersion": pattern["apiVersion"], "kind": "MachineSet", "metadata": metadata, "spec": spec}):
        error = await unfit(trying, plan)
    assert "it has no template /dc-source/vm/of-nobody" in error.message


@contextmanager
def template_moved(lab: Lab, folder: str) -> Iterator[str]:
    """The source's template in another folder for as long as the block lasts; yields its name."""
    with logged_in(lab, "source") as vcenter:
        inventory = Inventory(vcenter)
        below = inventory.require(Place(kind="Folder", path="/dc-source/vm"))
        (template,) = [each for each in inventory.vms(below) if each.is_template]

        def move(into: Any) -> None:
            wait_task(vcenter, moref(into.MoveInto([vcenter.managed(template.moref)])), patience=EVENT_SECONDS)

        move(vcenter.managed(inventory.require(Place(kind="Folder", path=folder))))
        try:
            yield template.name
        finally:
            move(vcenter.managed(below))


@contextmanager
def naming(lab: Lab, **names: str) -> Iterator[None]:
    """The source's MachineSet with other names in its provider spec: `template`, and fields of the workspace."""
    with admin(lab) as api:
        (pattern,) = api.objects("machine.openshift.io/v1beta1", "MachineSet", NAMESPACE)
    spec = deepcopy(pattern["spec"])
    provider = spec["template"]["spec"]["providerSpec"]["value"]
    provider["template"] = names.pop("template", provider["template"])
    provider["workspace"] |= names
    with patched(lab, pattern["apiVersion"], "MachineSet", pattern["metadata"]["name"], NAMESPACE, "spec", spec):
        yield


async def test_a_template_where_the_installer_puts_it(lab: Lab, trying: Attempts, plan: Plan) -> None:
    """In the cluster's folder; Infrastructure says another path, MachineSets name it plainly."""
    with template_moved(lab, f"/dc-source/vm/{plan.infrastructure_name}") as name:
        with naming(lab, template=name, datastore="datastore-source-a", folder=plan.infrastructure_name):
            fit: SourceFit = await trying.run(Source.is_fit, SourceInput(plan=plan))
        assert STORE in fit.evidence
        with naming(lab, template=f"{plan.infrastructure_name}/{name}"):
            await trying.run(Source.is_fit, SourceInput(plan=plan))
        error = await unfit(trying, plan)  # the MachineSet itself names the path where it was
    assert error.message.endswith(f"it has no template /dc-source/vm/{name}")


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ({"template": "of-nobody"}, "it has no template of-nobody in datacenter /dc-source"),
        ({"template": "*"}, "template * may be any of /dc-source/vm/"),
        ({"datastore": "gone"}, "it has no datastore gone in datacenter /dc-source"),
        ({"datastore": "/dc-source/datastore/gone"}, "it has no datastore /dc-source/datastore/gone"),
        ({"resourcePool": "/dc-source/host/gone/Resources"}, "it has no resource pool /dc-source/host/gone/Resources"),
        ({"folder": "/dc-source/vm/gone"}, "it has no folder /dc-source/vm/gone"),
        ({"datacenter": "gone"}, "it has no datacenter gone"),
    ],
    ids=str,
)
async def test_what_a_machine_set_names_must_mean_one_thing(
    lab: Lab, trying: Attempts, plan: Plan, names: dict[str, str], said: str
) -> None:
    with naming(lab, **names):
        error = await unfit(trying, plan)
    assert error.message.count(said) == 1


async def test_a_control_plane_without_failure_domains_goes_where_its_template_says(
    trying: Attempts, plan: Plan
) -> None:
    """The lab's has failure domains, so its own template names neither template nor datacenter: there is one."""
    alone = plan.control_plane.model_copy(update={"source_failure_domains": []})
    await trying.run(Source.is_fit, SourceInput(plan=plan.model_copy(update={"control_plane": alone})))


async def test_a_source_that_is_away_is_asked_again(trying: Attempts, plan: Plan) -> None:
    nobody_listens = plan.source.reference.model_copy(update={"port": 1})
    away = plan.source.model_copy(update={"reference": nobody_listens})
    error = await unfit(trying, plan.model_copy(update={"source": away}))
    assert not error.non_retryable
    assert plan.source.server in error.message
