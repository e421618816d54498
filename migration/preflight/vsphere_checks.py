"""What of the vCenters stands in the way of a migration."""

from collections import defaultdict
from collections.abc import Iterator
from math import ceil

from migration.capacity import USUAL_DISK, disks_gib
from migration.concern import Category
from migration.documents.machine_sets import provider_spec, server
from migration.frozen_model import KubeObject
from migration.preflight.check import Check, Finding, found, source_servers, target_servers
from migration.preflight.facts import DomainFacts, Facts
from migration.spec.failure_domain import FailureDomain
from migration.spec.model import MigrationSpec

_OLDEST_HARDWARE = 15
"""Machine API refuses to clone templates below it."""


def _unreachable(_: MigrationSpec, facts: Facts) -> Finding | None:
    return found(
        "{}", [f"{each.server}: {each.problem} {each.remedy}".rstrip() for each in facts.vcenters if each.problem]
    )


def _same(spec: MigrationSpec, facts: Facts) -> Finding | None:
    sources = source_servers(spec, facts)
    uuids = {
        each.instance_uuid: each.server for each in facts.vcenters if each.server in sources and each.instance_uuid
    }
    same = [
        f"{each.server} is {uuids[each.instance_uuid]}"
        for each in facts.vcenters
        if each.server in target_servers(spec) and each.instance_uuid in uuids
    ]
    return found("One vCenter under two names: {}.", same)


def _missing(spec: MigrationSpec, facts: Facts) -> Finding | None:
    gone = [
        f"{each.kind} {each.path} on {domain.server}" for domain, known in _asked(spec, facts) for each in known.missing
    ]
    return found("Not found: {}.", [each for each in gone if not each.startswith("Template ")])


def _no_template(spec: MigrationSpec, facts: Facts) -> Finding | None:
    gone = [
        f"{each.path} on {domain.server}"
        for domain, known in _asked(spec, facts)
        for each in known.missing
        if each.kind == "Template"
    ]
    return found("Machines are cloned from a template that is not there: {}.", gone)


def _unfit_template(spec: MigrationSpec, facts: Facts) -> Finding | None:
    smallest = min((_disk(each) for each in _source_sets(spec, facts)), default=USUAL_DISK)
    unfit = []
    for domain, known in _asked(spec, facts):
        path = domain.topology.template or domain.name
        if known.template and 0 < known.template.hardware_version < _OLDEST_HARDWARE:
            unfit.append(
                f"{path} has hardware version {known.template.hardware_version}, not {_OLDEST_HARDWARE} or later"
            )
        if known.template and known.template.disk_gib > smallest:
            unfit.append(
                f"{path} has a disk of {known.template.disk_gib:g} GiB, more than the {smallest} GiB of a machine"
            )
    return found("Templates that cannot be cloned: {}.", unfit)


def _privileges(_: MigrationSpec, facts: Facts) -> Finding | None:
    lacking = [
        f"{', '.join(sorted(each.privileges))} on {each.object} of {vcenter.server}"
        for vcenter in facts.vcenters
        for each in vcenter.lacking
    ]
    return found("The account of the migration lacks {}.", lacking)


def _other_tags(spec: MigrationSpec, facts: Facts) -> Finding | None:
    others = []
    for domain, known in _asked(spec, facts):
        wanted = {"openshift-region": domain.region, "openshift-zone": domain.zone}
        carriers = {
            "openshift-region": f"/{domain.topology.datacenter}",
            "openshift-zone": domain.topology.compute_cluster,
        }
        others += [
            f"{each.object} on {domain.server} has {each.category} {each.tag}, not {wanted[each.category]}"
            for each in known.attached
            if carriers.get(each.category) == each.object and each.tag != wanted[each.category]
        ]
    return found("An object can carry one tag of each of these categories: {}.", others)


def _categories(_: MigrationSpec, facts: Facts) -> Finding | None:
    unusable = [
        f"{name} on {vcenter.server}: {', '.join(problems)}"
        for vcenter in facts.vcenters
        for name, problems in vcenter.unusable_categories.items()
    ]
    return found("Tag categories exist that cannot be used: {}.", unusable)


def _tight(spec: MigrationSpec, facts: Facts) -> Finding | None:
    share = ceil(_demand(spec, facts) / len(spec.failure_domains))
    demand: dict[tuple[str, str], int] = defaultdict(int)
    free: dict[tuple[str, str], float] = {}
    for domain, known in _asked(spec, facts):
        if known.free_gib is not None:
            place = (domain.server, domain.topology.datastore)
            demand[place] += share
            free[place] = known.free_gib
    tight = [
        f"{path} on {vcenter} has {free[vcenter, path]:.0f} GiB free for {needed} GiB of disks"
        for (vcenter, path), needed in demand.items()
        if free[vcenter, path] < needed
    ]
    return found("Thin disks may fit at first and fill the datastore later: {}.", tight)


def _asked(spec: MigrationSpec, facts: Facts) -> Iterator[tuple[FailureDomain, DomainFacts]]:
    """The failure domains that their vCenter could be asked about."""
    known = {each.name: each for each in facts.failure_domains}
    return ((each, known[each.name]) for each in spec.failure_domains if each.name in known)


def _source_sets(spec: MigrationSpec, facts: Facts) -> list[KubeObject]:
    return [each for each in facts.machine_sets if server(each) in source_servers(spec, facts)]


def _disk(machine_set: KubeObject) -> int:
    return int(provider_spec(machine_set).get("diskGiB") or USUAL_DISK)


def _demand(spec: MigrationSpec, facts: Facts) -> int:
    """GiB of all disks of all machines to be made."""
    workers = sum(
        (each["spec"].get("replicas") or 0) * disks_gib(provider_spec(each)) for each in _source_sets(spec, facts)
    )
    masters = ((facts.control_plane_machine_set or {}).get("spec") or {}).get("replicas", 3)
    return int(workers + masters * USUAL_DISK)


CHECKS = (
    Check(
        id="vcenter.unreadable",
        category=Category.CRITICAL,
        label="A vCenter cannot be read",
        remedy="Check name, port, network path, certificate authority and credentials of each.",
        find=_unreachable,
    ),
    Check(
        id="source.same-vcenter",
        category=Category.CRITICAL,
        label="Source and target are the same vCenter",
        remedy="Name another vCenter in failureDomains[].server.",
        find=_same,
    ),
    Check(
        id="inventory.missing",
        category=Category.CRITICAL,
        label="Inventory objects are missing",
        remedy="Correct the paths in failureDomains[].topology, or create the objects.",
        find=_missing,
    ),
    Check(
        id="template.missing",
        category=Category.CRITICAL,
        label="Template is missing",
        remedy="Import the RHCOS image of the cluster's release there as a template, or name the one that is there.",
        find=_no_template,
    ),
    Check(
        id="template.unfit",
        category=Category.CRITICAL,
        label="Template cannot be cloned",
        remedy="Upgrade the template's virtual hardware, or import the RHCOS image of the cluster's release anew.",
        find=_unfit_template,
    ),
    Check(
        id="privileges.missing",
        category=Category.CRITICAL,
        label="Privileges are missing",
        remedy="Have the vSphere administrator grant them to the account in the credentials Secret.",
        find=_privileges,
    ),
    Check(
        id="tags.other-value",
        category=Category.CRITICAL,
        label="Region or zone tag with another value",
        remedy="Use that region or zone in the failure domain, or detach the tag if nobody else relies on it.",
        find=_other_tags,
    ),
    Check(
        id="categories.unusable",
        category=Category.CRITICAL,
        label="Tag category of another shape",
        remedy="Change the category in vCenter (associable types can be added), or rename it and have it made anew.",
        find=_categories,
    ),
    Check(
        id="datastore.tight",
        category=Category.WARNING,
        label="Datastore may be too small",
        remedy="Name a larger datastore, or make room.",
        find=_tight,
    ),
)
