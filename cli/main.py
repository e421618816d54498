"""`vcfm`: the command line of the service and of the lab.

Commands that only call the service are in this module; all others are deferred, so that these start quickly.
"""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console

from cli import submission
from cli.deferred import Deferred
from cli.errors import EXIT_CODES, EXPLAINED, Commands
from cli.following import draw, dump, follow, tell
from cli.rest import Refused, Service
from cli.views import journal as journal_view
from cli.views import preflight as preflight_view
from cli.views.status import render, report, table
from migration.commands import MEANINGS
from migration.phase import PhaseName
from migration.run.status import MigrationStatus, State

_DEFERRED = (
    Deferred(
        "demo",
        module="cli.demo",
        help="Bring up the lab and the service, migrate the cluster, show it live, print the report.",
    ),
    Deferred("lab", module="cli.lab", help="A lab of real OpenShift and vSphere parts on this machine."),
    Deferred("serve", module="cli.serve", help="Run API, worker and bridge in one process, for small installs."),
    Deferred("api", module="cli.serve", help="Run the REST service."),
    Deferred("worker", module="cli.serve", help="Run a worker."),
    Deferred(
        "bridge",
        module="cli.serve",
        help="Run the bridge, which reconciles custom resources with migrations.",
    ),
)


class _Vcfm(Commands):
    """All commands: the deferred ones, then those of this module."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = {str(each.name): each for each in _DEFERRED} | dict(self.commands)


app = typer.Typer(
    cls=_Vcfm,
    epilog=EXPLAINED,
    help="Move a running OpenShift cluster from one vCenter to another.",
    no_args_is_help=True,
    rich_markup_mode=None,  # help in boxes would take a third of the time that `vcfm status` takes
    add_completion=False,
    pretty_exceptions_enable=False,
)
console = Console()


class Output(StrEnum):
    TEXT = "text"
    JSON = "json"


Url = Annotated[str, typer.Option("--api", envvar="VCFM_API", help="URL of the REST service.")]
Migration = Annotated[
    str,
    typer.Argument(help="Id of the migration; default: the only one that runs, else the latest.", show_default=False),
]
Watch = Annotated[bool, typer.Option("--watch", "-w", help="Watch the migration until it ends or needs a person.")]
As = Annotated[Output, typer.Option("--output", "-o", help="Output format.")]
By = Annotated[str, typer.Option(envvar="USER", help="Your name; it is recorded.")]
Reason = Annotated[str, typer.Option(help="Reason of the command; it is recorded.")]
DEFAULT_URL = "http://127.0.0.1:8080"


@app.command(epilog=EXPLAINED)
def preflight(
    file: Annotated[Path, typer.Option("--file", "-f", help="As for start.")],
    cluster: Annotated[str, typer.Option(help="As for start.")] = "",
    output: As = Output.TEXT,
    url: Url = DEFAULT_URL,
) -> None:
    """Run preflight: check whether a migration can start. Read-only."""
    found = Service(url).preflight(submission.read(file, cluster=cluster, by=""))
    if output is Output.JSON:
        print(found.model_dump_json(indent=2))
    else:
        console.print(preflight_view.render(found))
    raise typer.Exit(EXIT_CODES[State.FAILED] if found.plan is None else 0)


@app.command()
def start(
    file: Annotated[Path, typer.Option("--file", "-f", help="A spec, a custom resource, or a REST body; - is stdin.")],
    cluster: Annotated[str, typer.Option(help="Name of the cluster in the service; optional if it has only one.")] = "",
    by: By = "",
    watch: Watch = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Start a migration."""
    service = Service(url)
    started = service.start(submission.read(file, cluster=cluster, by=by))
    console.print(f"{started.id} started: `vcfm status -w {started.id}` follows it", soft_wrap=True, highlight=False)
    if watch:
        _watch(service, started.id, Output.TEXT)


@app.command()
def adopt(
    cluster: Annotated[str, typer.Option(help="Name of the cluster in the service; optional if it has only one.")] = "",
    rollback: Annotated[bool, typer.Option("--rollback", help="Roll it back instead of continuing it.")] = False,
    reason: Reason = "",
    by: By = "",
    watch: Watch = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Take over a migration whose workflow was terminated, or whose Temporal was lost."""
    service = Service(url)
    taken = service.adopt(cluster=cluster, rollback=rollback, by=by, reason=reason)
    console.print(f"{taken.id} is taken over: `vcfm status -w {taken.id}` follows it", soft_wrap=True, highlight=False)
    if watch:
        _watch(service, taken.id, Output.TEXT)


@app.command("list")
def listing(output: As = Output.TEXT, url: Url = DEFAULT_URL) -> None:
    """List migrations: running ones, then ended ones, the latest first."""
    found = Service(url).migrations()
    if output is Output.JSON:
        print(json.dumps([each.model_dump(mode="json") for each in found], indent=2))
    elif found:
        console.print(table(found))
    else:
        console.print("There is no migration yet: `vcfm start -f FILE` starts one.")


@app.command(epilog=EXPLAINED)
def status(migration: Migration = "", watch: Watch = False, output: As = Output.TEXT, url: Url = DEFAULT_URL) -> None:
    """Show the status of a migration."""
    service = Service(url)
    migration = migration or _only(service)
    if watch:
        _watch(service, migration, output)
    found = service.status(migration)
    if output is Output.JSON:
        print(found.model_dump_json(indent=2))
    else:
        console.print(render(found))
        _report(found)
    raise typer.Exit(EXIT_CODES.get(found.state, 0))


@app.command()
def journal(
    migration: Migration = "",
    decisions: Annotated[
        bool, typer.Option("--decisions", help="Show people's decisions in all its runs instead.")
    ] = False,
    phase: Annotated[PhaseName | None, typer.Option(help="Only calls of this phase.")] = None,
    mutating: Annotated[bool, typer.Option("--mutating", help="Only calls that change something.")] = False,
    output: As = Output.TEXT,
    url: Url = DEFAULT_URL,
) -> None:
    """Show the calls of a migration to the cluster and the vCenters, or people's decisions.

    With -o json: one object per line, with request and response bodies, redacted.
    """
    if decisions and (phase or mutating):
        raise typer.BadParameter("--phase and --mutating filter calls, and --decisions shows no calls")
    service = Service(url)
    migration = migration or _only(service)
    found = service.decisions(migration) if decisions else service.calls(migration, phase=phase, mutating=mutating)
    if output is Output.JSON:
        for each in found:
            print(each.model_dump_json())
    else:
        for part in journal_view.draw(found):
            console.print(part)


def _verb(verb: str, meaning: str) -> None:
    """Add the command for a verb."""

    @app.command(verb, help=meaning)
    def steer(
        migration: Migration = "",
        phase: Annotated[PhaseName | None, typer.Option(help="Refuse the command unless this phase waits now.")] = None,
        reason: Reason = "",
        by: By = "",
        url: Url = DEFAULT_URL,
    ) -> None:
        service = Service(url)
        console.print(service.steer(migration or _only(service), verb, by=by, reason=reason, phase=phase))


for each, meaning in MEANINGS.items():
    _verb(each.value, f"{meaning}.")


@app.command()
def cancel(migration: Migration = "", reason: Reason = "", by: By = "", url: Url = DEFAULT_URL) -> None:
    """Stop at the next safe point and roll back; after the point of no return, park."""
    service = Service(url)
    console.print(service.steer(migration or _only(service), "cancel", by=by, reason=reason))


def _watch(service: Service, migration: str, output: Output) -> NoReturn:
    """Watch a migration until it ends or needs a person; then exit with the code of its state."""
    statuses = follow(service, migration)
    if output is Output.JSON:
        found = dump(statuses)
    else:
        found = draw(console, statuses) if console.is_terminal else tell(console, statuses)
        _report(found)
    raise typer.Exit(EXIT_CODES.get(found.state, 0))


def _report(found: MigrationStatus) -> None:
    if found.report:
        console.print()
        console.print(report(found))


def _only(service: Service) -> str:
    """The default migration: the only one that has not ended, else the latest."""
    found = service.migrations()
    going = [each for each in found if not each.state.final] or found[:1]
    if not going:
        raise Refused("there is no migration yet: `vcfm start -f FILE` starts one")
    if len(going) > 1:
        raise Refused(f"several migrations run; name one: {', '.join(each.id for each in going)}")
    return going[0].id


def run() -> None:
    """The console script."""
    app(prog_name="vcfm")
