"""The CustomResourceDefinition, generated from the pydantic models: `make generate` writes it.

The API server validates what it can: bounds and enums by schema, unique names by list maps, transitions by CEL rules.
From the moment in which the bridge claims the resource (`status.startTime` and `status.migration`), only `state` and
`approvals` of the spec are mutable, and approvals are append-only. The spec is mutable again when a run has ended with
the cluster unchanged, so that it can be fixed and started again. CEL rules only compare bounded values with their
old values: the estimated cost of a rule over strings grows with every maximum length and exceeds the server's limit.
"""

import sys
from pathlib import Path
from typing import Any

import yaml

from bridge.crd.schema import structural
from bridge.resource.status import ResourceStatus
from migration.frozen_model import KubeObject
from migration.spec.model import ResourceSpec
from openshift.api.resources import MIGRATION

NAME = f"{MIGRATION.plural}.{MIGRATION.group}"
FILE = f"{MIGRATION.group}_{MIGRATION.plural}.yaml"

_MAPS = {
    ("spec", "failureDomains"): "name",
    ("spec", "targetVCenters"): "server",
    ("status", "conditions"): "type",
    ("status", "phaseHistory"): "phase",
    ("status", "refusals"): "subject",
}
"""Lists of type map and their key: keys are unique, and field managers own single entries."""

_SETS = {("spec", "gates")}

_THAWED = ("state", "approvals")

_RESTORED = (
    "has(oldSelf.status.completionTime) && has(oldSelf.status.state) && (oldSelf.status.state == 'RolledBack' || "
    "oldSelf.status.state == 'Failed' && has(oldSelf.status.phase) && oldSelf.status.phase == 'preflight')"
)
"""The same condition as `ResourceStatus.restored`, in CEL."""

_STARTED = f"has(oldSelf.status) && has(oldSelf.status.startTime) && has(oldSelf.status.migration) && !({_RESTORED})"
"""Started by this service: the official operator writes a start time too, but no `migration`."""

_COLUMNS = (
    ("State", ".status.state", "string", 0),
    ("Phase", ".status.phase", "string", 0),
    ("Progress", ".status.progress", "integer", 0),
    ("Needs", ".status.needsPerson", "string", 0),
    ("Age", ".metadata.creationTimestamp", "date", 0),
    ("Wanted", ".spec.state", "string", 1),
    ("Source", ".status.source", "string", 1),
    ("Target", ".status.targets", "string", 1),
    ("Migration", ".status.migration", "string", 1),
    ("Message", ".status.message", "string", 1),
)


def definition() -> KubeObject:
    """The whole document."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": NAME},
        "spec": {
            "group": MIGRATION.group,
            "names": {
                "kind": MIGRATION.kind,
                "listKind": f"{MIGRATION.kind}List",
                "plural": MIGRATION.plural,
                "singular": MIGRATION.kind.lower(),
                "shortNames": ["vcfm"],
            },
            "scope": "Namespaced",
            "versions": [
                {
                    "name": MIGRATION.version,
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "additionalPrinterColumns": [_column(*each) for each in _COLUMNS],
                    "schema": {"openAPIV3Schema": _schema()},
                }
            ],
        },
    }


def _column(name: str, path: str, kind: str, priority: int) -> KubeObject:
    column: KubeObject = {"name": name, "type": kind, "jsonPath": path}
    return column | ({"priority": priority} if priority else {})


def _schema() -> KubeObject:
    parts = {"spec": structural(ResourceSpec, defaults=True), "status": structural(ResourceStatus, defaults=False)}
    for (part, field), key in _MAPS.items():
        entry = parts[part]["properties"][field]
        entry |= {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key]}
        entry["items"]["required"] = sorted({*entry["items"].get("required", []), key})
    for part, field in _SETS:
        parts[part]["properties"][field]["x-kubernetes-list-type"] = "set"
    spec = parts["spec"]
    spec["x-kubernetes-validations"] = [*_references(), _append_only(spec["properties"]["approvals"]["maxItems"])]
    domain = spec["properties"]["failureDomains"]["items"]["properties"]
    domain["zoneAffinity"]["x-kubernetes-validations"] = [
        _rule(
            "self.type == 'HostGroup' ? has(self.hostGroup) : !has(self.hostGroup)",
            "hostGroup is required when type is HostGroup, and forbidden otherwise",
        )
    ]
    return {
        "description": "Migrates the OpenShift cluster that it is created in from its vCenter to another vCenter.",
        "type": "object",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            **parts,
        },
        "x-kubernetes-validations": _frozen(spec["properties"]),
    }


def _references() -> list[KubeObject]:
    named = "self.failureDomains.exists(each, each.name == self.{0}.failureDomain)"
    rules = [
        _rule(
            f"!has(self.{each}) || !has(self.{each}.failureDomain) || {named.format(each)}",
            f"{each}.failureDomain must be the name of one of failureDomains",
        )
        for each in ("machineSetConfig", "controlPlaneMachineSetConfig")
    ]
    used = "self.targetVCenters.all(each, self.failureDomains.exists(domain, domain.server == each.server))"
    return [
        *rules,
        _rule(f"!has(self.targetVCenters) || {used}", "targetVCenters must name servers of failureDomains"),
    ]


def _append_only(most: int) -> KubeObject:
    """Compares entry by entry: CEL of the supported OpenShift versions has neither slices nor an iteration index."""
    unchanged = "each >= size(oldSelf.approvals) || self.approvals[each] == oldSelf.approvals[each]"
    return _rule(
        "!has(oldSelf.approvals) || (has(self.approvals) && size(self.approvals) >= size(oldSelf.approvals) && "
        f"{list(range(most))}.all(each, {unchanged}))",
        "approvals are append-only: existing entries cannot be changed or removed",
    )


def _frozen(fields: KubeObject) -> list[KubeObject]:
    same = " && ".join(_same(each, fields[each]) for each in fields if each not in _THAWED)
    return [
        _rule(
            f"!({_STARTED}) || ({same})",
            "the migration has started: only state and approvals can be changed",
        ),
        _rule(
            f"!({_STARTED}) || self.spec.state != 'Pending' || oldSelf.spec.state == 'Pending'",
            "the migration has started: set Paused to pause it, or Rollback to undo it",
        ),
    ]


def _same(name: str, field: KubeObject) -> str:
    now, then = f"self.spec.{name}", f"oldSelf.spec.{name}"
    if "default" in field or name in {"failureDomains", "targetVCenterCredentialsSecret"}:  # always there
        return f"{now} == {then}"
    return f"has({now}) == has({then}) && (!has({now}) || {now} == {then})"


def _rule(rule: str, message: str) -> KubeObject:
    return {"rule": rule, "message": message}


def text() -> str:
    """The document as it stands in `deploy/crd`."""
    head = "# Generated from migration/spec/model.py and bridge/resource/status.py: `make generate`.\n"
    dumped: Any = yaml.safe_dump(definition(), sort_keys=False, width=120, allow_unicode=True)
    return head + str(dumped)


if __name__ == "__main__":
    (Path(sys.argv[1]) / FILE).write_text(text(), encoding="utf-8")
