"""What the generated cloud config says, from what the user wrote and what Infrastructure knows."""

from typing import Any

import pytest
import yaml

from lab.simulation.cluster.kinds import CONFIG_MAP, FEATURE_GATE, INFRASTRUCTURE
from lab.simulation.context import SimulationContext
from lab.simulation.operators import cloud_config
from lab.simulation.operators.cloud_config import UnusableConfigError, endpoints, parsed, rebuilt
from tests.simulation.helpers import living, seen, synced

USERS = """\
# a comment
global:
  insecureFlag: true
  secretName: vsphere-creds
vcenter:
  old.example:
    server: old.example
    port: 443
    datacenters: [dc-old]
"""
INI = """\
[Global]
secret-name = "vsphere-creds"
insecure-flag = "1"
port = "444"

[VirtualCenter "old.example"]
datacenters = "dc-1, dc-2"

[Workspace]
server = "old.example"
"""


def infrastructure(*servers: str, failure_domains: tuple[str, ...] = (), **vsphere: Any) -> dict[str, Any]:
    vcenters = [{"server": each, "port": 8443, "datacenters": [f"dc-{each}"]} for each in servers]
    domains = [{"name": f"fd-{each}", "server": each, "topology": {"datacenter": "dc-fd"}} for each in failure_domains]
    return {"spec": {"platformSpec": {"vsphere": {"vcenters": vcenters, "failureDomains": domains, **vsphere}}}}


def entry(server: str, *, datacenters: list[str]) -> dict[str, Any]:
    return {"server": server, "port": 8443, "insecureFlag": True, "datacenters": datacenters}


@pytest.mark.parametrize(
    ("given", "section", "expected"),
    [
        pytest.param(infrastructure("a"), "vcenter", {"a": entry("a", datacenters=["dc-a"])}, id="the user's is replaced"),
        pytest.param(
            infrastructure("a", "b", failure_domains=("b",)),
            "vcenter",
            {"a": entry("a", datacenters=["dc-a"]), "b": entry("b", datacenters=["dc-b", "dc-fd"])},
            id="failure domains add their datacenters",
        ),
        pytest.param(
            infrastructure("a"), "global", {"insecureFlag": True, "secretName": "vsphere-creds"}, id="global is the user's"
        ),
        pytest.param(infrastructure("a", failure_domains=("a",)), "labels", None, id="one failure domain, no labels"),
        pytest.param(
            infrastructure("a", failure_domains=("a", "a")),
            "labels",
            {"region": "openshift-region", "zone": "openshift-zone"},
            id="two, labels",
        ),
        pytest.param(
            infrastructure("a", nodeNetworking={"external": {}, "internal": {"networkSubnetCidr": ["10.0.0.0/16", "fd00::/8"]}}),
            "nodes",
            {"internalNetworkSubnetCidr": "10.0.0.0/16,fd00::/8"},
            id="node networking",
        ),
    ],
)  # fmt: skip
def test_rebuilt(given: dict[str, Any], section: str, expected: Any) -> None:
    assert yaml.safe_load(rebuilt(USERS, given)).get(section) == expected


def test_a_failure_domain_without_its_vcenter_stops_it() -> None:
    with pytest.raises(UnusableConfigError, match="fd-b is on b"):
        rebuilt(USERS, infrastructure("a", failure_domains=("b",)))


def test_ini_reads_as_yaml_does() -> None:
    assert parsed(INI) == {
        "global": {"secretName": "vsphere-creds", "insecureFlag": True, "port": 444},
        "vcenter": {"old.example": {"server": "old.example", "datacenters": ["dc-1", "dc-2"]}},
    }


@pytest.mark.parametrize("text", ["just words", "- a\n- list", "{unclosed"])
def test_neither_yaml_nor_ini(text: str) -> None:
    with pytest.raises(UnusableConfigError):
        parsed(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (USERS, {"old.example": 443}),
        (INI, {"old.example": 444}),
        ("vcenter: {a: {}, b: {server: c, port: '8443'}}", {"a": 443, "c": 8443}),
        ("global: {port: 0}\nvcenter: {a: {port: 0}}", {"a": 443}),
        ("global: {}", {}),
    ],
)
def test_endpoints(text: str, expected: dict[str, int]) -> None:
    assert endpoints(text) == expected


async def test_both_copies_follow_a_second_vcenter(context: SimulationContext) -> None:
    before = await context.cluster.get(INFRASTRUCTURE, "cluster")
    try:
        async with living(cloud_config.run(context)):
            await seen(lambda: len(found(context)) == 2, "both copies")
            vsphere = before["spec"]["platformSpec"]["vsphere"]
            second = {"server": "new.example", "port": 8443, "datacenters": ["dc"]}
            change = {"spec": {"platformSpec": {"vsphere": {"vcenters": [*vsphere["vcenters"], second]}}}}
            await context.cluster.patch(INFRASTRUCTURE, before, change)
            await seen(lambda: all(endpoints(each).get("new.example") == 8443 for each in found(context)), "the second")
            copy = context.get(CONFIG_MAP, "cloud-conf", namespace="openshift-cloud-controller-manager") or {}
            await synced(
                context, await context.cluster.patch(CONFIG_MAP, copy, {"data": {cloud_config.KEY: "vandalised"}})
            )
            await seen(lambda: all("new.example" in each for each in found(context)), "the hand edit to be undone")
    finally:
        now = await context.cluster.get(INFRASTRUCTURE, "cluster")
        await context.cluster.replace(INFRASTRUCTURE, {**now, "spec": before["spec"]})


async def test_without_the_gate_the_users_text_is_copied_as_is(context: SimulationContext) -> None:
    gate = await context.cluster.get(FEATURE_GATE, "cluster")
    source = context.get(CONFIG_MAP, "cloud-provider-config", namespace="openshift-config") or {}
    try:
        off = await context.cluster.patch(FEATURE_GATE, gate, {"status": {"featureGates": []}}, subresource="status")
        await synced(context, off)
        await cloud_config.reconcile(context)
        await seen(lambda: found(context) == [source["data"]["config"]] * 2, "verbatim copies")
    finally:
        await context.cluster.patch(FEATURE_GATE, gate, {"status": gate["status"]}, subresource="status")


def found(context: SimulationContext) -> list[str]:
    copies = (context.get(CONFIG_MAP, name, namespace=namespace) for namespace, name in cloud_config.COPIES)
    return [each["data"][cloud_config.KEY] for each in copies if each]
