"""The routes of `/api/v1/migrations`: submit one, list them, look at one, read its plan and its journal."""

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
        cluster: name of the cluster in the service's configuration; may be left out when there is only one.
        spec: the spec of the custom resource; `state` may be left out or `Running`.
        requested_by: who asks for it; where a proxy names the user, that name stands instead.
    """

    cluster: str = ""
    spec: MigrationSpec
    requested_by: str = ""

    @model_validator(mode="before")
    @classmethod
    def _judged(cls, body: Any) -> Any:
        """Every problem of the body and of the spec in it at once, in the words of the spec's own rules."""
        cluster, spec = parse_submission(body)
        return {"cluster": cluster, "spec": spec, "requestedBy": body.get("requestedBy", "")}


def _migrations(request: Request) -> Migrations:
    found: Migrations = request.app.state.migrations
    return found


def _journal(request: Request) -> Journal:
    found: Journal = request.app.state.journal
    return found


def _user(request: Request) -> str | None:
    """Whom the proxy named; None where none is configured to, and people say themselves who they are."""
    found: str | None = getattr(request.state, "user", None)
    return found


def _instruction(request: Request, instruction: Instruction | None = None) -> Instruction:
    """What was said, by whom, and through which door."""
    said = instruction or Instruction()
    return said.model_copy(update={"channel": recorded_channel(said.channel), "by": _user(request) or said.by})


def recorded_channel(claimed: str) -> Channel:
    """The door that is written down: the command line alone speaks through this one, and others only say so."""
    return "cli" if claimed == "cli" else "rest"


Client = Annotated[Migrations, Depends(_migrations)]
Journal_ = Annotated[Journal, Depends(_journal)]
User = Annotated[str | None, Depends(_user)]
Said = Annotated[Instruction, Depends(_instruction)]

LOCATION = {"description": "Where to follow the migration", "schema": {"type": "string"}}


@router.post(
    "/migrations",
    status_code=201,
    summary="Start the migration of a cluster",
    responses={201: {"headers": {"Location": LOCATION}}, **errors(409, 502, 503)},
)
async def start(migrations: Client, user: User, response: Response, body: Submission) -> MigrationStatus:
    """Start it; 409 when the cluster has one that has not ended, 422 with every problem of the spec at once."""
    started = await migrations.start(cluster=body.cluster, spec=body.spec, requested_by=user or body.requested_by)
    response.headers["Location"] = f"/api/v1/migrations/{started}"
    return await migrations.status(started)


@router.get("/migrations", summary="List migrations: those that run, then the latest first", responses=errors(503))
async def listing(migrations: Client, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> list[MigrationSummary]:
    """What Temporal remembers of migrations within the namespace's retention."""
    found: list[MigrationSummary] = []
    async for each in migrations.list():
        found.append(each)
        if len(found) == limit:
            break
    return found


@router.get("/migrations/{migration}", summary="How a migration stands", responses=errors(404, 503))
async def show(migration: str, migrations: Client) -> MigrationStatus:
    """Phase, progress, what is waited for at this moment, what needs a person, and in the end the report."""
    return await migrations.status(migration)


@router.get("/migrations/{migration}/plan", summary="The plan that preflight pinned", responses=errors(404, 503))
async def plan(migration: str, migrations: Client) -> Plan | None:
    """Null until preflight has pinned it."""
    return await migrations.plan(migration)


@router.post(
    "/migrations/{migration}/cancel",
    status_code=202,
    summary="Stop at the next safe point and roll back",
    responses=errors(404, 409, 503),
)
async def cancel(migration: str, migrations: Client, said: Said) -> dict[str, str]:
    """After the point of no return it parks instead: the cluster is never left without a word. Heard once; then 409."""
    await migrations.cancel(migration, said)
    return {"answer": "it stops at the next safe point and rolls back, if there is still a way back"}


@router.post(
    "/migrations/{migration}/{verb}",
    summary="Tell a migration something: approve, reject, pause, resume, retry, skip or rollback",
    responses=errors(404, 409, 503),
)
async def steer(migration: str, verb: Verb, migrations: Client, said: Said) -> dict[str, str]:
    """409 with one plain sentence when it does not take that now; the answer says what happens next."""
    return {"answer": await migrations.steer(migration, verb, said)}


@router.get(
    "/migrations/{migration}/journal",
    summary="Every call the migration made to the world outside",
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
    """In the order they were made; page on with `after=<id of the last>`."""
    run = await migrations.run_id(migration)
    return await run_in_threadpool(
        records.read, migration, run=run, phase=phase, mutating=mutating, after_id=after, limit=limit
    )


@router.get(
    "/migrations/{migration}/decisions",
    summary="Everything that people said to the migration, and what came of it",
    responses=errors(404, 503),
)
async def decisions(
    migration: str,
    migrations: Client,
    records: Journal_,
    after: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> list[DecisionEntry]:
    """Of all its runs, also of those that Temporal has forgotten; page on with `after=<id of the last>`."""
    found = await run_in_threadpool(records.decisions, migration, after_id=after, limit=limit)
    if not found:
        await migrations.run_id(migration)
    return found
