"""The route `/api/v1/preflights`: runs preflight for a spec; read-only, nothing is started or changed."""

from typing import Any

from fastapi import APIRouter
from pydantic import model_validator

from api.contract import errors
from api.migrations import Client
from migration.frozen_model import FrozenModel
from migration.run.request import PreflightResult
from migration.spec.model import MigrationSpec
from migration.spec.rules import parse_question

router = APIRouter(prefix="/api/v1", tags=["preflights"])


class PreflightSubmission(FrozenModel):
    """A spec to evaluate.

    Attributes:
        cluster: as in a submission.
        spec: as in a submission; its `state` is ignored.
        requested_by: accepted and ignored, so that the body of a submission is valid here too.
    """

    cluster: str = ""
    spec: MigrationSpec
    requested_by: str = ""

    @model_validator(mode="before")
    @classmethod
    def _validated(cls, body: Any) -> Any:
        """Validate the body and its spec by the rules of `migration.spec`, which report every problem at once."""
        cluster, spec = parse_question(body)
        return {"cluster": cluster, "spec": spec}


@router.post("/preflights", summary="Run preflight without starting a migration", responses=errors(502, 503))
async def evaluate(migrations: Client, body: PreflightSubmission) -> PreflightResult:
    """Every concern, most severe first, and the plan that would be pinned; no plan while a concern is Critical."""
    return await migrations.preflight(cluster=body.cluster, spec=body.spec)
