"""Which objects a migration touches: what `backup` stores, and later what "exactly as it was" is measured by."""

from migration.plan import Plan
from migration.value import Value

_MACHINE_API = "openshift-machine-api"


class ObjectAddress(Value):
    """One object of the cluster; no namespace for a cluster-scoped one."""

    kind: str
    namespace: str = ""
    name: str


def touched(plan: Plan) -> list[ObjectAddress]:
    """Every existing object that any phase edits or deletes."""
    return [
        ObjectAddress(kind="Infrastructure", name="cluster"),
        ObjectAddress(kind="Secret", namespace="kube-system", name="vsphere-creds"),
        ObjectAddress(kind="ConfigMap", namespace="openshift-config", name=plan.cloud_config),
        ObjectAddress(kind="ControlPlaneMachineSet", namespace=_MACHINE_API, name="cluster"),
        *(ObjectAddress(kind="MachineSet", namespace=_MACHINE_API, name=each.name) for each in plan.source_sets),
        *(
            ObjectAddress(kind="MachineHealthCheck", namespace=_MACHINE_API, name=each.name)
            for each in plan.quiesced.health_checks
        ),
        *(
            ObjectAddress(kind="MachineAutoscaler", namespace=_MACHINE_API, name=each.name)
            for each in plan.quiesced.autoscalers
        ),
    ]
