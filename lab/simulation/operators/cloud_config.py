"""The cluster-cloud-controller-manager-operator's copies of the cloud config. Contract:

- `openshift-config/cloud-provider-config` and Infrastructure become `openshift-config-managed/kube-cloud-config` and
  `openshift-cloud-controller-manager/cloud-conf` (key `cloud.conf` in both), `config_sync` after a change of either.
- With the gate VSphereMultiVCenterDay2 the `vcenter` section is rebuilt from Infrastructure (server, port, datacenters
  with those of its failure domains), `nodes` from its node networking, and the topology labels are set when there is
  more than one failure domain; `global` stays as the user wrote it. Without the gate the user's text is copied as is.
- A failure domain that names a vCenter which Infrastructure does not list stops the synchronisation until it is
  repaired (the real transformer panics).

The user's text may be YAML or INI; what is generated is YAML. Source: the operator's vSphere transformer, as described
in the research notes.
"""

import asyncio
import configparser
import logging
from functools import partial
from typing import Any

import yaml

from lab.simulation.cluster.client import Document
from lab.simulation.cluster.kinds import CONFIG_MAP, FEATURE_GATE, INFRASTRUCTURE
from lab.simulation.context import SimulationContext

log = logging.getLogger(__name__)
SOURCE = ("openshift-config", "cloud-provider-config", "config")
COPIES = (("openshift-config-managed", "kube-cloud-config"), ("openshift-cloud-controller-manager", "cloud-conf"))
KEY = "cloud.conf"
GATE = "VSphereMultiVCenterDay2"


class UnusableConfigError(Exception):
    """The generated config cannot be made from what Infrastructure says."""


async def run(context: SimulationContext) -> None:
    await context.run_reconciler(partial(reconcile, context), context.trigger(CONFIG_MAP, INFRASTRUCTURE, FEATURE_GATE))


async def reconcile(context: SimulationContext) -> None:
    try:
        if not _differing(context):
            return
        await asyncio.sleep(context.delays.seconds("config_sync"))
        differing = _differing(context)
    except UnusableConfigError as error:
        log.warning("no sync: %s", error)  # the next change of an input tries again
        return
    for copy in differing:
        existing = context.get(CONFIG_MAP, copy["metadata"]["name"], namespace=copy["metadata"]["namespace"])
        if existing is None:
            await context.cluster.create(CONFIG_MAP, copy)
        else:
            await context.cluster.patch(CONFIG_MAP, copy, {"data": copy["data"]})


def wanted(context: SimulationContext) -> str | None:
    """The config to be generated, or None while an input is missing.

    Raises:
        UnusableConfigError: a failure domain names an unknown vCenter, or the user's text is neither YAML nor INI.

    """
    namespace, name, key = SOURCE
    source = context.get(CONFIG_MAP, name, namespace=namespace)
    infrastructure = context.get(INFRASTRUCTURE, "cluster")
    if source is None or infrastructure is None or key not in source.get("data", {}):
        return None
    text: str = source["data"][key]
    return rebuilt(text, infrastructure) if gate_enabled(context.get(FEATURE_GATE, "cluster")) else text


def _differing(context: SimulationContext) -> list[Document]:
    text = wanted(context)
    if text is None:
        return []
    differing = []
    for namespace, name in COPIES:
        existing = context.get(CONFIG_MAP, name, namespace=namespace)
        if existing is None or existing.get("data", {}).get(KEY) != text:
            differing.append(CONFIG_MAP.document(name=name, namespace=namespace, data={KEY: text}))
    return differing


def gate_enabled(feature_gate: Document | None) -> bool:
    versions = (feature_gate or {}).get("status", {}).get("featureGates", ())
    return any(gate["name"] == GATE for version in versions for gate in version.get("enabled", ()))


def rebuilt(text: str, infrastructure: Document) -> str:
    """The user's config with everything that Infrastructure knows better."""
    config = parsed(text)
    vsphere = infrastructure["spec"]["platformSpec"].get("vsphere", {})
    failure_domains = vsphere.get("failureDomains", [])
    insecure = config.get("global", {}).get("insecureFlag", False)
    vcenters: dict[str, Document] = {
        each["server"]: {
            "server": each["server"],
            "port": each.get("port", 443),
            "insecureFlag": insecure,
            "datacenters": list(each.get("datacenters", [])),
        }
        for each in vsphere.get("vcenters", [])
    }
    for each in failure_domains:
        if each["server"] not in vcenters:
            raise UnusableConfigError(
                f"failure domain {each['name']} is on {each['server']}, which vcenters does not list"
            )
        datacenters = vcenters[each["server"]]["datacenters"]
        if each["topology"]["datacenter"] not in datacenters:
            datacenters.append(each["topology"]["datacenter"])
    config["vcenter"] = vcenters
    networking = {side: each for side, each in vsphere.get("nodeNetworking", {}).items() if each}
    if networking:
        config["nodes"] = _nodes(networking)
    if len(failure_domains) > 1:
        config["labels"] = {"region": "openshift-region", "zone": "openshift-zone"}
    return yaml.safe_dump(config, sort_keys=False)


def _nodes(networking: Document) -> Document:
    names = {
        "networkSubnetCidr": "{}NetworkSubnetCidr",
        "network": "{}VmNetworkName",
        "excludeNetworkSubnetCidr": "exclude{}NetworkSubnetCidr",
    }
    nodes: Document = {}
    for side, settings in networking.items():
        for key, value in settings.items():
            name = names[key].format(side.capitalize() if key.startswith("exclude") else side)
            nodes[name] = ",".join(value) if isinstance(value, list) else value
    return nodes


def parsed(text: str) -> Document:
    """A cloud config, YAML or INI, in the shape of the YAML form.

    Raises:
        UnusableConfigError: it is neither.

    """
    try:
        document = yaml.safe_load(text)
        if isinstance(document, dict):
            return document
        return _from_ini(text)
    except (yaml.YAMLError, configparser.Error) as error:
        try:
            return _from_ini(text)
        except configparser.Error:
            raise UnusableConfigError(f"neither YAML nor INI: {error}") from error


def _from_ini(text: str) -> Document:
    reader = configparser.ConfigParser(interpolation=None)
    reader.read_string(text)
    config: Document = {}
    for title in reader.sections():
        values = {_camel(key): _value(key, value.strip('"')) for key, value in reader[title].items()}
        kind, _, server = title.partition(" ")
        if kind == "VirtualCenter":
            server = server.strip('"')
            config.setdefault("vcenter", {})[server] = {"server": server, **values}
        elif kind in {"Global", "Labels", "Nodes"}:
            config[kind.lower()] = values
    return config


def _camel(key: str) -> str:
    first, *rest = key.split("-")
    return first + "".join(each.capitalize() for each in rest)


def _value(key: str, text: str) -> Any:
    if key == "insecure-flag":
        return text.lower() in {"1", "true"}
    if key == "datacenters":
        return [each.strip() for each in text.split(",")]
    return int(text) if key == "port" else text


def endpoints(text: str) -> dict[str, int]:
    """The vCenters that a config lists: server to port, 443 where it says none.

    Raises:
        UnusableConfigError: the text is neither YAML nor INI.

    """
    config = parsed(text)
    fallback = config.get("global", {}).get("port") or 443
    listed = config.get("vcenter") or {}
    return {each.get("server") or name: int(each.get("port") or fallback) for name, each in listed.items()}
