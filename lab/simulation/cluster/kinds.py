"""The resources that the simulated parts read and write, where the API server serves them."""

from lab.simulation.cluster.client import Kind

NODE = Kind(name="Node", plural="nodes", namespaced=False)
NAMESPACE = Kind(name="Namespace", plural="namespaces", namespaced=False)
POD = Kind(name="Pod", plural="pods")
SECRET = Kind(name="Secret", plural="secrets")
CONFIG_MAP = Kind(name="ConfigMap", plural="configmaps")
LEASE = Kind(name="Lease", plural="leases", group="coordination.k8s.io")
DEPLOYMENT = Kind(name="Deployment", plural="deployments", group="apps")
DAEMON_SET = Kind(name="DaemonSet", plural="daemonsets", group="apps")
MACHINE = Kind(name="Machine", plural="machines", group="machine.openshift.io", version="v1beta1")
INFRASTRUCTURE = Kind(name="Infrastructure", plural="infrastructures", group="config.openshift.io", namespaced=False)
FEATURE_GATE = Kind(name="FeatureGate", plural="featuregates", group="config.openshift.io", namespaced=False)
CLUSTER_VERSION = Kind(name="ClusterVersion", plural="clusterversions", group="config.openshift.io", namespaced=False)
CLUSTER_OPERATOR = Kind(
    name="ClusterOperator", plural="clusteroperators", group="config.openshift.io", namespaced=False
)
MACHINE_CONFIG_POOL = Kind(
    name="MachineConfigPool", plural="machineconfigpools", group="machineconfiguration.openshift.io", namespaced=False
)
CONTROLLER_CONFIG = Kind(
    name="ControllerConfig", plural="controllerconfigs", group="machineconfiguration.openshift.io", namespaced=False
)
INFRASTRUCTURE_CRD = Kind(
    name="CustomResourceDefinition",
    plural="customresourcedefinitions",
    group="apiextensions.k8s.io",
    namespaced=False,
    only="infrastructures.config.openshift.io",
)

WATCHED = (
    NODE, POD, SECRET, CONFIG_MAP, DEPLOYMENT, DAEMON_SET, MACHINE, INFRASTRUCTURE, FEATURE_GATE, CLUSTER_VERSION,
    CLUSTER_OPERATOR, MACHINE_CONFIG_POOL, CONTROLLER_CONFIG, INFRASTRUCTURE_CRD,
)  # fmt: skip
