"""What starts a migration."""

import pytest
from pydantic import ValidationError

from migration.frozen_model import KubeObject
from migration.run.request import ClusterIdentity, ClusterName, MigrationRequest, workflow_id


def test_there_is_one_migration_per_cluster() -> None:
    assert workflow_id("ocp1-x7x2g") == "vcfm-ocp1-x7x2g"


def test_a_request_is_read_and_written_as_the_wire_has_it(spec_document: KubeObject) -> None:
    wire = {"infrastructureName": "ocp1-x7x2g", "spec": spec_document}
    request = MigrationRequest.model_validate(wire)
    assert request.cluster == ""
    assert MigrationRequest.model_validate_json(request.model_dump_json()) == request
    assert request.model_dump(mode="json")["infrastructureName"] == "ocp1-x7x2g"


@pytest.mark.parametrize("wire", [{"clusterName": "x"}, {"cluster": "x", "context": "y"}])
def test_a_misspelt_field_is_a_promise_broken(wire: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        ClusterName.model_validate(wire)


def test_an_identity_is_a_value() -> None:
    identity = ClusterIdentity(infrastructure_name="i", version="4.21", api_server="https://api:6443")
    with pytest.raises(ValidationError, match="frozen"):
        identity.version = "4.22"  # type: ignore[misc]
