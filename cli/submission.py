"""Reads the file of `vcfm start -f`: a spec, a custom resource, or the body of a REST request, in YAML or JSON.

It only distinguishes these formats; the service validates the spec, and reports all its problems at once.
"""

import json
import sys
from pathlib import Path
from typing import Any

import yaml

KIND = "VmwareCloudFoundationMigration"


class Unreadable(Exception):
    """The file holds no migration; the message says what to give instead."""


def read(file: Path, *, cluster: str, by: str) -> dict[str, Any]:
    """Read the body of the request; `-` is standard input.

    `cluster` overrides the cluster in the file; a requester in the file overrides `by`.

    Raises:
        Unreadable: the file does not exist, is not YAML, or holds no migration.
    """
    document = _document(file)
    if "kind" in document and document["kind"] != KIND:
        raise Unreadable(f"{file}: is a {document['kind']}, and only a {KIND} can be started")
    asks = {"requestedBy": by} if by else {}
    if "kind" in document:
        spec = document.get("spec")
        if isinstance(spec, dict) and "requestedBy" in spec:
            asks = {"requestedBy": spec["requestedBy"]}
            spec = {key: value for key, value in spec.items() if key != "requestedBy"}
        return {"cluster": cluster, "spec": spec} | asks
    if "spec" in document:
        return asks | document | ({"cluster": cluster} if cluster else {})
    return {"cluster": cluster, "spec": document} | asks


def _document(file: Path) -> dict[str, Any]:
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
        # Converted through JSON, the format of the request: dates become strings, and what JSON lacks is refused.
        document = json.loads(json.dumps(yaml.safe_load(text), default=str, allow_nan=False))
    except OSError as error:
        raise Unreadable(f"{file}: {error.strerror}; give a file, or - for standard input") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" in line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise Unreadable(f"{file}: not YAML: {error.problem}{where}") from error
    except (ValueError, TypeError, RecursionError, yaml.YAMLError) as error:
        raise Unreadable(f"{file}: neither YAML nor JSON: {error}") from error
    if not isinstance(document, dict):
        raise Unreadable(f"{file}: holds no object; give a spec, a custom resource, or the body of a REST request")
    return document
