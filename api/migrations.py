"""The routes of `/api/v1/migrations`: start, list, status, plan, journal, decisions, and the verbs."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import model_validator

from api.contract import errors
from client.migrations import Migrations
from journal.store import Journal
from migration.audit.journal_views import DecisionEntry, JournalEntry
from migration.commands import Channel, Instruction, Verb
from migration.frozen_model import FrozenModel
from migration.phase import PhaseName
from migration.plan import Plan
from migration.run.status import MigrationStatus, MigrationSummary
from migration.spec.model import MigrationSpec
from migration.spec.rules import parse_submission

router = APIRouter(prefix="/api/v1", tags=["migrations"])


class Submission(FrozenModel):
    """A migration to start.

    Attributes:
        cluster: name of the cluster in the service's configuration; optional when there is only one.
        spec: the spec of the custom resource; `state` must be `Running` or absent.
        requested_by: who requests the migration; a user name set by the proxy replaces it.
    """

    cluster: str = ""
    spec: MigrationSpec
    requested_by: str = ""

    @model_validator(mode="before")
    @classmethod
    def _validated(cls, body: Any) -> Any:
        """Validate the body and its spec by the rules of `migration.spec`, which report every problem at once."""
        cluster, spec = parse_submission(body)
        return {"cluster": cluster, "spec": spec, "requestedBy": body.get("requestedBy", "")}


def _migrations(request: Request) -> Migrations:
    found: Migrations = request.app.state.migrations
    return found


def _journal(request: Request) -> Journal:
    found: Journal = request.app.state.journal
    return found


def _user(request: Request) -> str | None:
    """The user name that the proxy set; None where no proxy is configured, and `by` of the request counts."""
    found: str | None = getattr(request.state, "user", None)
    return found


def _instruction(request: Request, instruction: Instruction | None = None) -> Instruction:
    """The instruction in the body, with the authenticated user and the channel that is recorded."""
    given = instruction or Instruction()
    return given.model_copy(update={"channel": recorded_channel(given.channel), "by": _user(request) or given.by})


def recorded_channel(claimed: str) -> Channel:
    """The channel to record: `cli` where the client is the command line, `rest` for every other claim."""
    return "cli" if claimed == "cli" else "rest"


Client = Annotated[Migrations, Depends(_migrations)]
Journal_ = Annotated[Journal, Depends(_journal)]
User = Annotated[str | None, Depends(_user)]
Given = Annotated[Instruction, Depends(_instruction)]

LOCATION = {"description": "Path of the migration", "schema": {"type": "string"}}


@router.post(
    "/migrations",
    status_code=201,
    summary="Start the migration of a cluster",
    responses={201: {"headers": {"Location": LOCATION}}, **errors(409, 502, 503)},
)
async def start(migrations: Client, user: User, response: Response, body: Submission) -> MigrationStatus:
    """409 when the cluster has a migration that has not ended; 422 with every problem of the spec at once."""
    started = await migrations.start(cluster=body.cluster, spec=body.spec, requested_by=user or body.requested_by)
    response.headers["Location"] = f"/api/v1/migrations/{started}"
    return await migrations.status(started)


@router.get("/migrations", summary="List migrations: running ones first, then the latest first", responses=errors(503))
async def listing(migrations: Client, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> list[MigrationSummary]:
    """Migrations that Temporal stores, which is limited by the namespace's retention."""
    found: list[MigrationSummary] = []
    async for each in migrations.list():
        found.append(each)
        if len(found) == limit:
            break
    return found


@router.get("/migrations/{migration}", summary="Read the status of a migration", responses=errors(404, 503))
async def show(migration: str, migrations: Client) -> MigrationStatus:
    """Phase, progress, current waits, what needs a person, and at the end the verification report."""
    return await migrations.status(migration)


@router.get("/migrations/{migration}/plan", summary="Read the plan that preflight pinned", responses=errors(404, 503))
async def plan(migration: str, migrations: Client) -> Plan | None:
    """Null until preflight has pinned the plan."""
    return await migrations.plan(migration)


@router.post(
    "/migrations/{migration}/cancel",
    status_code=202,
    summary="Stop at the next safe point and roll back",
    responses=errors(404, 409, 503),
)
async def cancel(migration: str, migrations: Client, instruction: Given) -> dict[str, str]:
    """After the point of no return the migration parks in `NeedsAttention` instead.

    Accepted once per run, then 409: Temporal delivers only the first cancel request to a run.
    """
    await migrations.cancel(migration, instruction)
    return {"answer": "it stops at the next safe point and rolls back, unless the point of no return has passed"}


@router.post(
    "/migrations/{migration}/{verb}",
    summary="Control a migration: approve, reject, pause, resume, retry, skip or rollback",
    responses=errors(404, 409, 503),
)
async def steer(migration: str, verb: Verb, migrations: Client, instruction: Given) -> dict[str, str]:
    """The answer says what happens next; 409 with the reason when the migration does not accept the verb now."""
    return {"answer": await migrations.steer(migration, verb, instruction)}


@router.get(
    "/migrations/{migration}/journal",
    summary="List the calls that the migration made to the cluster and the vCenters",
    responses=errors(404, 503),
)
async def journal(
    migration: str,
    migrations: Client,
    records: Journal_,
    phase: PhaseName | None = None,
    mutating: bool | None = None,  # noqa: FBT001 - a query parameter
    after: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> list[JournalEntry]:
    """Calls of the latest run, in the order in which they were recorded; the next page is `after=<id of the last>`."""
    run = await migrations.run_id(migration)
    return await run_in_threadpool(
        records.read, migration, run=run, phase=phase, mutating=mutating, after_id=after, limit=limit
    )


@router.get(
    "/migrations/{migration}/decisions",
    summary="List the commands that people gave to the migration, and their outcomes",
    responses=errors(404, 503),
)
async def decisions(
    migration: str,
    migrations: Client,
    records: Journal_,
    after: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> list[DecisionEntry]:
    """Of all runs, also those that Temporal no longer stores; the next page is `after=<id of the last>`."""
    found = await run_in_threadpool(records.decisions, migration, after_id=after, limit=limit)
    if not found:
        await migrations.run_id(migration)
    return found
