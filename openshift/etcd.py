"""etcd as its operator publishes it: the addresses of the voting members, in ConfigMap openshift-etcd/etcd-endpoints.

The cluster-etcd-operator writes an address there only once its member votes, and takes it out when it removes the
member; learners are not listed. So the ConfigMap tells quorum without access to etcd itself.
"""

from openshift.api.cache import Cache, WatchTarget
from openshift.api.client import Cluster
from openshift.api.documents import get_path
from openshift.api.resources import CONFIG_MAP

NAMESPACE = "openshift-etcd"
NAME = "etcd-endpoints"

ENDPOINTS = WatchTarget(resource=CONFIG_MAP, namespace=NAMESPACE, field_selector=f"metadata.name={NAME}")


def members(world: Cache) -> set[str]:
    """Addresses of the voting members in a watched world; empty where the operator has written none."""
    document = world[ENDPOINTS].get(f"{NAMESPACE}/{NAME}")
    return set((get_path(document, "data") or {}).values()) if document else set()


async def read_members(cluster: Cluster) -> set[str]:
    """Addresses of the voting members, read now."""
    document = await cluster.find(CONFIG_MAP, NAME, namespace=NAMESPACE)
    return set((get_path(document, "data") or {}).values()) if document else set()
