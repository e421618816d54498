"""`vcfm`: one command for the service, its operators and its test bed."""

import asyncio
import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from bridge import main as bridge_process
from cli import demo as demonstration
from cli import journal_view, preflight_view, submission
from cli import lab as lab_commands
from cli import serve as processes
from cli.errors import EXIT_CODES, EXPLAINED, Commands
from cli.following import draw, dump, follow, tell
from cli.rest import Refused, Service
from cli.status_view import render, report, table
from config import logs
from config.settings import Settings
from migration.commands import MEANINGS
from migration.phase import PhaseName
from migration.run.status import MigrationStatus, State
from worker import main as worker_process

app = typer.Typer(
    cls=Commands,
    epilog=EXPLAINED,
    help="Move a running OpenShift cluster from one vCenter to another.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(lab_commands.app, name="lab")
console = Console()


class Output(StrEnum):
    TEXT = "text"
    JSON = "json"


Url = Annotated[str, typer.Option("--api", envvar="VCFM_API", help="URL of the REST service.")]
Migration = Annotated[str, typer.Argument(help="Its id; may be left out when there is one.", show_default=False)]
Watch = Annotated[bool, typer.Option("--watch", "-w", help="Follow it to its end, or until it needs a person.")]
As = Annotated[Output, typer.Option("--output", "-o", help="For people, or for programs.")]
By = Annotated[str, typer.Option(envvar="USER", help="Who says so, for the record.")]
Reason = Annotated[str, typer.Option(help="Why, for the record.")]
DEFAULT_URL = "http://127.0.0.1:8080"


@app.command()
def demo(
    exit_: Annotated[bool, typer.Option("--exit", help="End with the run's status instead of staying up.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the lab up for inspection.")] = False,
    scenario: Annotated[str, typer.Option(help="A scenario's name or file.")] = "default",
    state_dir: Annotated[Path, typer.Option(help="Where the lab and the service keep their files.")] = Path(".lab"),
) -> None:
    """Bring up the lab and the service, migrate the cluster, show it live, print the report."""
    raise typer.Exit(demonstration.run(console=console, scenario=scenario, state_dir=state_dir, leave=exit_, keep=keep))


@app.command()
def serve(
    dev: Annotated[bool, typer.Option("--dev", help="Also run Temporal's dev server, with a database file.")] = False,
    temporal_port: Annotated[int, typer.Option(help="Its port, with --dev; another one if that is taken.")] = 7233,
    ui_port: Annotated[int, typer.Option(help="Its UI's port, with --dev; another one if taken.")] = 8233,
) -> None:
    """Run API, worker and bridge in one process, for small installs."""
    settings = _settings()
    asyncio.run(processes.serve(settings, dev=dev, console=console, temporal_port=temporal_port, ui_port=ui_port))


@app.command()
def api() -> None:
    """Run the REST service."""
    asyncio.run(processes.serve_api(_settings()))


@app.command()
def worker() -> None:
    """Run a worker."""
    asyncio.run(worker_process.run(_settings()))


@app.command()
def bridge() -> None:
    """Run the bridge: custom resources become migrations, and tell how those stand."""
    asyncio.run(bridge_process.run(_settings()))


@app.command(epilog=EXPLAINED)
def preflight(
    file: Annotated[Path, typer.Option("--file", "-f", help="As for start.")],
    cluster: Annotated[str, typer.Option(help="As for start.")] = "",
    output: As = Output.TEXT,
    url: Url = DEFAULT_URL,
) -> None:
    """Look whether a migration could start: nothing is started and nothing is changed."""
    found = Service(url).preflight(submission.read(file, cluster=cluster, by=""))
    if output is Output.JSON:
        print(found.model_dump_json(indent=2))
    else:
        console.print(preflight_view.render(found))
    raise typer.Exit(EXIT_CODES[State.FAILED] if found.plan is None else 0)


@app.command()
def start(
    file: Annotated[Path, typer.Option("--file", "-f", help="A spec, a custom resource, or a REST body; - is stdin.")],
    cluster: Annotated[str, typer.Option(help="The cluster's name in the service, if it looks after several.")] = "",
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
    cluster: Annotated[str, typer.Option(help="The cluster's name in the service, if it looks after several.")] = "",
    rollback: Annotated[bool, typer.Option("--rollback", help="Undo it, instead of going on with it.")] = False,
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
    """List migrations: those that run, then those that ended, the latest first."""
    found = Service(url).migrations()
    if output is Output.JSON:
        print(json.dumps([each.model_dump(mode="json") for each in found], indent=2))
    elif found:
        console.print(table(found))
    else:
        console.print("There is no migration yet: `vcfm start -f FILE` starts one.")


@app.command(epilog=EXPLAINED)
def status(migration: Migration = "", watch: Watch = False, output: As = Output.TEXT, url: Url = DEFAULT_URL) -> None:
    """Show how a migration stands."""
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
    decisions: Annotated[bool, typer.Option("--decisions", help="What people said, in all its runs, instead.")] = False,
    phase: Annotated[PhaseName | None, typer.Option(help="Calls of one phase alone.")] = None,
    mutating: Annotated[bool, typer.Option("--mutating", help="Calls that were meant to change something.")] = False,
    output: As = Output.TEXT,
    url: Url = DEFAULT_URL,
) -> None:
    """Show every call a migration made to the world outside, or what people said to it.

    With -o json one object to a line, with what was sent and answered, redacted.
    """
    if decisions and (phase or mutating):
        raise typer.BadParameter("--phase and --mutating choose among calls, and --decisions shows none")
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
    """A command for one of the things that can be said to a migration."""

    @app.command(verb, help=meaning)
    def say(
        migration: Migration = "",
        phase: Annotated[PhaseName | None, typer.Option(help="Refuse it, unless this phase is what waits now.")] = None,
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
    """Follow a migration to its end, or until a person is needed; then leave with its exit code."""
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
    """The migration that is meant when none is named: the one that has not ended, else the latest."""
    found = service.migrations()
    going = [each for each in found if not each.state.final] or found[:1]
    if not going:
        raise Refused("there is no migration yet: `vcfm start -f FILE` starts one")
    if len(going) > 1:
        raise Refused(f"say which one: {', '.join(each.id for each in going)}")
    return going[0].id


def _settings() -> Settings:
    settings = Settings()
    logs.configure(json=settings.log_json)
    return settings


def run() -> None:
    """The console script."""
    app(prog_name="vcfm")
