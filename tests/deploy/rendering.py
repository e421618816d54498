"""What `oc apply -k` would send, rendered by the kustomize of the lab's Kubernetes."""

import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from lab.binaries.build import build

ROOT = Path(__file__).parents[2]
BASE, OVERLAY, HUB = "deploy/base", "deploy/examples/overlay", "deploy/examples/hub"

Document = dict[str, Any]


@cache
def _rendered(directory: str) -> str:
    kustomize = build(report=print).binary("kustomize")
    return subprocess.run([kustomize, "build", ROOT / directory], capture_output=True, text=True, check=True).stdout


def rendered(directory: str) -> list[Document]:
    """Every document of a directory with a kustomization."""
    return list(yaml.safe_load_all(_rendered(directory)))


def of_kind(documents: list[Document], *kinds: str) -> dict[str, Document]:
    """Those of some kinds, by name; a name that is there twice is an error."""
    found = [each for each in documents if each["kind"] in kinds]
    named = {each["metadata"]["name"]: each for each in found}
    assert len(named) == len(found)
    return named


def pod(deployment: Document) -> Document:
    """What a Deployment's pods are made from."""
    spec: Document = deployment["spec"]["template"]["spec"]
    return spec


def container(deployment: Document) -> Document:
    """A Deployment's only container."""
    (only,) = pod(deployment)["containers"]
    return dict(only)
