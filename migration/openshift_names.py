"""Names that OpenShift gives to its own objects, roles and annotations: each is written here, and nowhere else."""

CREDENTIALS_NAMESPACE = "kube-system"
CREDENTIALS_NAME = "vsphere-creds"
"""The Secret with the cluster's own logins to vCenter; the cloud-credential-operator copies it to the components."""

CSI_DRIVER = "csi.vsphere.vmware.com"
"""The ClusterCSIDriver, and `spec.csi.driver` of the PersistentVolumes that it made."""

MACHINE_CONFIG = "machine-config"
"""The ClusterOperator that is Degraded for as long as two vCenters are configured, and calm again afterwards."""

MACHINE_API_NAMESPACE = "openshift-machine-api"
TERMINATION_HANDLER = "machine-api-termination-handler"
"""A MachineHealthCheck of every cluster; it acts on the pre-emptible machines of public clouds alone."""
PAUSED_ANNOTATION = "cluster.x-k8s.io/paused"
"""A MachineHealthCheck that carries it, with any value, remediates nothing."""

MACHINE_ROLE_LABEL = "machine.openshift.io/cluster-api-machine-role"
CONTROL_PLANE_ROLES = frozenset({"master", "control-plane"})
"""Values of that label; MachineSets may give any other to their workers."""
