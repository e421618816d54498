"""What of the machines, and of those who act on machines, stands in the way of a migration."""

from migration.concern import Category
from migration.documents.machine_sets import MACHINE_SET, server, unsupported
from migration.frozen_model import KubeObject
from migration.openshift_names import CONTROL_PLANE_ROLES, MACHINE_ROLE_LABEL, TERMINATION_HANDLER
from migration.preflight.check import Check, Finding, found, named, source_servers, target_servers
from migration.preflight.facts import Facts
from migration.spec.model import MigrationSpec


def _unsupported(spec: MigrationSpec, facts: Facts) -> Finding | None:
    sets = [each for each in facts.machine_sets if server(each) in source_servers(spec, facts)]
    fields = [
        f"{named(each)}: {field}"
        for each in sets
        for domain in spec.failure_domains
        for field in unsupported(each, failure_domain=domain)
    ]
    return found("These would get lost on the way: {}.", fields)


def _no_sets(spec: MigrationSpec, facts: Facts) -> Finding | None:
    sources = source_servers(spec, facts)
    if any(server(each) in sources for each in facts.machine_sets):
        return None
    return found("No MachineSet makes machines on {}: no workers will be made on the target.", sources)


def _ambiguous_total(spec: MigrationSpec, facts: Facts) -> Finding | None:
    asked = spec.machine_set_config.replicas if spec.machine_set_config else None
    sets = [named(each) for each in facts.machine_sets if server(each) in source_servers(spec, facts)]
    ambiguous = sets if asked is not None and len(sets) > 1 else []
    return found(f"machineSetConfig.replicas is {asked}, and whose share of it is whose is not said: {{}}.", ambiguous)


def _sets_on_target(spec: MigrationSpec, facts: Facts) -> Finding | None:
    there = [named(each) for each in facts.machine_sets if server(each) in target_servers(spec)]
    return found("MachineSets stand on the target already: {}. New ones are made beside them.", there)


def _alone(_: MigrationSpec, facts: Facts) -> Finding | None:
    alone = [named(each) for each in _workers(facts) if MACHINE_SET not in _labels(each)]
    return found("Machines that no MachineSet owns would be left on the source: {}.", alone)


def _nodes_alone(_: MigrationSpec, facts: Facts) -> Finding | None:
    made = {((each.get("status") or {}).get("nodeRef") or {}).get("name") for each in facts.machines}
    alone = [named(each) for each in facts.nodes if each["metadata"]["name"] not in made]
    return found("Nodes that no Machine stands for would be left where they are: {}.", alone)


def _workers_down(_: MigrationSpec, facts: Facts) -> Finding | None:
    return found("Not running, or without a node: {}.", [named(each) for each in _workers(facts) if not _runs(each)])


def _masters_down(_: MigrationSpec, facts: Facts) -> Finding | None:
    masters = [each for each in facts.machines if _labels(each).get(MACHINE_ROLE_LABEL) in CONTROL_PLANE_ROLES]
    return found("Not running, or without a node: {}.", [named(each) for each in masters if not _runs(each)])


def _no_cpms(_: MigrationSpec, facts: Facts) -> Finding | None:
    if facts.control_plane_machine_set is not None:
        return None
    return Finding(
        assessment="There is no ControlPlaneMachineSet, so nothing can recreate the control plane's machines.",
        objects=["openshift-machine-api/cluster"],
    )


def _strategy(_: MigrationSpec, facts: Facts) -> Finding | None:
    strategy = _cpms(facts).get("strategy") or {}
    kind = strategy.get("type", "RollingUpdate")
    return found(
        "With strategy {} a person would have to delete each machine.", [kind] if kind != "RollingUpdate" else []
    )


def _replicas(_: MigrationSpec, facts: Facts) -> Finding | None:
    replicas = _cpms(facts).get("replicas", 3)
    few = [f"{replicas} replicas"] if replicas < 3 else []
    return found("The control plane has {}: etcd cannot lose one member without losing the cluster.", few)


def _rolling(_: MigrationSpec, facts: Facts) -> Finding | None:
    document = facts.control_plane_machine_set or {}
    status, replicas = document.get("status") or {}, _cpms(facts).get("replicas", 3)
    if _cpms(facts).get("state") != "Active" or "updatedReplicas" not in status:
        return None
    behind = status["updatedReplicas"] < replicas or status.get("readyReplicas", 0) < replicas
    progress = f"{status['updatedReplicas']} updated and {status.get('readyReplicas', 0)} ready of {replicas}"
    return found("The control plane is not settled: {}.", [progress] if behind else [])


def _control_plane_addresses(_: MigrationSpec, facts: Facts) -> Finding | None:
    template = _cpms(facts).get("template") or {}
    machine = (template.get("machines_v1beta1_machine_openshift_io") or {}).get("spec") or {}
    network = ((machine.get("providerSpec") or {}).get("value") or {}).get("network") or {}
    pools = [
        f"network.devices[{index}].addressesFromPools"
        for index, device in enumerate(network.get("devices") or [])
        if device.get("addressesFromPools")
    ]
    return found("The control plane takes its addresses from pools of the source's network: {}.", pools)


def _inactive(_: MigrationSpec, facts: Facts) -> Finding | None:
    inactive = facts.control_plane_machine_set is not None and _cpms(facts).get("state") != "Active"
    return found(
        "{} is Inactive; it is made Active when the control plane is recreated.",
        ["openshift-machine-api/cluster"] if inactive else [],
    )


def _health_checks(_: MigrationSpec, facts: Facts) -> Finding | None:
    checks = [named(each) for each in facts.health_checks if each["metadata"]["name"] != TERMINATION_HANDLER]
    return found("MachineHealthChecks are paused while the migration runs, and go on afterwards: {}.", checks)


def _autoscalers(_: MigrationSpec, facts: Facts) -> Finding | None:
    names = [f"{each.get('kind', 'Autoscaler')} {named(each)}" for each in facts.autoscalers]
    return found("Autoscalers are set aside while the migration runs: {}.", names)


def _workers(facts: Facts) -> list[KubeObject]:
    return [each for each in facts.machines if _labels(each).get(MACHINE_ROLE_LABEL) not in CONTROL_PLANE_ROLES]


def _labels(document: KubeObject) -> dict[str, str]:
    return (document.get("metadata") or {}).get("labels") or {}


def _runs(machine: KubeObject) -> bool:
    status = machine.get("status") or {}
    return status.get("phase") == "Running" and bool(status.get("nodeRef"))


def _cpms(facts: Facts) -> KubeObject:
    return (facts.control_plane_machine_set or {}).get("spec") or {}


CHECKS = (
    Check(
        id="machine-sets.unsupported",
        category=Category.CRITICAL,
        label="Machines that cannot be carried over",
        remedy="Put MachineSets without these fields in their place, or give the failure domain as many networks.",
        find=_unsupported,
    ),
    Check(
        id="machine-sets.none",
        category=Category.WARNING,
        label="No workers to move",
        remedy="If there are workers that no MachineSet made, see that their work can run elsewhere.",
        find=_no_sets,
    ),
    Check(
        id="machine-sets.ambiguous-total",
        category=Category.CRITICAL,
        label="One number of workers for several MachineSets",
        remedy="Leave machineSetConfig.replicas out, which keeps each MachineSet's own, and scale them afterwards.",
        find=_ambiguous_total,
    ),
    Check(
        id="machine-sets.on-target",
        category=Category.WARNING,
        label="MachineSets on the target already",
        remedy="If they are left over from an earlier attempt, scale them to 0 and delete them first.",
        find=_sets_on_target,
    ),
    Check(
        id="machines.alone",
        category=Category.CRITICAL,
        label="Machines without a MachineSet",
        remedy="Drain and delete them, or make a MachineSet that owns them.",
        find=_alone,
    ),
    Check(
        id="nodes.alone",
        category=Category.CRITICAL,
        label="Nodes without a Machine",
        remedy="Drain them, delete the nodes and shut their machines down; a MachineSet can take their place.",
        find=_nodes_alone,
    ),
    Check(
        id="machines.workers-down",
        category=Category.WARNING,
        label="Worker machines are not running",
        remedy="See `oc get machines -n openshift-machine-api`; a Failed machine never recovers and can be deleted.",
        find=_workers_down,
    ),
    Check(
        id="machines.control-plane-down",
        category=Category.CRITICAL,
        label="Control-plane machines are not running",
        remedy="Fix the control plane first: it is replaced one member at a time and needs all of them to begin with.",
        find=_masters_down,
    ),
    Check(
        id="control-plane.missing",
        category=Category.CRITICAL,
        label="No ControlPlaneMachineSet",
        remedy="Create one for the present control plane; its operator proposes one for machines of Machine API.",
        find=_no_cpms,
    ),
    Check(
        id="control-plane.strategy",
        category=Category.CRITICAL,
        label="Control plane is not rolled automatically",
        remedy="Set spec.strategy.type of ControlPlaneMachineSet/cluster to RollingUpdate.",
        find=_strategy,
    ),
    Check(
        id="control-plane.replicas",
        category=Category.CRITICAL,
        label="Too few control-plane machines",
        remedy="A cluster with fewer than three control-plane machines has to be installed anew.",
        find=_replicas,
    ),
    Check(
        id="control-plane.rolling",
        category=Category.CRITICAL,
        label="Control plane is being rolled",
        remedy="Wait until all of its machines are updated and ready.",
        find=_rolling,
    ),
    Check(
        id="control-plane.unsupported",
        category=Category.CRITICAL,
        label="Control plane with addresses from pools",
        remedy="Give the target's network DHCP and remove addressesFromPools from ControlPlaneMachineSet/cluster.",
        find=_control_plane_addresses,
    ),
    Check(
        id="control-plane.inactive",
        category=Category.INFORMATION,
        label="ControlPlaneMachineSet will be activated",
        remedy="",
        find=_inactive,
    ),
    Check(
        id="machine-health-checks.paused",
        category=Category.INFORMATION,
        label="Health checks will be paused",
        remedy="",
        find=_health_checks,
    ),
    Check(
        id="autoscalers.set-aside",
        category=Category.INFORMATION,
        label="Autoscalers will be set aside",
        remedy="",
        find=_autoscalers,
    ),
)
