"""A failure domain completed: OpenShift's defaults written out, what was said left alone."""

import pytest

from migration.frozen_model import KubeObject
from migration.spec.failure_domain import FailureDomain

INFRA = "ocp1-x7x2g"


@pytest.mark.parametrize(
    ("field", "default"),
    [
        ("resourcePool", "/dc-new/host/cluster-1/Resources"),
        ("folder", f"/dc-new/vm/{INFRA}"),
        ("template", f"/dc-new/vm/{INFRA}-rhcos-new-region-new-zone-1"),
    ],
)
def test_defaults(target_domain: KubeObject, field: str, default: str) -> None:
    said = dict(target_domain["topology"])
    del target_domain["topology"][field]
    completed = FailureDomain.model_validate(target_domain).completed(INFRA)
    assert completed.document()["topology"] == {**said, field: default}
    assert completed.completed(INFRA) == completed


def test_networks_become_the_names_that_the_machine_controller_compares(target_domain: KubeObject) -> None:
    target_domain["topology"]["networks"] = ["/dc-new/network/team/front", "VM Network"]
    assert FailureDomain.model_validate(target_domain).completed(INFRA).topology.networks == ["front", "VM Network"]
