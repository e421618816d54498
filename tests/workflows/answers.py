"""What a healthy world answers to each activity: values once, so that tests say only what is special about them."""

from typing import Any

from activities.cluster.backup import BackupsTaken
from activities.cluster.baseline import Compared
from activities.cluster.cloud_config import ConfigSeen, GeneratedSeen
from activities.cluster.control_plane import Pointed, Rolled
from activities.cluster.credentials import CopiesSeen, KeysChanged
from activities.cluster.health import StableSeen
from activities.cluster.infrastructure import Listed
from activities.cluster.machine_sets import MachinesSeen, SetsSeen
from activities.cluster.metadata import MetadataWritten
from activities.cluster.pods import OldPods, PodsReplaced
from activities.cluster.quiesce import Names
from activities.vcenter.folders import FolderSeen
from activities.vcenter.source import SourceFit
from activities.vcenter.tags import TagsSeen
from activities.vcenter.virtual_machines import VmsSeen, VmsTagged
from activities.verify.verification import ClusterReport, VCenterReport
from migration.before_images import FolderBefore, TagsBefore
from migration.plan import (
    ControlPlanePlan,
    NewSet,
    ObjectName,
    Plan,
    Quiesced,
    SecretAddress,
    SourceSet,
    VCenterPlan,
    VCenterReference,
    VirtualMachineName,
)
from migration.run.request import ClusterIdentity, MigrationRequest, PreflightResult
from migration.run.status import Claim, MachineView
from migration.spec.failure_domain import FailureDomain, Topology
from migration.spec.model import MigrationSpec, SecretReference
from openshift.backups import Backup

SOURCE, TARGET = "vc-old.example.com", "vc-new.example.com"
DOMAIN = FailureDomain(
    name="az1",
    region="r1",
    zone="z1",
    server=TARGET,
    topology=Topology(
        datacenter="dc1",
        compute_cluster="/dc1/host/c1",
        datastore="/dc1/datastore/d1",
        networks=["n1"],
    ),
)
MASTERS = [f"ocp1-master-{index}" for index in range(3)]
WORKERS = [f"ocp1-worker-{index}" for index in range(2)]


def request(**spec: Any) -> MigrationRequest:
    """One failure domain, everything else left to its default unless it is given; parks instead of rolling back."""
    return MigrationRequest(
        infrastructure_name="ocp1",
        spec=MigrationSpec(
            **{
                "target_vcenter_credentials_secret": SecretReference(name="target"),
                "failure_domains": [DOMAIN],
                "rollback_on_failure": False,
                **spec,
            }
        ),
    )


def _vcenter(server: str) -> VCenterPlan:
    address = SecretAddress(namespace="kube-system", name="vsphere-creds")
    return VCenterPlan(reference=VCenterReference(cluster="", server=server, credentials=address), datacenters=["dc1"])


PLAN = Plan(
    migration="vcfm-ocp1",
    run="r",
    cluster="",
    infrastructure_name="ocp1",
    cluster_id="c-1",
    version="4.21.0",
    api_server="https://api.example.com:6443",
    namespace="openshift-vcf-migration",
    strategy="Day2",
    source=_vcenter(SOURCE),
    source_failure_domains=["old"],
    known_servers=[SOURCE],
    targets=[_vcenter(TARGET)],
    failure_domains=[DOMAIN.completed("ocp1")],
    source_sets=[SourceSet(name="ocp1-worker-0", replicas=2)],
    new_sets=[NewSet(name="ocp1-worker-az1", pattern="ocp1-worker-0", failure_domain="az1", replicas=2)],
    source_vms=[VirtualMachineName(name=each, instance_uuid=each, node=each) for each in [*MASTERS, *WORKERS]],
    control_plane=ControlPlanePlan(
        replicas=3,
        state="Active",
        source_failure_domains=["old"],
        target_failure_domains=["az1"],
        machines=MASTERS,
    ),
    quiesced=Quiesced(health_checks=[ObjectName(namespace="openshift-machine-api", name="workers", uid="u1")]),
    cloud_config="cloud-provider-config",
    cloud_config_key="config",
)


def machine(name: str, *, role: str = "worker", server: str = TARGET) -> MachineView:
    """A Running machine with a Ready node."""
    return MachineView(name=name, role=role, server=server, phase="Running", ready=True)


ANSWERS: dict[str, Any] = {
    "read_identity": ClusterIdentity(infrastructure_name="ocp1", version="4.21.0", api_server="https://api:6443"),
    "preflight": PreflightResult(concerns=[], plan=PLAN, nodes=[machine(each, server=SOURCE) for each in WORKERS]),
    "take_backups": lambda order: BackupsTaken(
        manifests=[
            Backup(object=f"{each.kind} {each.name}", secret=f"vcfm-backup-{each.name}", sha256="0" * 64)
            for each in order.objects
        ]
    ),
    "pause_health_checks": Names(names=["workers"]),
    "resume_health_checks": Names(names=["workers"]),
    "set_autoscalers_aside": Names(names=[]),
    "restore_autoscalers": Names(names=[]),
    "add_credentials": KeysChanged(keys=[]),
    "remove_credentials": KeysChanged(keys=[]),
    "wait_credentials_copied": CopiesSeen(names=["openshift-machine-api/vsphere-cloud-credentials"]),
    "ensure_tags": TagsSeen(evidence=["tags there"], created=[]),
    "ensure_folder": FolderSeen(evidence=["folder there"], created=[]),
    "add_vcenters": Listed(servers=[SOURCE, TARGET], failure_domains=["old", "az1"]),
    "remove_vcenter": Listed(servers=[TARGET], failure_domains=["az1"]),
    "add_to_cloud_config": ConfigSeen(servers=[SOURCE, TARGET]),
    "remove_from_cloud_config": ConfigSeen(servers=[TARGET]),
    "wait_config_generated": GeneratedSeen(names=["openshift-config-managed/kube-cloud-config"]),
    "observe_pods": OldPods(cluster="", workloads=[]),
    "delete_pods": None,
    "wait_pods_replaced": PodsReplaced(evidence="all new"),
    "wait_stable": StableSeen(evidence="all stable"),
    "create_machine_set": lambda order: SetsSeen(names=[order.new_set.name]),
    "wait_workers_ready": MachinesSeen(count=2, nodes=[machine("ocp1-worker-az1-a"), machine("ocp1-worker-az1-b")]),
    "ensure_vms_tagged": VmsTagged(evidence=["all tagged"]),
    "point_control_plane": Pointed(state="Active", failure_domains=["az1"]),
    "follow_control_plane": Rolled(
        nodes=[machine(f"ocp1-master-x-{index}", role="master") for index in range(3)], evidence=["rolled"]
    ),
    "wait_vms_gone": VmsSeen(evidence="gone"),
    "scale_machine_sets_to_zero": SetsSeen(names=["ocp1-worker-0"]),
    "wait_workers_gone": MachinesSeen(count=5, nodes=[]),
    "delete_machine_sets": SetsSeen(names=["ocp1-worker-0"]),
    "write_metadata": MetadataWritten(namespace="openshift-vcf-migration", name="ocp1-metadata"),
    "observe_tags": TagsBefore(categories=[], tags=[], attached=[]),
    "remove_tags": TagsSeen(evidence=["tags as they were"], created=[]),
    "compare_tags": Claim(claim="tags as they were", holds=True, read="equal"),
    "observe_folder": FolderBefore(existing=[]),
    "remove_folder": FolderSeen(evidence=["folders as they were"], created=[]),
    "compare_folder": Claim(claim="folders as they were", holds=True, read="equal"),
    "restore_credentials": KeysChanged(keys=[]),
    "restore_machine_sets": SetsSeen(names=["ocp1-worker-0"]),
    "make_control_plane_set_inactive": None,
    "put_autoscalers_back": Names(names=[]),
    "record_decisions": None,
    "source_is_fit": SourceFit(evidence="fit"),
    "compare_baseline": Compared(claims=[Claim(claim="as it was", holds=True, read="equal")]),
    "verify_cluster": ClusterReport(claims=[Claim(claim="all well", holds=True, read="read")], machines=[]),
    "verify_vcenters": VCenterReport(claims=[Claim(claim="all there", holds=True, read="read")]),
}
