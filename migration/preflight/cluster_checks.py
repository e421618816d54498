"""What of the cluster's own configuration and health stands in the way of a migration."""

from migration.concern import Category
from migration.documents import infrastructure
from migration.openshift_names import CSI_DRIVER, MACHINE_CONFIG
from migration.preflight.check import Check, Finding, condition, found, named, source_servers, target_servers
from migration.preflight.facts import Facts
from migration.spec.model import MigrationSpec


def _unlisted(_: MigrationSpec, facts: Facts) -> Finding | None:
    lists = {
        "vcenters": infrastructure.vcenters(facts.infrastructure),
        "failureDomains": infrastructure.failure_domains(facts.infrastructure),
    }
    empty = [f"spec.platformSpec.vsphere.{field}" for field, listed in lists.items() if not listed]
    return found("Infrastructure/cluster has no {}, so nothing says where the cluster stands today.", empty)


def _source_is_target(spec: MigrationSpec, facts: Facts) -> Finding | None:
    known = infrastructure.servers(facts.infrastructure)
    if not known or source_servers(spec, facts):
        return None
    return found("Every vCenter of the cluster is a target of this migration: {}. There is nothing to move.", known)


def _several_sources(spec: MigrationSpec, facts: Facts) -> Finding | None:
    sources = source_servers(spec, facts)
    return (
        found("The cluster stands on several vCenters ({}); a migration moves it off one.", sources)
        if sources[1:]
        else None
    )


def _too_many(spec: MigrationSpec, facts: Facts) -> Finding | None:
    together = {*infrastructure.servers(facts.infrastructure), *target_servers(spec)}
    if len(together) <= infrastructure.MOST_VCENTERS:
        return None
    return found(f"Infrastructure would list {len(together)} vCenters; OpenShift allows three: {{}}.", together)


def _domain_taken(spec: MigrationSpec, facts: Facts) -> Finding | None:
    known = {each.get("name"): each for each in infrastructure.failure_domains(facts.infrastructure)}
    name = infrastructure.name(facts.infrastructure)
    taken = [
        f"{wanted.name} ({', '.join(fields)})"
        for wanted in spec.failure_domains
        if wanted.name in known
        and (fields := infrastructure.conflict(known[wanted.name], wanted, infrastructure_name=name))
    ]
    return found("Infrastructure has failure domains of the same name with other values: {}.", taken)


def _half_listed(spec: MigrationSpec, facts: Facts) -> Finding | None:
    if not source_servers(spec, facts):
        return None
    listed = {each["server"]: each.get("datacenters") or [] for each in infrastructure.vcenters(facts.infrastructure)}
    known = {each.get("name") for each in infrastructure.failure_domains(facts.infrastructure)}
    lacking = [
        f"{each.name} on {each.server}"
        for each in spec.failure_domains
        if each.server in listed and not (each.name in known and each.topology.datacenter in listed[each.server])
    ]
    return found("Infrastructure has these vCenters already, but not these failure domains: {}.", lacking)


def _several_networks(spec: MigrationSpec, facts: Facts) -> Finding | None:
    if "VSphereMultiNetworks" in _gates(facts):
        return None
    several = [each.name for each in spec.failure_domains if len(each.topology.networks) > 1]
    return found("This cluster's API allows one network for each failure domain; {} has more.", several)


def _upgrading(_: MigrationSpec, facts: Facts) -> Finding | None:
    if condition(facts.cluster_version, "Progressing") != "True":
        return None
    return found("The cluster is being upgraded to {}.", [_version(facts) or "another version"])


def _unhealthy(_: MigrationSpec, facts: Facts) -> Finding | None:
    return found("Not healthy: {}.", [each for each in _unhealthy_operators(facts) if each != MACHINE_CONFIG])


def _machine_config(_: MigrationSpec, facts: Facts) -> Finding | None:
    unhealthy = [each for each in _unhealthy_operators(facts) if each == MACHINE_CONFIG]
    return found("{} is not healthy: changes of machine configuration do not reach the nodes.", unhealthy)


def _cloud_config(_: MigrationSpec, facts: Facts) -> Finding | None:
    reference = (facts.infrastructure.get("spec") or {}).get("cloudConfig") or {}
    name = f"openshift-config/{reference.get('name') or 'cloud-provider-config'}"
    return Finding(assessment=facts.cloud_config_problem, objects=[name]) if facts.cloud_config_problem else None


def _volumes(_: MigrationSpec, facts: Facts) -> Finding | None:
    names = []
    for volume in facts.persistent_volumes:
        spec = volume.get("spec") or {}
        if (spec.get("csi") or {}).get("driver") == CSI_DRIVER or spec.get("vsphereVolume"):
            claim = spec.get("claimRef") or {}
            bound = f" ({claim.get('namespace')}/{claim.get('name')})" if claim else ""
            names.append(f"{named(volume)}{bound}")
    return found(f"{len(names)} volumes live on the source's datastores, which new nodes cannot reach: {{}}.", names)


def _driver_active(_: MigrationSpec, facts: Facts) -> Finding | None:
    state = ((facts.csi_driver or {}).get("spec") or {}).get("managementState")
    if facts.csi_driver is None or state == "Removed":
        return None
    return Finding(
        assessment=f"The vSphere CSI driver is {state or 'Managed'}: a volume provisioned while the migration runs "
        "may be made on the source, where it stays.",
        objects=[f"ClusterCSIDriver/{CSI_DRIVER}"],
    )


def _version(facts: Facts) -> str:
    desired = (facts.cluster_version.get("status") or {}).get("desired") or {}
    return str(desired.get("version") or "")


def _gates(facts: Facts) -> set[str]:
    """The feature gates that are enabled for the version that runs; another version's entry says nothing."""
    entries = (facts.feature_gate.get("status") or {}).get("featureGates") or []
    ours = [each for each in entries if each.get("version") == _version(facts)]
    return {gate["name"] for entry in ours for gate in entry.get("enabled") or []}


def _unhealthy_operators(facts: Facts) -> list[str]:
    """Without an explicit Available=True, or Degraded=True; Progressing is no illness."""
    return [
        named(each)
        for each in facts.cluster_operators
        if condition(each, "Available") != "True" or condition(each, "Degraded") == "True"
    ]


CHECKS = (
    Check(
        id="infrastructure.unlisted",
        category=Category.CRITICAL,
        label="Infrastructure does not say where the cluster is",
        remedy="Write the present vCenter and failure domain down (`oc edit infrastructure cluster`), wait until the "
        "cluster operators are stable, and try again.",
        find=_unlisted,
    ),
    Check(
        id="source.is-target",
        category=Category.CRITICAL,
        label="Source and target are the same vCenter",
        remedy="Name the new vCenter in failureDomains[].server.",
        find=_source_is_target,
    ),
    Check(
        id="source.several",
        category=Category.CRITICAL,
        label="More than one source vCenter",
        remedy="Leave one vCenter out of failureDomains at a time, or consolidate the cluster on one vCenter first.",
        find=_several_sources,
    ),
    Check(
        id="vcenters.too-many",
        category=Category.CRITICAL,
        label="Too many vCenters",
        remedy="Migrate to fewer target vCenters at a time.",
        find=_too_many,
    ),
    Check(
        id="failure-domain.name-taken",
        category=Category.CRITICAL,
        label="Failure domain name is taken",
        remedy="Give the failure domain another name in the migration's spec.",
        find=_domain_taken,
    ),
    Check(
        id="failure-domain.half-listed",
        category=Category.CRITICAL,
        label="A target that the cluster knows in part",
        remedy=(
            "Add the failure domain (and its datacenter) to Infrastructure yourself, or take that vCenter out of "
            "Infrastructure and the cloud config: a rollback takes out whole vCenters that it added, and nothing else."
        ),
        find=_half_listed,
    ),
    Check(
        id="failure-domain.several-networks",
        category=Category.CRITICAL,
        label="More than one network",
        remedy="Name one network, or enable the feature gate VSphereMultiNetworks.",
        find=_several_networks,
    ),
    Check(
        id="cluster-version.upgrading",
        category=Category.CRITICAL,
        label="Upgrade in progress",
        remedy="Wait until ClusterVersion/version says Progressing=False.",
        find=_upgrading,
    ),
    Check(
        id="operators.unhealthy",
        category=Category.CRITICAL,
        label="Cluster operators are not healthy",
        remedy="See `oc get clusteroperators` and fix them first; a migration cannot tell its own faults from theirs.",
        find=_unhealthy,
    ),
    Check(
        id="operators.machine-config",
        category=Category.WARNING,
        label="machine-config is not healthy",
        remedy="See `oc describe clusteroperator machine-config`; a migration's last phase waits until it is healthy.",
        find=_machine_config,
    ),
    Check(
        id="cloud-config.unusable",
        category=Category.CRITICAL,
        label="cloud-provider-config cannot be changed",
        remedy="Correct the ConfigMap as the assessment says.",
        find=_cloud_config,
    ),
    Check(
        id="volumes.on-source",
        category=Category.CRITICAL,
        label="Volumes on the source vCenter",
        remedy="Move the data to other storage (or back it up), then delete the claims and volumes.",
        find=_volumes,
    ),
    Check(
        id="volumes.driver-active",
        category=Category.WARNING,
        label="vSphere CSI driver is active",
        remedy="See that nobody provisions vSphere volumes during the migration, or set managementState to Removed.",
        find=_driver_active,
    ),
)
