"""The cloud provider's configuration: the target added, the source removed, and the operators' copies generated."""

from datetime import timedelta

from activities.cluster.infrastructure import entries
from activities.runtime.context import Context
from activities.runtime.definition import defined
from activities.runtime.waiting import Unmet, until
from migration.documents import cloud_config
from migration.documents.cloud_config import CloudConfigError
from migration.frozen_model import FrozenModel
from migration.plan import VCenterPlan
from migration.spec.failure_domain import FailureDomain
from openshift.api.cache import Cache, WatchTarget
from openshift.api.resources import CONFIG_MAP
from openshift.config_maps import GENERATED, read_cloud_config, replace_cloud_config, text_of
from openshift.errors import OpenShiftError


class AddToConfig(FrozenModel):
    """vCenters that the config must list."""

    cluster: str
    config_map: str
    key: str
    vcenters: list[VCenterPlan]


class RemoveFromConfig(FrozenModel):
    """A vCenter, by the name that preflight pinned, that the config must not mention.

    Attributes:
        replacement: stands in for it where an INI config names one vCenter as the default place.
    """

    cluster: str
    config_map: str
    key: str
    server: str
    replacement: FailureDomain


class GeneratedExpected(FrozenModel):
    """The generated configs must list exactly these vCenters."""

    cluster: str
    servers: list[str]
    at_most: timedelta


class ConfigSeen(FrozenModel):
    """The vCenters that the config lists when read back."""

    servers: list[str]


class GeneratedSeen(FrozenModel):
    """The generated ConfigMaps that were read, as `namespace/name`."""

    names: list[str]


class CloudConfig:
    def __init__(self, context: Context) -> None:
        self._context = context

    @defined(name="add_to_cloud_config")
    async def add(self, order: AddToConfig) -> ConfigSeen:
        """Add what is missing; everything else keeps its bytes, and a concurrent edit is a conflict."""
        cluster = await self._context.cluster(order.cluster)
        old = new = await read_cloud_config(cluster, name=order.config_map, key=order.key)
        for vcenter in entries(order.vcenters):
            new = cloud_config.add(new, vcenter)
        await replace_cloud_config(cluster, name=order.config_map, key=order.key, old=old, new=new)
        seen = await read_cloud_config(cluster, name=order.config_map, key=order.key)
        return ConfigSeen(servers=cloud_config.servers(seen))

    @defined(name="remove_from_cloud_config")
    async def remove(self, order: RemoveFromConfig) -> ConfigSeen:
        """Remove every mention of exactly that vCenter."""
        cluster = await self._context.cluster(order.cluster)
        old = await read_cloud_config(cluster, name=order.config_map, key=order.key)
        new = cloud_config.remove(old, server=order.server, replacement=order.replacement)
        await replace_cloud_config(cluster, name=order.config_map, key=order.key, old=old, new=new)
        seen = await read_cloud_config(cluster, name=order.config_map, key=order.key)
        return ConfigSeen(servers=cloud_config.servers(seen))

    @defined(name="wait_config_generated", interruptible=True)
    async def wait_generated(self, expected: GeneratedExpected) -> GeneratedSeen:
        """Wait until both generated configs list exactly the expected vCenters: that is what components read.

        Raises:
            WaitTimedOut: one still differs after `at_most`.
        """
        cluster = await self._context.cluster(expected.cluster)
        watched = {
            f"{namespace}/{name}": WatchTarget(
                resource=CONFIG_MAP, namespace=namespace, field_selector=f"metadata.name={name}"
            )
            for namespace, name in GENERATED
        }

        def evaluate(cache: Cache) -> Unmet | None:
            listed = {key: _servers(cache, each, key) for key, each in watched.items()}
            behind = [
                f"{key} lists {', '.join(servers) or 'nothing readable'}"
                for key, servers in listed.items()
                if not cloud_config.same_servers(servers, expected.servers)
            ]
            if not behind:
                return None
            return Unmet(
                what=f"the generated cloud configs to list {', '.join(expected.servers)}",
                objects=behind,
                done=len(watched) - len(behind),
                total=len(watched),
                unblock="the cluster-cloud-controller-manager-operator generates them from Infrastructure: see its log",
            )

        await until(cluster, list(watched.values()), evaluate, at_most=expected.at_most)
        return GeneratedSeen(names=list(watched))


def _servers(cache: Cache, watched: WatchTarget, key: str) -> list[str]:
    document = cache[watched].get(key)
    try:
        return cloud_config.servers(text_of(document)) if document else []
    except (CloudConfigError, OpenShiftError):
        return []
