"""Machines, MachineSets, the ControlPlaneMachineSet and what watches over them, as an installer leaves them."""

from lab.scenario import Pool, Scenario
from lab.vcenters.site import Document, Site

NAMESPACE = "openshift-machine-api"
_CLUSTER = "machine.openshift.io/cluster-api-cluster"
_ROLE = "machine.openshift.io/cluster-api-machine-role"
_TYPE = "machine.openshift.io/cluster-api-machine-type"
_SET = "machine.openshift.io/cluster-api-machineset"


def machine_documents(scenario: Scenario, site: Site) -> list[Document]:
    """Everything of the Machine API but the ControlPlaneMachineSet: that one wants its Machines first."""
    sets = [each for pool in scenario.pools for each in machine_sets(scenario, site, pool)]
    documents = [master(scenario, site, index) for index in range(scenario.masters)] + sets
    documents += [health_check(scenario, name) for name in scenario.health_checks] + [_termination_handler()]
    if scenario.autoscalers:
        documents += [_cluster_autoscaler(), *(_machine_autoscaler(each) for each in sets)]
    return documents


def provider_spec(site: Site, zone: str, *, role: str, pool: Pool) -> Document:
    """A `VSphereMachineProviderSpec` for this failure domain."""
    place = site.failure_domain(zone)["topology"]
    return {
        "apiVersion": "machine.openshift.io/v1beta1",
        "kind": "VSphereMachineProviderSpec",
        "credentialsSecret": {"name": "vsphere-cloud-credentials"},
        "userDataSecret": {"name": f"{role}-user-data"},
        "numCPUs": pool.cpus,
        "numCoresPerSocket": pool.cpus,
        "memoryMiB": pool.memory_mib,
        "diskGiB": pool.disk_gib,
        "snapshot": "",
        "template": place["template"],
        "network": {"devices": [{"networkName": each} for each in place["networks"]]},
        "workspace": {
            "server": site.server,
            "datacenter": place["datacenter"],
            "datastore": place["datastore"],
            "folder": place["folder"],
            "resourcePool": place["resourcePool"],
        },
    }


def machine_sets(scenario: Scenario, site: Site, pool: Pool) -> list[Document]:
    """One MachineSet for each failure domain, the replicas dealt round."""
    share, rest = divmod(pool.replicas, len(site.zones))
    return [
        _machine_set(scenario, site, pool, zone=zone, index=index, replicas=share + (index < rest))
        for index, zone in enumerate(site.zones)
    ]


def _machine_set(scenario: Scenario, site: Site, pool: Pool, *, zone: str, index: int, replicas: int) -> Document:
    name = f"{scenario.infrastructure_name}-{pool.name}-{index}"
    selector = {_CLUSTER: scenario.infrastructure_name, _SET: name}
    topology = _topology(site, zone)
    role = "" if pool.name == "worker" else pool.name
    node = {f"node-role.kubernetes.io/{role}": ""} if role else {}
    template: Document = {
        "metadata": {"labels": selector | topology | {_ROLE: pool.name, _TYPE: pool.name}},
        "spec": {
            "lifecycleHooks": {},
            "metadata": {"labels": node | pool.labels},
            "providerSpec": {"value": provider_spec(site, zone, role="worker", pool=pool)},
        },
    }
    if pool.taints:
        template["spec"]["taints"] = pool.taints
    return {
        "apiVersion": "machine.openshift.io/v1beta1",
        "kind": "MachineSet",
        "metadata": {
            "name": name,
            "namespace": NAMESPACE,
            "labels": {_CLUSTER: scenario.infrastructure_name} | topology,
        },
        "spec": {"replicas": replicas, "selector": {"matchLabels": selector}, "template": template},
    }


def master(scenario: Scenario, site: Site, index: int) -> Document:
    """A control-plane Machine, with the hook by which the etcd operator holds its deletion."""
    zone = site.zones[index % len(site.zones)]
    return {
        "apiVersion": "machine.openshift.io/v1beta1",
        "kind": "Machine",
        "metadata": {
            "name": f"{scenario.infrastructure_name}-master-{index}",
            "namespace": NAMESPACE,
            "labels": _master_labels(scenario) | _topology(site, zone),
        },
        "spec": {
            "lifecycleHooks": {"preDrain": [{"name": "EtcdQuorumOperator", "owner": "clusteroperator/etcd"}]},
            "metadata": {},
            "providerSpec": {"value": provider_spec(site, zone, role="master", pool=Pool())},
        },
    }


def control_plane_machine_set(scenario: Scenario, site: Site) -> Document:
    """As an installer writes it for failure domains: what those say is left out of the provider spec."""
    spec = provider_spec(site, site.zones[0], role="master", pool=Pool())
    spec |= {"workspace": {}, "template": "", "network": {"devices": []}}
    labels = _master_labels(scenario)
    return {
        "apiVersion": "machine.openshift.io/v1",
        "kind": "ControlPlaneMachineSet",
        "metadata": {"name": "cluster", "namespace": NAMESPACE, "labels": {_CLUSTER: scenario.infrastructure_name}},
        "spec": {
            "replicas": scenario.masters,
            "state": scenario.control_plane_state,
            "strategy": {"type": "RollingUpdate"},
            "selector": {"matchLabels": labels},
            "template": {
                "machineType": "machines_v1beta1_machine_openshift_io",
                "machines_v1beta1_machine_openshift_io": {
                    "failureDomains": {"platform": "VSphere", "vsphere": [{"name": zone} for zone in site.zones]},
                    "metadata": {"labels": labels},
                    "spec": {"lifecycleHooks": {}, "metadata": {}, "providerSpec": {"value": spec}},
                },
            },
        },
    }


def health_check(scenario: Scenario, name: str) -> Document:
    """A MachineHealthCheck over the workers, with the documentation's own figures."""
    return {
        "apiVersion": "machine.openshift.io/v1beta1",
        "kind": "MachineHealthCheck",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "selector": {"matchLabels": {_CLUSTER: scenario.infrastructure_name, _ROLE: "worker"}},
            "maxUnhealthy": "40%",
            "nodeStartupTimeout": "20m",
            "unhealthyConditions": [
                {"type": "Ready", "status": status, "timeout": "300s"} for status in ("Unknown", "False")
            ],
        },
    }


def _termination_handler() -> Document:
    """The MachineHealthCheck that every cluster has; it only reacts to a cloud taking a machine back."""
    return {
        "apiVersion": "machine.openshift.io/v1beta1",
        "kind": "MachineHealthCheck",
        "metadata": {"name": "machine-api-termination-handler", "namespace": NAMESPACE},
        "spec": {
            "selector": {"matchLabels": {"machine.openshift.io/interruptible-instance": ""}},
            "maxUnhealthy": "100%",
            "nodeStartupTimeout": "0s",
            "unhealthyConditions": [{"type": "Terminating", "status": "True", "timeout": "0s"}],
        },
    }


def _cluster_autoscaler() -> Document:
    return {
        "apiVersion": "autoscaling.openshift.io/v1",
        "kind": "ClusterAutoscaler",
        "metadata": {"name": "default"},
        "spec": {"scaleDown": {"enabled": True}},
    }


def _machine_autoscaler(machine_set: Document) -> Document:
    name, replicas = machine_set["metadata"]["name"], machine_set["spec"]["replicas"]
    return {
        "apiVersion": "autoscaling.openshift.io/v1beta1",
        "kind": "MachineAutoscaler",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "minReplicas": replicas,
            "maxReplicas": replicas + 3,
            "scaleTargetRef": {"apiVersion": "machine.openshift.io/v1beta1", "kind": "MachineSet", "name": name},
        },
    }


def _master_labels(scenario: Scenario) -> dict[str, str]:
    return {_CLUSTER: scenario.infrastructure_name, _ROLE: "master", _TYPE: "master"}


def _topology(site: Site, zone: str) -> dict[str, str]:
    return {"machine.openshift.io/region": site.region, "machine.openshift.io/zone": zone}
