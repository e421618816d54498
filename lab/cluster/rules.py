"""Which rules the cluster enforces on its Infrastructure: the CRDs of a scenario's variant, and the policies beside.

The definitions are the modules' own files (lab.binaries.build), as `day2`, `open` or `legacy`.
"""

from importlib.resources import files
from typing import Any

import yaml

from lab.binaries.build import Built
from lab.cluster.api_server import ApiServer, wait_for
from lab.scenario import Scenario
from lab.vcenters.site import Document

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml reads these big files in a tenth of the time


def install_definitions(api: ApiServer, built: Built, scenario: Scenario) -> None:
    """Create every CRD and wait until all are established."""
    collection = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    for path in built.definitions(rules=scenario.rules):
        api.request("POST", collection, body=yaml.load(path.read_text(), Loader=_LOADER))

    def established() -> bool:
        found = api.request("GET", collection)["items"]
        return all(_is_established(each) for each in found)

    wait_for(established, what="every CustomResourceDefinition to be established", timeout=30)


def install_policies(api: ApiServer, scenario: Scenario) -> None:
    """Load the policies that come with the Day2 gate; last, since their parameters are objects of the cluster."""
    if scenario.rules == "day2":
        text = (files("lab") / "manifests" / "failure-domains-in-use.yaml").read_text()
        for document in yaml.load_all(text, Loader=_LOADER):
            api.apply(document)


def _is_established(definition: Document) -> bool:
    conditions = definition.get("status", {}).get("conditions") or []
    return any(each["type"] == "Established" and each["status"] == "True" for each in conditions)
