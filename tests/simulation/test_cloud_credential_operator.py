"""Exact copies of the root secret, whatever happens to either."""

from base64 import b64encode

from lab.simulation.cluster.client import Document
from lab.simulation.cluster.kinds import SECRET
from lab.simulation.context import SimulationContext
from lab.simulation.operators import cloud_credential_operator
from lab.simulation.operators.cloud_credential_operator import COPIES
from tests.simulation.helpers import living, seen


def copies(context: SimulationContext) -> list[dict[str, str] | None]:
    found = (context.get(SECRET, name, namespace=namespace) for namespace, name in COPIES)
    return [each.get("data", {}) if each else None for each in found]


def version(document: Document | None) -> int:
    """When the API server last wrote it; 0 for one that is not there."""
    return int(document["metadata"]["resourceVersion"]) if document else 0


async def test_copies_gain_lose_and_regain_keys(context: SimulationContext) -> None:
    root = context.get(SECRET, "vsphere-creds", namespace="kube-system") or {}
    original = root["data"]
    added = {"new.example.username": b64encode(b"me").decode()}
    async with living(cloud_credential_operator.run(context)):
        await seen(lambda: copies(context) == [original] * 4, "four copies")
        await context.cluster.patch(SECRET, root, {"data": added})
        await seen(lambda: copies(context) == [original | added] * 4, "the added key")
        await context.cluster.patch(SECRET, root, {"data": dict.fromkeys(added)})
        await seen(lambda: copies(context) == [original] * 4, "the removed key to disappear")

        namespace, name = COPIES[0]
        copy = SECRET.document(name=name, namespace=namespace)
        edited = version(await context.cluster.patch(SECRET, copy, {"data": added}))
        await seen(
            lambda: (
                copies(context) == [original] * 4 and version(context.get(SECRET, name, namespace=namespace)) > edited
            ),
            "the hand edit to be undone",
        )
        doomed = context.get(SECRET, name, namespace=namespace) or {}
        await context.cluster.delete(SECRET, doomed)

        def made_again() -> bool:
            found = context.get(SECRET, name, namespace=namespace)
            return found is not None and found["metadata"]["uid"] != doomed["metadata"]["uid"]

        await seen(made_again, "the deleted copy to be made again")
        assert copies(context) == [original] * 4
