"""The kinds of objects this product touches, and where the API server keeps them.

A table instead of discovery: the product's RBAC names exactly these, and a discovery call per process would only tell
us what we must know anyway. Whether a cluster *serves* an optional kind shows in the first list (`errors.NotServed`).
"""

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One kind as its API serves it; `group` is empty for the core group."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def confidential(self) -> bool:
        """Whether documents of this kind must not be quoted anywhere."""
        return self.kind == "Secret"

    def path(self, *, name: str | None = None, namespace: str | None = None, subresource: str | None = None) -> str:
        """The URL path of one object, or of the collection when `name` is omitted.

        A namespaced collection without a namespace is that of all namespaces. Raises ValueError for a namespaced object
        without a namespace and for a namespace on a cluster-scoped kind.
        """
        if self.namespaced and name and not namespace:
            raise ValueError(f"{self.kind} {name} needs a namespace")
        if namespace and not self.namespaced:
            raise ValueError(f"{self.kind} is cluster-scoped, got namespace {namespace}")
        parts = ["apis", self.group, self.version] if self.group else ["api", self.version]
        parts += ["namespaces", namespace] if namespace else []
        parts += [self.plural, *filter(None, (name, subresource))]
        return "/" + "/".join(quote(each, safe="") for each in parts)

    def describe(self, *, name: str | None = None, namespace: str | None = None) -> str:
        """The object as people write it: `MachineSet openshift-machine-api/ocp1-worker-a`."""
        return " ".join(filter(None, (self.kind, "/".join(filter(None, (namespace, name))))))


def _core(kind: str, plural: str, *, namespaced: bool = True) -> Resource:
    return Resource(group="", version="v1", plural=plural, kind=kind, namespaced=namespaced)


def _config(kind: str, plural: str) -> Resource:
    return Resource(group="config.openshift.io", version="v1", plural=plural, kind=kind, namespaced=False)


def _operator(kind: str, plural: str) -> Resource:
    return Resource(group="operator.openshift.io", version="v1", plural=plural, kind=kind, namespaced=False)


def _machine(kind: str, plural: str, *, version: str = "v1beta1") -> Resource:
    return Resource(group="machine.openshift.io", version=version, plural=plural, kind=kind)


def _apps(kind: str, plural: str) -> Resource:
    return Resource(group="apps", version="v1", plural=plural, kind=kind)


MACHINE = _machine("Machine", "machines")
MACHINE_SET = _machine("MachineSet", "machinesets")
MACHINE_HEALTH_CHECK = _machine("MachineHealthCheck", "machinehealthchecks")
CONTROL_PLANE_MACHINE_SET = _machine("ControlPlaneMachineSet", "controlplanemachinesets", version="v1")

INFRASTRUCTURE = _config("Infrastructure", "infrastructures")
CLUSTER_OPERATOR = _config("ClusterOperator", "clusteroperators")
CLUSTER_VERSION = _config("ClusterVersion", "clusterversions")
FEATURE_GATE = _config("FeatureGate", "featuregates")

CLUSTER_CSI_DRIVER = _operator("ClusterCSIDriver", "clustercsidrivers")

MACHINE_AUTOSCALER = Resource(
    group="autoscaling.openshift.io", version="v1beta1", plural="machineautoscalers", kind="MachineAutoscaler"
)
CLUSTER_AUTOSCALER = Resource(
    group="autoscaling.openshift.io",
    version="v1",
    plural="clusterautoscalers",
    kind="ClusterAutoscaler",
    namespaced=False,
)
CUSTOM_RESOURCE_DEFINITION = Resource(
    group="apiextensions.k8s.io",
    version="v1",
    plural="customresourcedefinitions",
    kind="CustomResourceDefinition",
    namespaced=False,
)
MIGRATION = Resource(
    group="migration.openshift.io",
    version="v1alpha1",
    plural="vmwarecloudfoundationmigrations",
    kind="VmwareCloudFoundationMigration",
)

SECRET = _core("Secret", "secrets")
CONFIG_MAP = _core("ConfigMap", "configmaps")
POD = _core("Pod", "pods")
EVENT = Resource(group="events.k8s.io", version="v1", plural="events", kind="Event")
NODE = _core("Node", "nodes", namespaced=False)
NAMESPACE = _core("Namespace", "namespaces", namespaced=False)
PERSISTENT_VOLUME = _core("PersistentVolume", "persistentvolumes", namespaced=False)

DEPLOYMENT = _apps("Deployment", "deployments")
DAEMON_SET = _apps("DaemonSet", "daemonsets")
