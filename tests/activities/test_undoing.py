"""Undoing what was never done, or was done to what others had made: both leave the world as it was."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pyVmomi import vim

from activities.cluster.backup import Backup, BackupOrder
from activities.cluster.baseline import Baseline, BaselineInput
from activities.cluster.control_plane import ControlPlane, PointOrder
from activities.cluster.machine_sets import MachineSetNames, MachineSets
from activities.preflight.preflight import Preflight, PreflightInput
from activities.vcenter.folders import FolderOrder, FolderRemoval, TargetFolders
from activities.vcenter.tags import TagsOrder, TagsRemoval, TargetTags
from lab.commands import Lab
from migration.before_images import touched
from migration.run.request import ClusterName
from openshift.control_plane import find_control_plane
from tests.activities.attempts import Attempts, attempts, reference_to, spec_of
from tests.activities.by_hand import logged_in, nothing_left_on_target
from tests.support.timeouts import EVENT_SECONDS
from vsphere import folders, tags
from vsphere.api.moref import moref
from vsphere.inventory import Inventory, Place
from vsphere.updates import wait_task

pytestmark = pytest.mark.lab
INFRA, FOLDER = "undone-x7k2p", "/dc-target/vm/made-by-others"


async def test_machine_sets_that_were_never_made(trying: Attempts) -> None:
    never = MachineSetNames(cluster="", names=["never-made-a", "never-made-b"])
    assert (await trying.run(MachineSets.scale_to_zero, never)).names == []
    await trying.run(MachineSets.delete, never)
    assert trying.changes() == []


async def test_a_folder_that_others_made_loses_our_tag_and_the_tag_goes(lab: Lab, trying: Attempts) -> None:
    target = reference_to(lab, "target")
    order = FolderOrder(vcenter=target, infrastructure_name=INFRA, datacenter="dc-target", path=FOLDER)
    tagging = TagsOrder(vcenter=target, infrastructure_name=INFRA, failure_domains=[])
    with nothing_left_on_target(lab, f"openshift-{INFRA}", folder=FOLDER):
        with logged_in(lab, "target") as vcenter:
            folders.Folders(vcenter).ensure(FOLDER)
        before = FolderRemoval(order=order, before=await trying.run(TargetFolders.observe, order))
        bare = TagsRemoval(order=tagging, before=await trying.run(TargetTags.observe, tagging))
        assert (before.before.existing, before.before.tagged, bare.before.tags) == ([FOLDER], False, [])

        await trying.run(TargetTags.ensure, tagging)
        await trying.run(TargetFolders.ensure, order)
        with logged_in(lab, "target") as vcenter:  # what still carries it does not keep it
            service, datacenter = tags.TagService(vcenter), Place(kind="Datacenter", path="/dc-target")
            category = service.ensure_category(tags.ownership(INFRA))
            service.attach(service.ensure_tag(category.id, INFRA, "").id, Inventory(vcenter).require(datacenter))
        left = [await trying.run(TargetFolders.compare, before), await trying.run(TargetTags.compare, bare)]
        assert [each.holds for each in left] == [False, False]
        assert left[0].read == f"left: the ownership tag on {FOLDER}"
        assert left[1].read == f"left: openshift-{INFRA}/{INFRA}"

        for _ in range(2):
            await trying.run(TargetFolders.remove, before)
            await trying.run(TargetTags.remove, bare)
        compared = [await trying.run(TargetFolders.compare, before), await trying.run(TargetTags.compare, bare)]
        assert [(each.holds, each.read) for each in compared] == [(True, "equal")] * 2
        assert await trying.run(TargetFolders.observe, order) == before.before


async def test_a_tag_that_was_on_the_folder_before_stays(lab: Lab, trying: Attempts) -> None:
    target = reference_to(lab, "target")
    order = FolderOrder(vcenter=target, infrastructure_name=INFRA, datacenter="dc-target", path=FOLDER)
    with nothing_left_on_target(lab, f"openshift-{INFRA}", folder=FOLDER):
        await trying.run(TargetFolders.ensure, order)
        before = FolderRemoval(order=order, before=await trying.run(TargetFolders.observe, order))
        assert before.before.tagged
        await trying.run(TargetFolders.remove, before)
        assert (await trying.run(TargetFolders.observe, order)).tagged


@pytest.fixture
async def meddling(legacy: Lab, tmp_path: Path) -> AsyncIterator[Attempts]:
    async with attempts(legacy, tmp_path) as meddling:
        yield meddling


async def test_a_control_plane_machine_set_that_was_never_activated(meddling: Attempts) -> None:
    cluster = await meddling.context.cluster("")
    before = await find_control_plane(cluster)
    assert before is not None
    await meddling.run(ControlPlane.make_inactive, ClusterName())
    async with asyncio.timeout(EVENT_SECONDS):
        while not (found := await find_control_plane(cluster)) or found.state == "Active":
            await asyncio.sleep(0.2)
    order = PointOrder(cluster="", failure_domains=before.failure_domains, if_active=True)
    assert (await meddling.run(ControlPlane.point_at, order)).state == "Inactive"
    assert meddling.changes() == []
    assert (await meddling.run(ControlPlane.point_at, order.model_copy(update={"if_active": False}))).state == "Active"


async def test_a_late_clone_on_the_target_is_a_difference(lab: Lab, trying: Attempts) -> None:
    question = PreflightInput(migration="vcfm-late", run="1", cluster="", spec=spec_of(lab))
    plan = (await trying.run(Preflight.examine, question)).plan
    order = BackupOrder(cluster="", migration=plan.key, namespace=plan.namespace, objects=touched(plan))
    await trying.run(Backup.take, order)
    claims = (await trying.run(Baseline.compare, BaselineInput(plan=plan))).claims
    assert [each for each in claims if not each.holds] == []
    with cloned(lab, f"{plan.infrastructure_name}-master-late-0") as path:
        claims = (await trying.run(Baseline.compare, BaselineInput(plan=plan))).claims
    assert [each.read for each in claims if not each.holds] == [f"left: {path}"]


@contextmanager
def cloned(lab: Lab, name: str) -> Iterator[str]:
    """A VM on the target that no Machine stands for; its inventory path."""
    with logged_in(lab, "target") as vcenter:
        inventory = Inventory(vcenter)
        there = spec_of(lab).failure_domains[0].topology
        template = vcenter.managed(inventory.require(Place(kind="VirtualMachine", path=str(there.template))))
        pool = vcenter.managed(inventory.require(Place(kind="ResourcePool", path=str(there.resource_pool))))
        spec = vim.vm.CloneSpec(location=vim.vm.RelocateSpec(pool=pool), powerOn=False, template=False)
        wait_task(vcenter, moref(template.Clone(template.parent, name, spec)), patience=EVENT_SECONDS)
        path = f"/dc-target/vm/templates/{name}"
        try:
            yield path
        finally:
            vm = vcenter.managed(inventory.require(Place(kind="VirtualMachine", path=path)))
            wait_task(vcenter, moref(vm.Destroy()), patience=EVENT_SECONDS)
