"""Which names reach vCenter: those of the provider spec, and what the control plane's operator makes of a domain."""

from typing import Any

import pytest

from migration.frozen_model import KubeObject
from migration.placement import Placement, of_failure_domain, of_provider_spec
from migration.spec.failure_domain import FailureDomain

PLACE = {
    "datacenter": "dc",
    "computeCluster": "/dc/host/c",
    "datastore": "/dc/datastore/d",
    "networks": ["n"],
}


@pytest.mark.parametrize(
    ("provider", "names"),
    [
        ({}, ("", "", "", "", "")),
        ({"template": "rhcos", "workspace": None}, ("", "rhcos", "", "", "")),
        (
            {
                "template": "/dc/vm/f/rhcos",
                "workspace": {"datacenter": "dc", "datastore": "d", "resourcePool": "p", "folder": "f"},
            },
            ("dc", "/dc/vm/f/rhcos", "d", "p", "f"),
        ),
    ],
)
def test_of_a_provider_spec(provider: KubeObject, names: tuple[str, ...]) -> None:
    assert tuple(of_provider_spec(provider).model_dump().values()) == names


@pytest.mark.parametrize(
    ("said", "placed"),
    [
        ({}, {}),
        ({"template": "/dc/vm/templates/rhcos"}, {"template": "rhcos"}),
        ({"resourcePool": "/dc/host/c/Resources/p"}, {"resource_pool": "/dc/host/c/Resources/p"}),
        ({"folder": "/dc/vm/mine"}, {"folder": "/dc/vm/mine"}),
    ],
    ids=str,
)
def test_of_a_failure_domain(said: dict[str, str], placed: dict[str, Any]) -> None:
    domain = FailureDomain.model_validate(
        {"name": "fd", "region": "r", "zone": "z", "server": "vc", "topology": PLACE | said}
    )
    usual = {
        "datacenter": "dc",
        "template": "infra-rhcos-r-z",
        "datastore": "/dc/datastore/d",
        "resource_pool": "/dc/host/c/Resources",
        "folder": "/dc/vm/infra",
    }
    assert of_failure_domain(domain, infrastructure_name="infra") == Placement(**(usual | placed))
