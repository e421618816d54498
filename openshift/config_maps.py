"""The cloud provider's configuration: one that people write, two that operators generate from it.

`migration` edits the text; here it is fetched, and put back only where it is still the text that was edited. The rest
of the ConfigMap (a proxy's CA lives in it, too) stays as it is.
"""

from migration.frozen_model import KubeObject
from openshift.api.client import Cluster
from openshift.api.documents import describe, get_path
from openshift.api.resources import CONFIG_MAP
from openshift.errors import Unexpected

NAMESPACE = "openshift-config"

# What the machine API, the MCO and the CSI driver read, and what the cloud-controller-manager does.
GENERATED = (
    ("openshift-config-managed", "kube-cloud-config"),
    ("openshift-cloud-controller-manager", "cloud-conf"),
)
GENERATED_KEY = "cloud.conf"


async def read_cloud_config(cluster: Cluster, *, name: str, key: str) -> str:
    """The text that Infrastructure's `spec.cloudConfig` names; raises `NotFound`, and `Unexpected` without the key."""
    return text_of(await cluster.get(CONFIG_MAP, name, namespace=NAMESPACE), key=key)


async def replace_cloud_config(
    cluster: Cluster, *, name: str, key: str, old: str, new: str, dry_run: bool = False
) -> None:
    """Put `new` where `old` stands; nothing to do where `new` stands. Raises `Conflict` where anything else does."""
    if await read_cloud_config(cluster, name=name, key=key) == new:
        return
    path = f"/data/{key.replace('~', '~0').replace('/', '~1')}"
    operations = [{"op": "test", "path": path, "value": old}, {"op": "replace", "path": path, "value": new}]
    await cluster.patch_json(CONFIG_MAP, name, operations, namespace=NAMESPACE, dry_run=dry_run)


async def find_generated(cluster: Cluster) -> dict[str, KubeObject | None]:
    """The generated ConfigMaps by `namespace/name`; None for one that does not exist."""
    return {
        f"{namespace}/{name}": await cluster.find(CONFIG_MAP, name, namespace=namespace)
        for namespace, name in GENERATED
    }


def text_of(document: KubeObject, *, key: str = GENERATED_KEY) -> str:
    """The configuration in a ConfigMap; raises `Unexpected` without the key."""
    text = get_path(document, "data", key)
    if text is None:
        there = ", ".join(get_path(document, "data") or {}) or "none"
        raise Unexpected(
            f"{describe(document)} has no key {key} (there are: {there})",
            remedy="Correct spec.cloudConfig of Infrastructure/cluster or the ConfigMap, then retry",
        )
    return str(text)
