"""What RBAC grants and what calls need, in the same words, so that they can be compared."""

import json
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import unquote

from migration.audit.journal_views import JournalEntry
from migration.frozen_model import KubeObject

VERBS = {"GET": "get", "WATCH": "watch", "POST": "create", "PATCH": "patch", "DELETE": "delete"}


class Right(NamedTuple):
    """One verb on one kind; `namespace` and `name` are empty where all are meant."""

    verb: str
    group: str
    resource: str
    namespace: str = ""
    name: str = ""

    def covers(self, need: "Right") -> bool:
        """Whether this right is enough."""
        return self[:3] == need[:3] and self.namespace in {"", need.namespace} and self.name in {"", need.name}


def granted(documents: Iterable[KubeObject]) -> set[Right]:
    """Every single right of some Roles and ClusterRoles."""
    return {
        Right(verb, group, resource, role["metadata"].get("namespace", ""), name)
        for role in documents
        if role["kind"] in {"Role", "ClusterRole"}
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
        for name in rule.get("resourceNames", [""])
    }


def needed(calls: Iterable[JournalEntry]) -> set[Right]:
    """What an account must be granted to make these calls."""
    return {_need(each) for each in calls if each.system == "kubernetes" and each.method != "WATCH CLOSED"}


def needless(grants: set[Right], needs: set[Right]) -> set[Right]:
    """Rights that no call needs, given the others; of two that cover a call the narrower one is needed."""
    used = set()
    for need in needs:
        enough = [each for each in grants if each.covers(need)]
        used.add(max(enough, key=lambda each: (bool(each.namespace), bool(each.name)), default=need))
    return grants - used


def _need(call: JournalEntry) -> Right:
    """`/apis/<group>/<version>/[namespaces/<namespace>/]<resource>[/<name>[/<part>]]`, `/api/v1/…` for the core group."""
    kind, *parts = [unquote(each) for each in call.target.strip("/").split("/")]
    group, parts = (parts[0], parts[2:]) if kind == "apis" else ("", parts[1:])
    namespace = ""
    if parts[0] == "namespaces" and len(parts) > 2:
        namespace, parts = parts[1], parts[2:]
    resource, name = "/".join(parts[:1] + parts[2:]), parts[1] if len(parts) > 1 else ""
    verb = VERBS[call.method]
    if verb == "get" and not name:
        verb = "list"
    if verb in {"list", "watch"}:
        asked = json.loads(call.request or "{}")
        name = asked.get("fieldSelector", "").removeprefix("metadata.name=")
    return Right(verb, group, resource, namespace, name)
