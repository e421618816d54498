"""Names of provider specs, looked up in a real inventory as govmomi's finder does for Machine API."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pyVmomi import vim

from lab.binaries.build import Built
from migration.audit.call import Call
from tests.vsphere.real_vcenter import RealVCenter
from vsphere.api.moref import moref
from vsphere.api.session import VCenter
from vsphere.finder import Finder, Lookup
from vsphere.folders import Folders
from vsphere.inventory import Inventory, Place
from vsphere.updates import wait_task

FEW, MANY = 10, 500
DC = "/dc-source"
INFRA = "ocp1-x7x2g"
RHCOS = f"{INFRA}-rhcos-source-source-a"
MINE = f"{DC}/vm/{INFRA}"
CLUSTER = f"{DC}/host/cluster-source-a"
OTHER = f"{DC}/host/other"
KINDS = {"vm": "VirtualMachine", "store": "Datastore", "pool": "ResourcePool", "folder": "Folder"}


class Administrator:
    """Arranges an inventory by hand."""

    def __init__(self, vcenter: VCenter) -> None:
        self._vcenter = vcenter

    def at(self, kind: str, path: str) -> Any:
        return self._vcenter.managed(Inventory(self._vcenter).require(Place(kind=kind, path=path)))

    def clone(self, template: str, folder: str, name: str) -> None:
        Folders(self._vcenter).ensure(folder)
        where = vim.vm.RelocateSpec(pool=self.at("ResourcePool", f"{CLUSTER}/Resources"))
        spec = vim.vm.CloneSpec(location=where, powerOn=False, template=True)
        self._done(self.at("VirtualMachine", template).Clone(self.at("Folder", folder), name, spec))

    def move(self, kind: str, path: str, into: Any) -> None:
        self._done(into.MoveInto([self.at(kind, path)]))

    def datacenters(self, folder: str, *names: str) -> None:
        made = self._vcenter.content.rootFolder.CreateFolder(folder)
        for each in names:
            made.CreateDatacenter(each)

    def _done(self, task: Any) -> None:
        wait_task(self._vcenter, moref(task), patience=30)


@pytest.fixture(scope="module")
def installed(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealVCenter]:
    """As an installer leaves it, the template in the cluster's folder, in a vCenter that others use, too."""
    real = RealVCenter(built=built, state=tmp_path_factory.mktemp("installed"), other_vms=3)
    try:
        real.start()
        with real.session(list[Call]().append) as vcenter:
            arrange(Administrator(vcenter))
        yield real
    finally:
        real.stop()


def arrange(by: Administrator) -> None:
    by.move("VirtualMachine", f"{DC}/vm/{RHCOS}", by.at("Folder", MINE))
    for folder, name in (("a", "twice"), ("b/deep", "twice"), ("b", "rhcos[9.6]")):
        by.clone(f"{MINE}/{RHCOS}", f"{DC}/vm/{folder}", name)
    by.at("Folder", f"{DC}/vm/b").CreateFolder("one/two")
    by.move(
        "Datastore", f"{DC}/datastore/datastore-source-a", by.at("Folder", f"{DC}/datastore").CreateStoragePod("pod")
    )
    by.at("Folder", f"{DC}/host").CreateClusterEx("other", vim.cluster.ConfigSpecEx())
    allocation = vim.ResourceAllocationInfo(
        reservation=0, expandableReservation=True, limit=-1, shares=vim.SharesInfo(level="normal", shares=0)
    )
    limits = vim.ResourceConfigSpec(cpuAllocation=allocation, memoryAllocation=allocation)
    by.at("ResourcePool", f"{CLUSTER}/Resources").CreateResourcePool("ocp", limits).CreateResourcePool(
        "workers", limits
    )
    by.datacenters("eu", "dc-both")
    by.datacenters("us", "dc-both", "dc-us")


@pytest.fixture
def finder(installed: RealVCenter, calls: list[Call]) -> Iterator[Finder]:
    with installed.session(calls.append) as vcenter:
        yield Finder(Inventory(vcenter))


TABLE: list[tuple[str, str, list[str]]] = [
    # by name, anywhere in the datacenter
    ("vm", RHCOS, [f"{MINE}/{RHCOS}"]),
    ("vm", "twice", [f"{DC}/vm/a/twice", f"{DC}/vm/b/deep/twice"]),
    ("vm", RHCOS.upper(), []),
    ("vm", RHCOS[:-1], []),
    ("vm", "a", []),  # a folder
    ("store", "datastore-source-a", [f"{DC}/datastore/pod/datastore-source-a"]),
    ("store", "pod", []),  # a datastore cluster
    ("pool", "ocp", [f"{CLUSTER}/Resources/ocp"]),
    ("pool", "workers", [f"{CLUSTER}/Resources/ocp/workers"]),
    ("pool", "Resources", [f"{CLUSTER}/Resources", f"{OTHER}/Resources"]),
    ("pool", "cluster-source-a", []),
    ("folder", INFRA, [MINE]),
    ("folder", "deep", [f"{DC}/vm/b/deep"]),
    ("folder", "one%2ftwo", [f"{DC}/vm/b/one%2ftwo"]),
    ("folder", "one%2Ftwo", []),
    # by path from the root
    ("vm", f"{DC}/vm/{RHCOS}", []),  # what the installer writes into Infrastructure
    ("vm", f"{MINE}/{RHCOS}", [f"{MINE}/{RHCOS}"]),
    ("vm", f"/{DC}//vm/./{INFRA}/{RHCOS}/", [f"{MINE}/{RHCOS}"]),
    ("vm", f"/nowhere/vm/{RHCOS}", []),
    ("vm", MINE, []),
    ("store", f"{DC}/datastore/datastore-source-a", []),
    ("store", f"{DC}/datastore/pod/datastore-source-a", [f"{DC}/datastore/pod/datastore-source-a"]),
    ("pool", f"{CLUSTER}/Resources", [f"{CLUSTER}/Resources"]),
    ("pool", f"{CLUSTER}/Resources/ocp/workers", [f"{CLUSTER}/Resources/ocp/workers"]),
    ("pool", CLUSTER, [f"{CLUSTER}/Resources"]),
    ("pool", f"{DC}/host", []),
    ("folder", MINE, [MINE]),
    # by path from the datacenter's own folder
    ("vm", f"{INFRA}/{RHCOS}", [f"{MINE}/{RHCOS}"]),
    ("vm", f"./{RHCOS}", []),
    ("vm", f"vm/{INFRA}/{RHCOS}", []),
    ("vm", "b/deep/twice", [f"{DC}/vm/b/deep/twice"]),
    ("store", "pod/datastore-source-a", [f"{DC}/datastore/pod/datastore-source-a"]),
    ("pool", "other/Resources", [f"{OTHER}/Resources"]),
    ("folder", f"vm/{INFRA}", [MINE]),
    # patterns
    ("vm", f"{INFRA}-rhcos-*", [f"{MINE}/{RHCOS}"]),
    ("vm", "?wice", [f"{DC}/vm/a/twice", f"{DC}/vm/b/deep/twice"]),
    ("vm", f"{DC}/vm/[a-c]/twice", [f"{DC}/vm/a/twice"]),
    ("vm", f"{DC}/vm/[^a]/d*p/tw\\ice", [f"{DC}/vm/b/deep/twice"]),
    ("vm", "rhcos[9.6]", []),
    ("vm", "rhcos\\[9.6]", [f"{DC}/vm/b/rhcos[9.6]"]),
    ("vm", "rhcos[", []),
    ("store", "*", [f"{DC}/datastore/pod/datastore-source-a"]),
    ("pool", "*/Resources", [f"{CLUSTER}/Resources", f"{OTHER}/Resources"]),
]


@pytest.mark.parametrize(("kind", "name", "paths"), TABLE, ids=[f"{kind} {name}" for kind, name, _ in TABLE])
def test_what_a_name_means(finder: Finder, kind: str, name: str, paths: list[str]) -> None:
    lookup = Lookup(kind=KINDS[kind], name=name, datacenter="dc-source")
    resolution = finder.find([lookup])[lookup]
    assert [each.path for each in resolution.candidates] == paths
    assert all(each.moref.startswith(f"{KINDS[kind]}:") for each in resolution.candidates)
    problem = resolution.problem("thing")
    if len(paths) == 1:
        assert (problem, resolution.found) == ("", resolution.candidates[0])
    elif paths:
        assert (problem, resolution.found) == (f"thing {name} may be any of {', '.join(paths)}", None)
    else:
        where = "" if name.startswith("/") else f" in datacenter {DC}"
        assert (problem, resolution.found) == (f"it has no thing {name}{where}", None)


@pytest.mark.parametrize(
    ("datacenter", "paths"),
    [
        ("dc-source", [DC]),
        (DC, [DC]),
        ("dc-us", ["/us/dc-us"]),
        ("/us/dc-us", ["/us/dc-us"]),
        ("us/dc-both", ["/us/dc-both"]),
        ("dc-both", ["/eu/dc-both", "/us/dc-both"]),
        ("/dc-both", []),
        ("dc-nowhere", []),
        ("", ["/dc-source", "/eu/dc-both", "/us/dc-both", "/us/dc-us"]),
    ],
)
def test_what_the_name_of_a_datacenter_means(finder: Finder, datacenter: str, paths: list[str]) -> None:
    by_name = Lookup(kind="VirtualMachine", name=RHCOS, datacenter=datacenter)
    by_path = Lookup(kind="VirtualMachine", name=f"{MINE}/{RHCOS}", datacenter=datacenter)
    found = finder.find([by_name, by_path])
    assert list(found[by_name].datacenters) == paths
    assert bool(found[by_name].found) == (paths == [DC])
    assert bool(found[by_path].found) == (len(paths) == 1), "a path from the root may lead elsewhere"
    problem = found[by_path].problem("template")
    assert all(each in problem for each in paths) if len(paths) > 1 else not problem or datacenter in problem


def test_the_id_of_an_object_means_it(finder: Finder, installed: RealVCenter) -> None:
    by_name = Lookup(kind="VirtualMachine", name=RHCOS, datacenter="dc-source")
    found = finder.find([by_name])[by_name].found
    assert found
    by_id = Lookup(kind="VirtualMachine", name=found.moref.partition(":")[2], datacenter="dc-source")
    by_reference = Lookup(kind="VirtualMachine", name=found.moref, datacenter="dc-source")
    other_kind = Lookup(kind="Datastore", name=found.moref, datacenter="dc-source")
    answers = finder.find([by_id, by_reference, other_kind])
    assert [answers[each].found for each in (by_id, by_reference, other_kind)] == [found, found, None]


def test_round_trips_depend_neither_on_vms_nor_on_names(own: Callable[[int], RealVCenter]) -> None:
    def look(real: RealVCenter, names: list[str]) -> Counter[str]:
        calls: list[Call] = []
        with real.session(calls.append) as vcenter:
            inventory = Inventory(vcenter)
            inventory.datacenters()
            calls.clear()
            wanted = [Lookup(kind=kind, name=each, datacenter="dc-source") for kind in KINDS.values() for each in names]
            found = Finder(inventory).find(wanted)
            assert found[Lookup(kind="VirtualMachine", name=RHCOS, datacenter="dc-source")].found
            return Counter(each.method for each in calls)

    few, many = own(FEW), own(MANY)
    once = look(few, [RHCOS])
    assert once.total() <= 8
    assert look(many, [RHCOS, "other-0000", "other-0001", f"{DC}/vm/others/other-0002"]) == once
