"""What only the vCenters can prove of a finished migration: what is really there, and what is really gone."""

from migration.plan import Plan, VCenterPlan
from migration.run.status import Claim, MachineView, listed
from vsphere import tags
from vsphere.api.session import VCenter
from vsphere.inventory import Inventory, Place, VirtualMachine


def target(vcenter: VCenter, plan: Plan, place: VCenterPlan, machines: list[MachineView]) -> list[Claim]:
    """Whether it has what the cluster says it has."""
    inventory, service = Inventory(vcenter), tags.TagService(vcenter)
    there = {each.name: each for each in _machines_in(inventory, place.datacenters)}
    wanted = [each.name for each in machines if each.server == place.server]
    mine = [there[each] for each in wanted if each in there]
    off = [each for each in wanted if each not in there or there[each].power_state != "poweredOn"]
    attached = service.attached([each.moref for each in mine])
    category = service.categories([f"openshift-{plan.infrastructure_name}"])
    owned = {each.id for each in category.values()}
    untagged = [each.name for each in mine if not owned & {tag.category_id for tag in attached[each.moref]}]
    return [
        Claim(
            claim=f"every Machine has its VM on {place.server}, powered on",
            holds=not off and bool(wanted) == _expected(plan, place),
            read=f"missing or off: {listed(off)}" if off else f"{len(wanted)} VMs powered on",
        ),
        Claim(
            claim=f"every VM on {place.server} carries the ownership tag",
            holds=not untagged and len(mine) == len(wanted),
            read=f"without it: {listed(untagged)}" if untagged else f"{len(mine)} VMs tagged",
        ),
    ]


def source(vcenter: VCenter, plan: Plan) -> Claim:
    """Whether anything of the cluster was left behind."""
    there = _machines_in(Inventory(vcenter), plan.source.datacenters)
    known = {each.name for each in plan.source_vms} | {each.instance_uuid for each in plan.source_vms}
    folders = {f"/{each}/vm/{plan.infrastructure_name}" for each in plan.source.datacenters}
    left = [each.path for each in there if known & {each.name, each.instance_uuid} or each.folder in folders]
    return Claim(
        claim=f"{plan.source.server} holds no VM of the cluster but its templates",
        holds=not left,
        read=f"left: {listed(left)}" if left else f"none of {len(plan.source_vms)} VMs left",
    )


def _expected(plan: Plan, place: VCenterPlan) -> bool:
    """Whether the plan puts any machine there; a target may be named for later."""
    used = {each.failure_domain for each in plan.new_sets if each.replicas} | {
        *plan.control_plane.target_failure_domains
    }
    return any(each.name in used for each in plan.domains_on(place.server))


def _machines_in(inventory: Inventory, datacenters: list[str]) -> list[VirtualMachine]:
    return [
        each
        for datacenter in datacenters
        for each in inventory.vms(inventory.require(Place(kind="Datacenter", path=f"/{datacenter}")))
        if not each.is_template
    ]
