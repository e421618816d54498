"""The CustomResourceDefinition, generated from the models that everybody works with: `make generate` writes it.

What the API server can judge, it judges: bounds and enums by schema, unique names by list maps, and over time by CEL.
The spec is frozen from the moment in which the bridge claims the resource (`status.startTime` and `status.migration`),
but for `state` and `approvals`; answers can only be added. It thaws when a run has ended that left the cluster as it
was, so that what was wrong can be mended and tried again. Rules compare bounded values with their own past and nothing
else: a rule that looks into strings would be multiplied by every length and blow the API server's budget.
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
"""Lists whose entries are told apart by a key: no two may share one, and appliers own single entries."""

_SETS = {("spec", "gates")}

_THAWED = ("state", "approvals")

_RESTORED = (
    "has(oldSelf.status.completionTime) && has(oldSelf.status.state) && (oldSelf.status.state == 'RolledBack' || "
    "oldSelf.status.state == 'Failed' && has(oldSelf.status.phase) && oldSelf.status.phase == 'preflight')"
)
"""As `ResourceStatus.restored`: ended, and the cluster is as it was."""

_STARTED = f"has(oldSelf.status) && has(oldSelf.status.startTime) && has(oldSelf.status.migration) && !({_RESTORED})"
"""By us: the official operator writes a start time too."""

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
        "description": "Moves the cluster that it is created in from its vCenter to another.",
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
    """Compares entry by entry: CEL of the clusters that we meet knows neither slices nor an index while it iterates."""
    unchanged = "each >= size(oldSelf.approvals) || self.approvals[each] == oldSelf.approvals[each]"
    return _rule(
        "!has(oldSelf.approvals) || (has(self.approvals) && size(self.approvals) >= size(oldSelf.approvals) && "
        f"{list(range(most))}.all(each, {unchanged}))",
        "approvals can only be added to: what was answered stays",
    )


def _frozen(fields: KubeObject) -> list[KubeObject]:
    same = " && ".join(_same(each, fields[each]) for each in fields if each not in _THAWED)
    return [
        _rule(
            f"!({_STARTED}) || ({same})",
            "the migration has started: from here on only state and approvals can be changed",
        ),
        _rule(
            f"!({_STARTED}) || self.spec.state != 'Pending' || oldSelf.spec.state == 'Pending'",
            "the migration has started: Paused stops it, Rollback undoes it",
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
