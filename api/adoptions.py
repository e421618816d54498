"""The route `/api/v1/adoptions`: takes over a migration whose workflow was terminated or whose Temporal was lost."""

from fastapi import APIRouter, Response

from api.contract import errors
from api.migrations import LOCATION, Client, User, recorded_channel
from migration.frozen_model import FrozenModel
from migration.run.adoption import Adoption, By, Direction, Reason
from migration.run.status import MigrationStatus

router = APIRouter(prefix="/api/v1", tags=["migrations"])


class Takeover(FrozenModel):
    """A migration to take over.

    Attributes:
        cluster: as in a submission.
        direction: `Continue` with the phase that was started last, or `Rollback` from it.
        by, reason, channel: recorded, as in an instruction; a user name set by the proxy replaces `by`.
    """

    cluster: str = ""
    direction: Direction = Direction.CONTINUE
    by: By = ""
    reason: Reason = ""
    channel: str = "rest"


@router.post(
    "/adoptions",
    status_code=201,
    summary="Take over a migration whose workflow is gone",
    responses={201: {"headers": {"Location": LOCATION}}, **errors(404, 409, 502, 503)},
)
async def adopt(migrations: Client, user: User, response: Response, body: Takeover) -> MigrationStatus:
    """Resume or roll back from the checkpoint stored in the cluster.

    404 when the cluster has no checkpoint of an unfinished migration; 409 when its workflow still runs, or when the
    migration cannot go in that direction.
    """
    by, channel = user or body.by, recorded_channel(body.channel)
    adoption = Adoption(direction=body.direction, by=by, reason=body.reason, channel=channel)
    started = await migrations.adopt(cluster=body.cluster, adoption=adoption)
    response.headers["Location"] = f"/api/v1/migrations/{started}"
    return await migrations.status(started)
