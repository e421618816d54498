"""Reading a real inventory: paths, names, numbers, and how many round trips they cost."""

from collections import Counter
from collections.abc import Callable

import pytest
from pyVmomi import vim

from migration.audit.call import Call
from tests.support.timeouts import EVENT_SECONDS
from tests.vsphere.real_vcenter import RealVCenter
from vsphere.api import property_collector
from vsphere.api.moref import moref
from vsphere.api.session import VCenter
from vsphere.errors import NotFound
from vsphere.inventory import Inventory, Place
from vsphere.updates import wait_task

FEW, MANY = 10, 500
DATACENTER = Place(kind="Datacenter", path="/dc-source")


@pytest.fixture
def inventory(vcenter: VCenter) -> Inventory:
    return Inventory(vcenter)


def test_everything_a_failure_domain_names_is_found(inventory: Inventory, shared: RealVCenter) -> None:
    for domain in shared.site.failure_domains:
        topology = domain["topology"]
        places = [
            Place(kind="Datacenter", path=f"/{topology['datacenter']}"),
            Place(kind="ClusterComputeResource", path=topology["computeCluster"]),
            Place(kind="Datastore", path=topology["datastore"]),
            Place(kind="ResourcePool", path=topology["resourcePool"]),
            Place(kind="Folder", path=topology["folder"]),
            Place(kind="VirtualMachine", path=topology["template"]),
        ]
        found = inventory.resolve(places)
        assert list(found) == places
        assert [str(each).split(":")[0] for each in found.values()] == [each.kind for each in places]
        cluster = found[places[1]]
        assert cluster
        networks = inventory.networks(cluster, [*topology["networks"], "no such network"])
        assert [len(each) for each in networks.values()] == [1, 0]


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("Folder", "/dc-source/vm/nowhere"),
        ("Datacenter", "/nowhere"),
        ("VirtualMachine", "/dc-source/vm"),  # there, but a folder
        ("Folder", "/dc-source"),
    ],
)
def test_what_is_missing_or_something_else_is_not_found(inventory: Inventory, kind: str, path: str) -> None:
    place = Place(kind=kind, path=path)
    assert inventory.resolve([place]) == {place: None}
    with pytest.raises(NotFound, match=f"No {kind} '{path}'"):
        inventory.require(place)


def test_datacenters_have_paths(inventory: Inventory) -> None:
    assert [(each.name, each.path) for each in inventory.datacenters()] == [("dc-source", "/dc-source")]


def test_a_template_as_preflight_needs_it(inventory: Inventory, shared: RealVCenter) -> None:
    path = shared.site.failure_domains[0]["topology"]["template"]
    template = next(each for each in inventory.vms(inventory.require(DATACENTER)) if each.path == path)
    assert template.is_template
    assert template.power_state == "poweredOff"
    assert template.hardware_version >= 15
    assert template.moref == inventory.require(Place(kind="VirtualMachine", path=path))
    disks = inventory.disks_gib(template.moref)
    assert disks
    assert template.provisioned_gib >= sum(disks) > 0


def test_a_guests_name_is_read(inventory: Inventory, vcenter: VCenter) -> None:
    folder = inventory.require(Place(kind="Folder", path="/dc-source/vm"))
    machine = next(each for each in inventory.vms(folder) if not each.is_template)
    assert machine.hostname == ""
    named = vim.option.OptionValue(key="guestinfo.hostname", value="worker-0")
    task = vcenter.managed(machine.moref).Reconfigure(vim.vm.ConfigSpec(extraConfig=[named]))
    wait_task(vcenter, moref(task), patience=EVENT_SECONDS)
    assert {each.path: each.hostname for each in inventory.vms(folder)}[machine.path] == "worker-0"


def test_datastores_have_room(inventory: Inventory, shared: RealVCenter) -> None:
    place = Place(kind="Datastore", path=shared.site.failure_domains[0]["topology"]["datastore"])
    reference = inventory.require(place)
    (found,) = inventory.datastores([reference]).values()
    assert found.name == "datastore-source-a"
    assert found.accessible
    assert found.maintenance == "normal"
    assert 0 < found.free_gib <= found.capacity_gib


def test_round_trips_do_not_depend_on_how_many_vms_there_are(
    own: Callable[[int], RealVCenter], monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(real: RealVCenter) -> tuple[int, Counter[str]]:
        calls: list[Call] = []
        with real.session(calls.append) as vcenter:
            inventory = Inventory(vcenter)
            datacenter = inventory.require(DATACENTER)
            calls.clear()
            machines = inventory.vms(datacenter)
            assert all(each.uuid and each.instance_uuid and each.folder for each in machines)
            return len(machines), Counter(each.method for each in calls)

    few, many = own(FEW), own(MANY)
    few_vms, few_calls = read(few)
    many_vms, many_calls = read(many)
    assert many_vms - few_vms == MANY - FEW
    assert many_calls == few_calls
    assert few_calls.total() == 4

    monkeypatch.setattr(property_collector, "PAGE", 100)
    paged_vms, paged_calls = read(many)
    assert paged_vms == many_vms
    assert paged_calls - few_calls == Counter(ContinueRetrievePropertiesEx=many_vms // 100)


def test_a_view_that_dies_with_its_session_is_made_anew(
    vcenter: VCenter, inventory: Inventory, shared: RealVCenter, calls: list[Call]
) -> None:
    datacenter = inventory.require(DATACENTER)
    before = inventory.vms(datacenter)
    calls.clear()
    shared.admin.inject({"method": "RetrievePropertiesEx", "fault": "NotAuthenticated", "times": 1})
    assert inventory.vms(datacenter) == before
    assert [each.method for each in calls].count("Login") == 1
