"""The route of `/api/v1/preflights`: what preflight would say to a spec, with nothing started and nothing changed."""

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
    """A spec to look at.

    Attributes:
        cluster: as in a submission.
        spec: as in a submission; its `state` does not matter here.
        requested_by: taken, so that the body of a submission is one of a question; nobody is asked.
    """

    cluster: str = ""
    spec: MigrationSpec
    requested_by: str = ""

    @model_validator(mode="before")
    @classmethod
    def _judged(cls, body: Any) -> Any:
        """Every problem of the body and of the spec in it at once, in the words of the spec's own rules."""
        cluster, spec = parse_question(body)
        return {"cluster": cluster, "spec": spec}


@router.post("/preflights", summary="What preflight would say", responses=errors(502, 503))
async def look(migrations: Client, body: PreflightSubmission) -> PreflightResult:
    """Every concern, the gravest first, and the plan that would be pinned now; no plan while anything is Critical."""
    return await migrations.preflight(cluster=body.cluster, spec=body.spec)
