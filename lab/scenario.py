"""What a lab looks like: one YAML in `lab/scenarios/`, validated here, the only input of `vcfm lab up`.

Delays are what a real site would spend its time on; everything else in a run is somebody's overhead. They are fixed
unless `seed` is given: then each use draws between half and one and a half of its value, from that seed.
"""

from importlib.resources import files
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Delays(Part):
    """Seconds that the simulated world takes.

    Attributes:
        clone: vCenter clones a template (the task runs that long).
        power_on: vCenter powers a VM on. Machine API asks once and, if the task is not done when it looks again, may
            sleep for 30 s: as on a real cluster, but no measure of anybody else.
        boot: from power-on to the Node's registration.
        pod_start: from a pod being scheduled to its readiness.
        pod_stop: from a pod's deletion to its end (what a drain waits for).
        operator_settle: how long a cluster operator is Progressing after its inputs changed.
        etcd_sync: from a master's readiness to its being a healthy voting member.
        config_sync: from a change of cloud-provider-config or Infrastructure to its generated copies.
        credentials_sync: from a change of vsphere-creds to the components' copies.
    """

    clone: float = 1.0
    power_on: float = 0.0
    boot: float = 3.0
    pod_start: float = 0.5
    pod_stop: float = 0.5
    operator_settle: float = 1.5
    etcd_sync: float = 1.0
    config_sync: float = 0.3
    credentials_sync: float = 0.3


class Pool(Part):
    """A worker MachineSet per source failure domain in use, with this many replicas in all."""

    name: str = "worker"
    replicas: int = 3
    labels: dict[str, str] = {}
    taints: list[dict[str, str]] = []
    cpus: int = 4
    memory_mib: int = 16384
    disk_gib: int = 120


class Workload(Part):
    """A user's Deployment or StatefulSet, with a PodDisruptionBudget if `min_available` is given."""

    name: str
    kind: Literal["Deployment", "StatefulSet"] = "Deployment"
    replicas: int = 2
    min_available: int | None = None


class Scenario(Part):
    """A cluster on its source vCenter, and an empty target.

    Attributes:
        rules: which of OpenShift's own rule sets the Infrastructure CRD enforces (lab.md §2).
        source_failure_domains, target_failure_domains: how many on each side; each is a compute cluster of its own.
        control_plane_state: whether the ControlPlaneMachineSet is Active to begin with.
        health_checks: names of MachineHealthChecks over the workers.
        autoscalers: whether MachineAutoscalers stand over the worker MachineSets.
        vm_count: further, unrelated VMs in the target's inventory, to show that bulk reads do not grow with it.
    """

    name: str = "default"
    infrastructure_name: str = "ocp1-x7x2g"
    namespace: str = "openshift-vcf-migration"
    rules: Literal["day2", "open", "legacy"] = "day2"
    masters: int = 3
    pools: list[Pool] = [Pool()]
    source_failure_domains: int = 1
    target_failure_domains: int = 1
    control_plane_state: Literal["Active", "Inactive"] = "Active"
    health_checks: list[str] = ["workers"]
    autoscalers: bool = True
    csi_volumes: int = 0
    vm_count: int = 0
    workloads: list[Workload] = [Workload(name="shop", replicas=3, min_available=2)]
    delays: Delays = Delays()
    seed: int | None = None


def load(name_or_file: str) -> Scenario:
    """The scenario of that name, or in that file.

    Raises:
        LookupError: neither exists; names the scenarios that do.
        pydantic.ValidationError: all that is wrong in it.
    """
    shipped = files("lab") / "scenarios"
    path = Path(name_or_file)
    if path.suffix in {".yaml", ".yml"} and path.exists():
        return Scenario.model_validate(yaml.safe_load(path.read_text()) or {})
    known = sorted(each.name.removesuffix(".yaml") for each in shipped.iterdir() if each.name.endswith(".yaml"))
    if name_or_file not in known:
        raise LookupError(f"no scenario {name_or_file!r}: name one of {', '.join(known)}, or give a YAML file")
    return Scenario.model_validate(yaml.safe_load((shipped / f"{name_or_file}.yaml").read_text()) or {})
