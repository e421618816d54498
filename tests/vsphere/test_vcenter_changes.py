"""Acting on a real vCenter and waiting for it: folders, tags, tasks, changes, privileges."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest
from pyVmomi import vim, vmodl

from migration.audit.call import Call
from tests.support.timeouts import EVENT_SECONDS
from tests.vsphere.real_vcenter import RealVCenter
from vsphere import folders, privileges, tags, updates
from vsphere.api import soap
from vsphere.api.moref import moref
from vsphere.api.session import VCenter
from vsphere.errors import Busy, CollectorLost, Incompatible, NotFound, TaskFailed, Unreachable, VSphereError
from vsphere.folders import Folders
from vsphere.inventory import Inventory, Place
from vsphere.tags import Category, CategoryShape, TagService
from vsphere.updates import follow_vms, wait_task

DATACENTER = Place(kind="Datacenter", path="/dc-source")


def place_of(path: str) -> Place:
    return Place(kind="Folder", path=path)


def template_place(real: RealVCenter) -> Place:
    return Place(kind="VirtualMachine", path=real.site.failure_domains[0]["topology"]["template"])


def mutations(calls: list[Call]) -> list[str]:
    return [each.method for each in calls if each.mutating]


# Folders


def test_a_nested_folder_is_made_once(vcenter: VCenter, calls: list[Call]) -> None:
    folders = Folders(vcenter)
    first = folders.ensure("/dc-source/vm/nested/one/two")
    assert first.created == ("/dc-source/vm/nested", "/dc-source/vm/nested/one", "/dc-source/vm/nested/one/two")
    calls.clear()
    second = folders.ensure("/dc-source/vm/nested/one/two/")
    assert (second.moref, second.path, second.created) == (first.moref, first.path, ())
    assert mutations(calls) == []
    assert folders.ensure("/dc-source/vm/nested/one/three").created == ("/dc-source/vm/nested/one/three",)


def test_two_at_once_make_one_folder(vcenter: VCenter) -> None:
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: Folders(vcenter).ensure("/dc-source/vm/race/inner"), range(8)))
    assert len({each.moref for each in made}) == 1
    assert sorted(path for each in made for path in each.created) == ["/dc-source/vm/race", "/dc-source/vm/race/inner"]


def test_a_folder_goes_only_when_it_is_empty(vcenter: VCenter) -> None:
    folders = Folders(vcenter)
    folders.ensure("/dc-source/vm/outer/inner")
    assert folders.delete_if_empty("/dc-source/vm/outer") is False
    assert folders.find("/dc-source/vm/outer/inner")
    assert folders.delete_if_empty("/dc-source/vm/outer/inner") is True
    assert folders.delete_if_empty("/dc-source/vm/outer/inner") is True
    assert folders.delete_if_empty("/dc-source/vm/outer") is True
    assert folders.find("/dc-source/vm/outer") is None


@pytest.mark.parametrize("gone", [True, False])
def test_a_deletion_whose_task_fails(vcenter: VCenter, monkeypatch: pytest.MonkeyPatch, *, gone: bool) -> None:
    """An earlier try's task may come first: then it is gone all the same."""
    path = f"/dc-source/vm/tried-{gone}"
    service = Folders(vcenter)
    service.ensure(path)

    def late(vcenter: VCenter, task: str, *, patience: float) -> None:
        wait_task(vcenter, task, patience=patience)
        if not gone:
            service.ensure(path)
        raise TaskFailed("the folder has been deleted")

    monkeypatch.setattr(folders, "wait_task", late)
    if gone:
        assert service.delete_if_empty(path)
    else:
        with pytest.raises(TaskFailed):
            service.delete_if_empty(path)


def test_a_folder_needs_a_datacenter(vcenter: VCenter, calls: list[Call]) -> None:
    with pytest.raises(NotFound, match="No VM folder above '/dc-nowhere/vm/a'"):
        Folders(vcenter).ensure("/dc-nowhere/vm/a")
    assert mutations(calls) == []


def test_a_folder_does_not_replace_a_vm(vcenter: VCenter, shared: RealVCenter) -> None:
    taken = shared.site.failure_domains[0]["topology"]["template"]
    with pytest.raises(Incompatible, match="exists but is no folder"):
        Folders(vcenter).ensure(taken)


# Tags


def test_categories_and_tags_are_made_once(
    speaking: VCenter, calls: list[Call], request: pytest.FixtureRequest
) -> None:
    service, name = TagService(speaking), f"own-{request.node.callspec.id}"
    category = service.ensure_category(tags.ownership(name))
    tag = service.ensure_tag(category.id, name, tags.OWNERSHIP_DESCRIPTION)
    assert (category.created, tag.created) == (True, True)
    calls.clear()
    again = TagService(speaking)
    assert again.ensure_category(tags.ownership(name)) == tags.Ensured(id=category.id, created=False)
    assert again.ensure_tag(category.id, name, "any") == tags.Ensured(id=tag.id, created=False)
    assert mutations(calls) == []
    found = again.categories([f"openshift-{name}", "no such category"])
    assert {each.name: each.associable for each in found.values()} == {
        f"openshift-{name}": tags.ownership(name).associable
    }
    assert list(again.tags(category.id, [name, "no such tag"])) == [name]


def test_a_tag_is_attached_seen_and_taken_off(
    speaking: VCenter, calls: list[Call], request: pytest.FixtureRequest
) -> None:
    service, name = TagService(speaking), f"link-{request.node.callspec.id}"
    folder = Folders(speaking).ensure(f"/dc-source/vm/{name}").moref
    category = service.ensure_category(tags.ownership(name))
    tag = service.ensure_tag(category.id, name, "any")
    assert service.attached([folder]) == {folder: []}
    assert service.attach(tag.id, folder) is True
    calls.clear()
    assert service.attach(tag.id, folder) is False
    assert mutations(calls) == []
    assert [each.name for each in service.attached([folder])[folder]] == [name]
    assert service.objects(tag.id) == [folder]
    service.detach(tag.id, folder)
    service.detach(tag.id, folder)
    assert service.objects(tag.id) == []
    assert [service.delete_tag(tag.id), service.delete_tag(tag.id)] == [True, False]
    assert service.objects(tag.id) == []
    assert [service.delete_category(category.id), service.delete_category(category.id)] == [True, False]
    with pytest.raises(NotFound, match="is gone"):
        TagService(speaking).attach(tag.id, folder)


def test_objects_are_looked_up_in_batches(
    speaking: VCenter, calls: list[Call], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tags, "OBJECTS", 2)
    datacenter = Inventory(speaking).require(DATACENTER)
    objects = [f"Folder:group-{number}" for number in range(4)]
    calls.clear()
    found = TagService(speaking).attached([*objects, datacenter])
    assert list(found) == [*objects, datacenter]
    assert [each.name for each in found[datacenter]] == ["source"]
    batches = [each.request["object_ids"] for each in calls if "list-attached-tags-on-objects" in each.target]
    assert [len(each) for each in batches] == [2, 2, 1]


def test_another_region_is_not_overruled(speaking: VCenter, calls: list[Call]) -> None:
    service = TagService(speaking)
    datacenter = Inventory(speaking).require(DATACENTER)
    region = service.ensure_category(tags.REGION)
    assert not region.created
    tag = service.ensure_tag(region.id, "elsewhere", "OpenShift region elsewhere")
    calls.clear()
    with pytest.raises(Incompatible, match="carries tag 'source' where 'elsewhere' is needed"):
        service.attach(tag.id, datacenter)
    assert mutations(calls) == []


def test_a_category_that_somebody_else_makes_meanwhile_is_used(
    speaking: VCenter, shared: RealVCenter, request: pytest.FixtureRequest
) -> None:
    shape = tags.ownership(f"meanwhile-{request.node.callspec.id}")

    class Late(TagService):
        """Looks away while another process makes the category."""

        looks = 0

        def categories(self, names: Any) -> dict[str, Category]:
            self.looks += 1
            if self.looks > 1:
                return super().categories(names)
            with shared.session(lambda _: None) as other:
                TagService(other).ensure_category(shape)
            return {}

    assert not Late(speaking).ensure_category(shape).created


@pytest.mark.parametrize(
    ("cardinality", "kinds", "problems"),
    [
        ("SINGLE", {"Datacenter", "ClusterComputeResource"}, 0),
        ("SINGLE", {"Datacenter", "ClusterComputeResource", "HostSystem"}, 0),
        ("SINGLE", set(), 0),  # associable with everything
        ("SINGLE", {"Datacenter"}, 1),
        ("MULTIPLE", {"Datacenter", "ClusterComputeResource"}, 1),
        ("MULTIPLE", {"VirtualMachine"}, 2),
    ],
)
def test_what_a_category_must_be(cardinality: str, kinds: set[str], problems: int) -> None:
    present = Category(id="1", name=tags.REGION.name, cardinality=cardinality, associable=frozenset(kinds))
    assert len(present.problems(tags.REGION)) == problems


@pytest.mark.parametrize("prefix", ["", "urn:vim25:"])
def test_associable_types_are_compared_with_and_without_prefix(
    speaking: VCenter, prefix: str, request: pytest.FixtureRequest
) -> None:
    shape = CategoryShape(
        name=f"prefix-{request.node.callspec.id}",
        description="any",
        associable=frozenset({"Folder"}),
        needed=frozenset({"Folder"}),
    )
    spec = {"name": shape.name, "description": "any", "cardinality": "SINGLE", "associable_types": [f"{prefix}Folder"]}
    made = speaking.rest.create("cis/tagging/category", spec)
    assert TagService(speaking).ensure_category(shape) == tags.Ensured(id=made, created=False)


def test_a_category_of_another_shape_is_refused_and_left_alone(
    speaking: VCenter, calls: list[Call], request: pytest.FixtureRequest
) -> None:
    shape = tags.ownership(f"odd-{request.node.callspec.id}")
    spec = {"name": shape.name, "description": "any", "cardinality": "MULTIPLE", "associable_types": ["Datastore"]}
    speaking.rest.create("cis/tagging/category", spec)
    calls.clear()
    with pytest.raises(Incompatible, match="MULTIPLE, not SINGLE; it cannot be attached to Folder, VirtualMachine"):
        TagService(speaking).ensure_category(shape)
    assert mutations(calls) == []


# Waiting


def reconfigure(vcenter: VCenter, machine: str) -> str:
    told = vim.option.OptionValue(key="guestinfo.told", value="something")
    return moref(vcenter.managed(machine).Reconfigure(vim.vm.ConfigSpec(extraConfig=[told])))


def switch(vcenter: VCenter, machine: str, state: str) -> str:
    managed = vcenter.managed(machine)
    wait_task(vcenter, moref(managed.PowerOff() if state == "poweredOn" else managed.PowerOn()), patience=EVENT_SECONDS)
    return "poweredOff" if state == "poweredOn" else "poweredOn"


@pytest.fixture
def machine(vcenter: VCenter) -> str:
    """Somebody's VM."""
    inventory = Inventory(vcenter)
    return next(each for each in inventory.vms(inventory.require(DATACENTER)) if not each.is_template).moref


@pytest.fixture
def template(vcenter: VCenter, shared: RealVCenter) -> str:
    return Inventory(vcenter).require(template_place(shared))


def test_changes_are_told_and_silence_too(vcenter: VCenter, machine: str) -> None:
    folder = Inventory(vcenter).require(place_of("/dc-source/vm"))
    changes = follow_vms(vcenter, folder, ["name", "runtime.powerState"], window=1)
    first = next(changes)
    assert first is not None
    assert machine in first
    assert next(changes) is None
    before = first[machine]["runtime.powerState"]
    after = switch(vcenter, machine, before)
    second = next(changes)
    assert second is not None
    assert second[machine]["runtime.powerState"] == after
    assert first[machine]["runtime.powerState"] == before
    changes.close()


def test_a_removed_vm_is_no_longer_listed(own: Callable[[int], RealVCenter], calls: list[Call]) -> None:
    real = own(3)
    with real.session(calls.append) as vcenter:
        inventory = Inventory(vcenter)
        datacenter = inventory.require(DATACENTER)
        victim = next(each for each in inventory.vms(datacenter) if not each.is_template)
        changes = follow_vms(vcenter, datacenter, ["name"], window=2)
        first = next(changes)
        if victim.power_state == "poweredOn":
            switch(vcenter, victim.moref, victim.power_state)
        wait_task(vcenter, moref(vcenter.managed(victim.moref).Destroy()), patience=EVENT_SECONDS)
        seen = next(each for each in changes if each is not None and victim.moref not in each)
        assert set(first or {}) - set(seen) == {victim.moref}
        changes.close()
        assert [each.method for each in calls][-2:] == ["DestroyPropertyCollector", "DestroyView"]


def test_machines_are_made_while_many_watch(own: Callable[[int], RealVCenter]) -> None:
    """The simulator by itself stops for ever at some point of this (lab/parts/vcenter/gaps.go)."""
    watchers, machines, at_once = 4, 60, 6
    real, given_up = own(0), Event()

    def watch(_: int) -> int:
        with real.session(lambda _: None) as vcenter:
            changes = follow_vms(vcenter, Inventory(vcenter).require(DATACENTER), ["name"], window=1)
            seen = len(next(changes) or {})
            while seen < machines and not given_up.is_set():
                seen = max(seen, len(next(changes) or {}))
            changes.close()
        return seen

    with ThreadPoolExecutor(watchers) as threads, real.session(lambda _: None) as vcenter:
        watching = threads.map(watch, range(watchers))
        try:
            inventory, topology = Inventory(vcenter), real.site.failure_domains[0]["topology"]
            template = vcenter.managed(inventory.require(template_place(real)))
            folder = vcenter.managed(inventory.require(place_of("/dc-source/vm")))
            pool = inventory.require(Place(kind="ResourcePool", path=topology["resourcePool"]))
            for first in range(0, machines, at_once):
                spec = vim.vm.CloneSpec(location=vim.vm.RelocateSpec(pool=vcenter.managed(pool)))
                tasks = [template.Clone(folder, f"m-{first + each}", spec) for each in range(at_once)]
                for task in tasks:
                    wait_task(vcenter, moref(task), patience=20)
        except BaseException:
            given_up.set()
            raise
        assert all(seen >= machines for seen in watching)


def test_following_survives_an_expired_session(vcenter: VCenter, shared: RealVCenter, calls: list[Call]) -> None:
    datacenter = Inventory(vcenter).require(DATACENTER)
    changes = follow_vms(vcenter, datacenter, ["name"], window=1)
    before = next(changes)
    with shared.session(lambda _: None) as administrator:
        administrator.soap.login()
        administrator.content.sessionManager.TerminateSession([vcenter.soap.session_key])
    calls.clear()
    assert next(each for each in changes if each is not None) == before
    assert [each.method for each in calls].count("Login") == 1
    changes.close()


@pytest.mark.parametrize(
    ("fault", "error"), [("HostCommunication", Unreachable), ("InvalidCollectorVersion", CollectorLost)]
)
def test_a_collector_that_never_works_is_an_error_and_not_a_loop(
    vcenter: VCenter, shared: RealVCenter, fault: str, error: type[VSphereError]
) -> None:
    datacenter = Inventory(vcenter).require(DATACENTER)
    shared.admin.inject({"method": "WaitForUpdatesEx", "fault": fault})
    with pytest.raises(error):
        next(follow_vms(vcenter, datacenter, ["name"], window=1))


def test_a_truncated_answer_is_put_together(
    own: Callable[[int], RealVCenter], monkeypatch: pytest.MonkeyPatch, calls: list[Call]
) -> None:
    monkeypatch.setattr(updates, "UPDATES", 5)
    real = own(12)
    with real.session(calls.append) as vcenter:
        datacenter = Inventory(vcenter).require(DATACENTER)
        changes = follow_vms(vcenter, datacenter, ["name"], window=1)
        assert set(next(changes) or {}) == {each.moref for each in Inventory(vcenter).vms(datacenter)}
        changes.close()
    assert [each.method for each in calls].count("WaitForUpdatesEx") > 1


def test_a_window_is_shorter_than_the_time_out_of_a_call() -> None:
    assert updates.WINDOW <= updates.LONGEST_WINDOW < soap.ANSWER_SECONDS / 1.5


def test_a_task_is_waited_for_by_its_reference_alone(
    vcenter: VCenter, shared: RealVCenter, machine: str, calls: list[Call]
) -> None:
    task = reconfigure(vcenter, machine)
    beats: list[int] = []
    calls.clear()
    with shared.session(calls.append) as later:
        wait_task(later, task, patience=EVENT_SECONDS, alive=lambda: beats.append(1))
    assert beats
    assert mutations(calls) == []


def test_a_failed_task_says_why(vcenter: VCenter, template: str) -> None:
    task = reconfigure(vcenter, template)
    with pytest.raises(TaskFailed, match=f"{task} on .*: NotSupported") as failed:
        wait_task(vcenter, task, patience=EVENT_SECONDS)
    assert isinstance(failed.value.__cause__, vmodl.fault.NotSupported)
    assert not failed.value.retryable


def test_a_task_that_does_not_end_is_left_running(vcenter: VCenter) -> None:
    endless = vcenter.content.taskManager.CreateTask(
        vim.Folder("group-d1"), "com.vmware.govmomi.simulator.test", None, cancelable=False
    )
    task = moref(endless.task)
    with pytest.raises(Busy, match=f"{task} .* has not ended within 1 s"):
        wait_task(vcenter, task, patience=1, window=1)


def test_a_forgotten_task_is_not_found(vcenter: VCenter) -> None:
    with pytest.raises(NotFound):
        wait_task(vcenter, "Task:task-0", patience=5, window=1)


# Privileges


def test_the_administrator_lacks_nothing(vcenter: VCenter, calls: list[Call]) -> None:
    datacenter = Inventory(vcenter).require(DATACENTER)
    assert privileges.missing(vcenter, {datacenter: ["Folder.Create"], "Folder:group-d1": ["System.View"]}) == {}
    assert [each.method for each in calls].count("HasPrivilegeOnEntities") == 1


def test_nothing_asked_is_nothing_sent(vcenter: VCenter, calls: list[Call]) -> None:
    assert privileges.missing(vcenter, {"Folder:group-d1": []}) == {}
    assert not calls


def granting(entity: Any, **granted: bool) -> SimpleNamespace:
    available = [SimpleNamespace(privId=name.replace("_", "."), isGranted=yes) for name, yes in granted.items()]
    return SimpleNamespace(entity=entity, privAvailability=available)


@pytest.mark.parametrize(
    ("wanted", "answers", "lacking"),
    [
        ({"Folder:a": ["C", "A", "B"]}, [granting(vim.Folder("a"), B=True)], {"Folder:a": ["A", "C"]}),
        ({"Folder:a": ["A"]}, [granting(vim.Folder("a"), A=False)], {"Folder:a": ["A"]}),
        ({"Folder:a": ["A"]}, [granting(vim.Folder("a"), A=True)], {}),
        ({"Folder:a": ["A"]}, [], {"Folder:a": ["A"]}),
        ({"Folder:a": ["A"]}, [granting(vim.Folder("b"), A=True)], {"Folder:a": ["A"]}),
        (
            {"Folder:a": ["A"], "Folder:b": ["B"]},
            [granting(vim.Folder("a"), A=True, B=False), granting(vim.Folder("b"), A=False, B=True)],
            {},
        ),
    ],
)
def test_what_is_not_granted_is_lacking(wanted: Any, answers: Any, lacking: Any) -> None:
    assert privileges.lacking(wanted, answers) == lacking
