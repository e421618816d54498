"""Whether the lab's cluster is healthy, and if not, why."""

from typing import Any

from lab.cluster.api_server import ApiServer
from lab.cluster.machines import NAMESPACE


def complaints(api: ApiServer, *, machines_wanted: int | None = None) -> list[str]:
    """What is not well; nothing means healthy. Without `machines_wanted` any number of Machines will do."""
    machines = api.objects("machine.openshift.io/v1beta1", "Machine", NAMESPACE)
    ready = {each["metadata"]["name"] for each in api.objects("v1", "Node") if condition(each, "Ready") == "True"}
    found = []
    if machines_wanted is not None and len(machines) != machines_wanted:
        found.append(f"{len(machines)} of {machines_wanted} Machines exist")
    for each in machines:
        status, name = each.get("status", {}), each["metadata"]["name"]
        if status.get("phase") != "Running":
            found.append(f"Machine {name} is {status.get('phase', 'new')} {status.get('errorMessage', '')}".rstrip())
        elif status.get("nodeRef", {}).get("name") not in ready:
            found.append(f"Machine {name} has no Ready node")
    return found + _operator_complaints(api)


def _operator_complaints(api: ApiServer) -> list[str]:
    operators = api.objects("config.openshift.io/v1", "ClusterOperator")
    if not operators:
        return ["no ClusterOperator reports yet"]
    wanted = {"Available": "True", "Progressing": "False", "Degraded": "False"}
    return [
        f"operator {each['metadata']['name']} is not {kind}={value}"
        for each in operators
        for kind, value in wanted.items()
        if condition(each, kind) != value
    ]


def condition(document: dict[str, Any], kind: str) -> str | None:
    """The status of a condition: True, False or Unknown; None when it is not there."""
    conditions = document.get("status", {}).get("conditions") or []
    return next((each["status"] for each in conditions if each["type"] == kind), None)
