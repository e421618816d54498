"""Which programs and definitions the lab is made of, in the versions that fit together.

Versions of programs are in `parts/*/go.mod`, with the reasons; here are the programs in them, and the modules of which
only files are wanted. Two versions of openshift/api, since its Infrastructure rules changed between them: that is
what the lab's `legacy`, `open` and `day2` are about.
"""

from typing import NamedTuple


class Part(NamedTuple):
    name: str
    module: str
    package: str


class Definitions(NamedTuple):
    """Files of one module version, as (name in the cache, path in the module), and the module's checksum."""

    module: str
    checksum: str
    files: tuple[tuple[str, str], ...]


_MAO = "github.com/openshift/machine-api-operator/cmd"
_CPMS = "github.com/openshift/cluster-control-plane-machine-set-operator/cmd/control-plane-machine-set-operator"
PARTS = (
    Part("vcenter", "vcenter", "."),
    Part("etcd", "machine-api", "go.etcd.io/etcd/server/v3"),
    Part("kube-apiserver", "machine-api", "k8s.io/kubernetes/cmd/kube-apiserver"),
    Part("kube-controller-manager", "machine-api", "k8s.io/kubernetes/cmd/kube-controller-manager"),
    Part("kube-scheduler", "machine-api", "k8s.io/kubernetes/cmd/kube-scheduler"),
    Part("machine-controller", "machine-api", f"{_MAO}/vsphere"),
    Part("machineset-controller", "machine-api", f"{_MAO}/machineset"),
    Part("nodelink-controller", "machine-api", f"{_MAO}/nodelink-controller"),
    Part("machine-healthcheck-controller", "machine-api", f"{_MAO}/machine-healthcheck"),
    Part("control-plane-machine-set-operator", "cpms", _CPMS),
    Part("kustomize", "kustomize", "sigs.k8s.io/kustomize/kustomize/v5"),  # for tests of deploy/ alone
)
_CRDS = "payload-manifests/crds"
_CVO = "config/v1/zz_generated.crd-manifests/0000_00_cluster-version-operator_01"
DEFINITIONS = (
    Definitions(
        "github.com/openshift/api@v0.0.0-20260213204242-d34f11c515b3",
        "h1:SZ8+jxtkMvpb4HDTjSAbaOyhFsw5PiWhjBog+XLY7jc=",
        (
            ("infrastructures.legacy.yaml", f"{_CRDS}/0000_10_config-operator_01_infrastructures-Default.crd.yaml"),
            ("featuregates.yaml", f"{_CRDS}/0000_10_config-operator_01_featuregates.crd.yaml"),
            ("dnses.yaml", f"{_CRDS}/0000_10_config-operator_01_dnses.crd.yaml"),
            (
                "controlplanemachinesets.yaml",
                f"{_CRDS}/0000_10_control-plane-machine-set_01_controlplanemachinesets-Default.crd.yaml",
            ),
            ("clustercsidrivers.yaml", f"{_CRDS}/0000_50_csi-driver_01_clustercsidrivers-Default.crd.yaml"),
            ("storages.yaml", f"{_CRDS}/0000_50_storage_01_storages.crd.yaml"),
            (
                "controllerconfigs.legacy.yaml",
                f"{_CRDS}/0000_80_machine-config_01_controllerconfigs-Default.crd.yaml",
            ),
            ("machineconfigpools.yaml", f"{_CRDS}/0000_80_machine-config_01_machineconfigpools-Default.crd.yaml"),
            ("clusteroperators.yaml", f"{_CVO}_clusteroperators.crd.yaml"),
            ("clusterversions.yaml", f"{_CVO}_clusterversions-Default.crd.yaml"),
        ),
    ),
    Definitions(
        "github.com/openshift/api@v0.0.0-20260511191110-9b69e5fa27e9",
        "h1:yb8ul1HPFYhO04yp0D8T/qSySZnKv210f4nE//i/Bdg=",
        (
            ("infrastructures.open.yaml", f"{_CRDS}/0000_10_config-operator_01_infrastructures-Default.crd.yaml"),
            (
                "infrastructures.day2.yaml",
                f"{_CRDS}/0000_10_config-operator_01_infrastructures-DevPreviewNoUpgrade.crd.yaml",
            ),
            ("controllerconfigs.open.yaml", f"{_CRDS}/0000_80_machine-config_01_controllerconfigs-Default.crd.yaml"),
            (
                "controllerconfigs.day2.yaml",
                f"{_CRDS}/0000_80_machine-config_01_controllerconfigs-DevPreviewNoUpgrade.crd.yaml",
            ),
        ),
    ),
    Definitions(
        "github.com/openshift/machine-api-operator@v0.2.1-0.20260226113419-88465550a74b",
        "h1:LtHX/qyWHCOf/KqTAUHZOi4Q7cKErhm9f4jGYW4o2sk=",
        (
            ("machines.yaml", "install/0000_30_machine-api-operator_02_machine.Default.crd.yaml"),
            ("machinesets.yaml", "install/0000_30_machine-api-operator_03_machineset.Default.crd.yaml"),
            ("machinehealthchecks.yaml", "install/0000_30_machine-api-operator_07_machinehealthcheck.crd.yaml"),
        ),
    ),
    Definitions(
        "github.com/openshift/cluster-autoscaler-operator@v0.0.1-0.20260608074635-5c8643284941",
        "h1:WoIEsMhADq1Qw/biZTdYR7AEsknsOxLxXOfARlbMI/E=",
        (
            ("clusterautoscalers.yaml", "install/01_clusterautoscaler.crd.yaml"),
            ("machineautoscalers.yaml", "install/02_machineautoscaler.crd.yaml"),
        ),
    ),
    # Without these two the machine controller cannot finish deleting: "no matches for kind IPAddressClaimList".
    Definitions(
        "sigs.k8s.io/cluster-api@v1.11.3",
        "h1:apxfugbP1X8AG7THCM74CTarCOW4H2oOc6hlbm1hY80=",
        (
            ("ipaddresses.yaml", "config/crd/bases/ipam.cluster.x-k8s.io_ipaddresses.yaml"),
            ("ipaddressclaims.yaml", "config/crd/bases/ipam.cluster.x-k8s.io_ipaddressclaims.yaml"),
        ),
    ),
)
