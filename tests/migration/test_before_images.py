"""Before-images: of everything that exists and that a phase edits or deletes, each once."""

from migration.before_images import ObjectAddress, touched
from migration.plan import (
    ControlPlanePlan,
    ObjectName,
    Plan,
    Quiesced,
    SecretAddress,
    SourceSet,
    VCenterPlan,
    VCenterReference,
)

SECRET = SecretAddress(namespace="kube-system", name="vsphere-creds")
SOURCE = VCenterPlan(reference=VCenterReference(cluster="", server="vc-old", credentials=SECRET), datacenters=["dc"])


def plan(*, sets: list[str], quiesced: Quiesced) -> Plan:
    return Plan(
        migration="m", run="r", cluster="", infrastructure_name="i", cluster_id="c", version="4.21", api_server="",
        namespace="vcf", strategy="Day2", source=SOURCE, source_failure_domains=[], targets=[], failure_domains=[],
        source_sets=[SourceSet(name=each, replicas=1) for each in sets], new_sets=[], source_vms=[],
        control_plane=ControlPlanePlan(replicas=3, state="Active", source_failure_domains=[], target_failure_domains=[], machines=[]),
        quiesced=quiesced, cloud_config="mine", cloud_config_key="config",
    )  # fmt: skip


def test_what_every_migration_touches() -> None:
    assert touched(plan(sets=[], quiesced=Quiesced())) == [
        ObjectAddress(kind="Infrastructure", name="cluster"),
        ObjectAddress(kind="Secret", namespace="kube-system", name="vsphere-creds"),
        ObjectAddress(kind="ConfigMap", namespace="openshift-config", name="mine"),
        ObjectAddress(kind="ControlPlaneMachineSet", namespace="openshift-machine-api", name="cluster"),
    ]


def test_what_this_one_touches_besides() -> None:
    quiesced = Quiesced(health_checks=[ObjectName(name="h")], autoscalers=[ObjectName(name="a"), ObjectName(name="b")])
    images = touched(plan(sets=["s", "t"], quiesced=quiesced))
    assert [(each.kind, each.namespace, each.name) for each in images[4:]] == [
        ("MachineSet", "openshift-machine-api", "s"),
        ("MachineSet", "openshift-machine-api", "t"),
        ("MachineHealthCheck", "openshift-machine-api", "h"),
        ("MachineAutoscaler", "openshift-machine-api", "a"),
        ("MachineAutoscaler", "openshift-machine-api", "b"),
    ]
    assert len(set(images)) == len(images)
