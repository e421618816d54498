"""metadata.json: exactly the keys that the installer reads, and never a blank credential."""

import json

import pytest

from migration.documents.metadata_json import IncompleteMetadataError, VCenterAccess, metadata_json

ONE = VCenterAccess(server="vc-1", username="admin@vsphere.local", password="pass:with:colons")
TWO = VCenterAccess(server="vc-2", username="u2", password="p2")
WHOLE = {
    "cluster_id": "0b8f-uuid",
    "infrastructure_name": "ocp1-x7x2g",
    "cluster_name": "ocp1",
    "vcenters": [ONE, TWO, ONE],
}


def test_the_installer_s_shape() -> None:
    assert json.loads(metadata_json(**WHOLE)) == {
        "clusterName": "ocp1",
        "clusterID": "0b8f-uuid",
        "infraID": "ocp1-x7x2g",
        "vsphere": {
            "vCenter": "vc-1",
            "username": "admin@vsphere.local",
            "password": "pass:with:colons",
            "terraform_platform": "vsphere",
            "VCenters": [
                {"vCenter": "vc-1", "username": "admin@vsphere.local", "password": "pass:with:colons"},
                {"vCenter": "vc-2", "username": "u2", "password": "p2"},
            ],
        },
        "featureSet": "",
        "customFeatureSet": None,
    }


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"cluster_id": ""}, "the cluster's id"),
        ({"infrastructure_name": " "}, "the infrastructure name"),
        ({"vcenters": []}, "a vCenter"),
        ({"vcenters": [VCenterAccess(server="vc", username=" ", password="p")]}, "the user of vc"),
        ({"vcenters": [VCenterAccess(server="vc", username="u", password="")]}, "the password of vc"),
        ({"vcenters": [VCenterAccess(server="", username="u", password="hunter2")]}, "the server of a vCenter"),
    ],
)
def test_nothing_may_be_blank(changes: dict[str, object], missing: str) -> None:
    with pytest.raises(IncompleteMetadataError, match=f"would lack {missing}: see") as caught:
        metadata_json(**{**WHOLE, **changes})
    assert "hunter2" not in str(caught.value)


def test_the_account_is_in_no_repr() -> None:
    assert repr(ONE) == "VCenterAccess(server='vc-1')"


def test_a_nameless_cluster_can_be_destroyed_all_the_same() -> None:
    assert json.loads(metadata_json(**{**WHOLE, "cluster_name": ""}))["clusterName"] == ""
