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
from migration.plan import Plan
from openshift.machines import NAMESPACE
from tests.activities.attempts import Attempts, spec_of
from tests.activities.by_hand import admin, applied, logged_in
from vsphere.inventory import Inventory, Place

pytestmark = pytest.mark.lab

STORE = "/dc-source/datastore/datastore-source-a"


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
    assert plan.source_disks == {STORE: 6 * 120}
    fit: SourceFit = await trying.run(Source.is_fit, SourceInput(plan=plan))
    assert fit.evidence.startswith(f"{plan.source.server} could take the cluster back: templates and resource pools")
    assert fit.evidence.endswith("GiB free for 0 GiB of disks")
    assert trying.changes() == []


async def test_machines_that_are_gone_must_find_room_again(trying: Attempts, plan: Plan) -> None:
    more = plan.model_copy(update={"source_disks": {STORE: 6 * 120 + 360}})
    fit: SourceFit = await trying.run(Source.is_fit, SourceInput(plan=more))
    assert fit.evidence.endswith("GiB free for 360 GiB of disks")
    far_more = plan.model_copy(update={"source_disks": {STORE: 10**6, "/dc-source/datastore/gone": 1}})
    error = await unfit(trying, far_more)
    assert (error.type, error.non_retryable) == ("Stuck", True)
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


async def test_a_source_that_is_away_is_asked_again(trying: Attempts, plan: Plan) -> None:
    nobody_listens = plan.source.reference.model_copy(update={"port": 1})
    away = plan.source.model_copy(update={"reference": nobody_listens})
    error = await unfit(trying, plan.model_copy(update={"source": away}))
    assert not error.non_retryable
    assert plan.source.server in error.message
