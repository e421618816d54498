"""What a gate asks: what the phase is about to do, to which objects, for how long, and what each answer does."""

from datetime import datetime

from migration.phase import FIRST_GATE, POINT_OF_NO_RETURN, PhaseName, number, row
from migration.plan import Plan
from migration.run.status import Gate, MigrationStatus
from migration.spec.model import ApprovalMode, MigrationSpec

_USUAL = {
    PhaseName.RESTART_PODS: "1 to 5 minutes",
    PhaseName.MONITOR_HEALTH: "2 to 20 minutes",
    PhaseName.CREATE_WORKERS: "10 to 30 minutes",
    PhaseName.RECREATE_CPMS: "30 to 60 minutes; the API server comes and goes",
    PhaseName.SCALE_OLD: "10 to 60 minutes, as long as drains take",
    PhaseName.CLEANUP: "5 to 15 minutes",
    PhaseName.VERIFY: "2 to 20 minutes",
}


def is_gated(phase: PhaseName, spec: MigrationSpec) -> bool:
    """Whether somebody must approve before the phase begins."""
    if spec.gates:
        return phase in spec.gates
    return spec.approval_mode is ApprovalMode.MANUAL and number(phase) >= number(FIRST_GATE)


def make_gate(phase: PhaseName, plan: Plan, *, since: datetime, rollback_readiness: str = "") -> Gate:
    """The question."""
    last = phase is POINT_OF_NO_RETURN
    return Gate(
        phase=phase,
        since=since,
        asks=f"{row(phase).title}?" + (" After this there is no way back." if last else ""),
        blast_radius=_touched(phase, plan),
        duration=_USUAL.get(phase, "seconds"),
        approve=f"{phase} begins",
        reject="everything done so far is rolled back"
        if number(phase) <= number(POINT_OF_NO_RETURN)
        else f"is refused: there is no way back after {POINT_OF_NO_RETURN} has begun, and it waits on",
        rollback_readiness=rollback_readiness,
    )


def who_approves(status: MigrationStatus) -> str:
    """Whose approval counts, in words; empty where anybody's does."""
    rules = [
        f"somebody else than {status.requested_by}, who asked for it" if status.separate_approver else "",
        "by REST, vcfm or the custom resource, which sign it" if status.signed else "",
    ]
    return ", ".join(filter(None, rules))


def _touched(phase: PhaseName, plan: Plan) -> list[str]:
    """The change, object by object."""
    servers = ", ".join(plan.target_servers)
    sets = [f"MachineSet {each.name}: {each.replicas} → 0 replicas" for each in plan.source_sets]
    pods = "the vSphere-aware pods of six namespaces, replaced by new ones"
    touched: dict[PhaseName, list[str]] = {
        PhaseName.BACKUP: [f"+ Secrets in {plan.namespace}: before-images, and the record of this migration"],
        PhaseName.DISABLE_CVO: [
            *(f"MachineHealthCheck {each.name}: paused" for each in plan.quiesced.health_checks),
            *(f"MachineAutoscaler {each.name}: set aside" for each in plan.quiesced.autoscalers),
        ],
        PhaseName.UPDATE_SECRETS: [f"Secret kube-system/vsphere-creds: + keys of {servers}"],
        PhaseName.CREATE_TAGS: [f"{servers}: region, zone and ownership tags"],
        PhaseName.CREATE_FOLDER: [f"{each.server}: {each.topology.folder}" for each in plan.failure_domains],
        PhaseName.UPDATE_INFRASTRUCTURE: [
            f"Infrastructure/cluster: + vCenter {servers}",
            *(f"Infrastructure/cluster: + failure domain {each.name}" for each in plan.failure_domains),
        ],
        PhaseName.UPDATE_CONFIG: [f"ConfigMap openshift-config/{plan.cloud_config}: + vCenter {servers}"],
        PhaseName.RESTART_PODS: [pods],
        PhaseName.CREATE_WORKERS: [
            f"+ MachineSet {each.name}: {each.replicas} in {each.failure_domain}" for each in plan.new_sets
        ],
        PhaseName.RECREATE_CPMS: [
            f"ControlPlaneMachineSet cluster: Active in {', '.join(plan.control_plane.target_failure_domains)}",
            *(f"Machine {each}: replaced on {servers}" for each in plan.control_plane.machines),
        ],
        PhaseName.SCALE_OLD: sets,
        PhaseName.CLEANUP: [
            *(f"MachineSet {each.name}: deleted" for each in plan.source_sets),
            f"Infrastructure/cluster: - vCenter {plan.source.server} and its failure domains",
            f"ConfigMap openshift-config/{plan.cloud_config}: - vCenter {plan.source.server}",
            f"Secret kube-system/vsphere-creds: - keys of {plan.source.server}",
            pods,
            *(f"MachineHealthCheck {each.name}: goes on" for each in plan.quiesced.health_checks),
            *(f"MachineAutoscaler {each.name}: over the new MachineSets" for each in plan.quiesced.autoscalers),
            f"+ Secret in {plan.namespace}: the metadata.json with which an installer destroys the cluster one day",
        ],
    }
    return touched.get(phase, ["nothing: it only reads"])
