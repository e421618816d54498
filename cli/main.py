"""`vcfm`: one command for the service, its operators and its test bed."""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
import yaml
from pydantic import ValidationError
from rich.console import Console
from rich.live import Live
from rich.table import Table

import logs
from cli import demo as demonstration
from cli import lab as lab_commands
from cli import serve as processes
from cli.dev_server import NoTemporalBinary
from cli.rest import Refused, Service
from cli.view import duration, render, report
from lab.build import BuildError
from lab.commands import LabError
from migration.status import MigrationStatus, State
from settings import Settings
from temporal import TemporalUnavailable
from worker import main as worker_process

app = typer.Typer(
    help="Move a running OpenShift cluster from one vCenter to another.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(lab_commands.app, name="lab")
console = Console()

Url = Annotated[str, typer.Option("--api", envvar="VCFM_API", help="URL of the REST service.")]
DEFAULT_URL = "http://127.0.0.1:8080"

EXIT_CODES = {State.COMPLETED: 0, State.ROLLED_BACK: 3, State.FAILED: 4, State.NEEDS_ATTENTION: 5}
"""0 completed, 2 awaiting approval, 3 rolled back, 4 failed, 5 a person is needed."""


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
    """Run API and worker in one process, for small installs."""
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
def start(
    file: Annotated[Path, typer.Option("--file", "-f", help="A spec, a custom resource, or a REST body; - is stdin.")],
    cluster: Annotated[str, typer.Option(help="The cluster's name in the service, if it looks after several.")] = "",
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Follow it to its end.")] = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Start a migration."""
    document = _document(file)
    body: dict[str, Any] = document if "spec" in document else {"spec": document}
    started = Service(url).start({"cluster": cluster or body.get("cluster", ""), "spec": body["spec"]})
    console.print(f"{started.id} started")
    if watch:
        _watch(Service(url), started.id)


@app.command("list")
def listing(url: Url = DEFAULT_URL) -> None:
    """List migrations, the latest first."""
    table = Table(box=None, pad_edge=False)
    for column in ("ID", "STATE", "PHASE", "NEEDS", "STARTED", "TOOK"):
        table.add_column(column)
    for each in Service(url).migrations():
        took = duration(each.completed - each.started) if each.completed else ""
        needs = "a person" if each.needs_human else ""
        table.add_row(each.id, each.state, each.phase, needs, f"{each.started:%Y-%m-%d %H:%M:%S}Z", took)
    console.print(table)


@app.command()
def status(
    migration: Annotated[str, typer.Argument(help="Its id; may be left out when there is one.")] = "",
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Follow it to its end.")] = False,
    output: Annotated[str, typer.Option("--output", "-o", help="`text` or `json`.")] = "text",
    url: Url = DEFAULT_URL,
) -> None:
    """Show how a migration stands."""
    service = Service(url)
    migration = migration or _only(service)
    if watch:
        _watch(service, migration)
        return
    found = service.status(migration)
    if output == "json":
        print(found.model_dump_json(indent=2))
    else:
        console.print(render(found))
        if found.report:
            console.print(report(found))
    raise typer.Exit(EXIT_CODES.get(found.state, 0) if found.state.final else 0)


@app.command()
def retry(
    migration: Annotated[str, typer.Argument(help="Its id; may be left out when there is one.")] = "",
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "",
    by: Annotated[str, typer.Option(envvar="USER", help="Who, for the record.")] = "",
    url: Url = DEFAULT_URL,
) -> None:
    """Run the parked phase again."""
    service = Service(url)
    console.print(service.retry(migration or _only(service), by=by, reason=reason))


def _watch(service: Service, migration: str) -> None:
    """Follow a migration to its end, or until a person is needed; then leave with its exit code."""
    found = service.status(migration)
    if console.is_terminal:
        with Live(render(found), console=console, refresh_per_second=4, vertical_overflow="visible") as live:
            while not found.state.final:
                time.sleep(0.5)
                found = service.status(migration)
                live.update(render(found))
    else:
        found = _lines(service, found)
    if found.report:
        console.print(report(found))
    raise typer.Exit(EXIT_CODES.get(found.state, 4))


def _lines(service: Service, found: MigrationStatus) -> MigrationStatus:
    """One line per change, for logs and pipes."""
    said = ""
    while True:
        line = f"{found.state} {found.progress:3d}% {found.phase}: {found.message}"
        if line != said:
            console.print(line, soft_wrap=True)
            said = line
        if found.state.final:
            return found
        time.sleep(0.5)
        found = service.status(found.id)


def _only(service: Service) -> str:
    found = service.migrations()
    going = [each for each in found if not each.state.final] or found[:1]
    if len(going) != 1:
        raise Refused(404, f"{len(going)} migrations: say which one (`vcfm list`)")
    return going[0].id


def _document(file: Path) -> dict[str, Any]:
    text = sys.stdin.read() if str(file) == "-" else file.read_text()
    document = yaml.safe_load(text)
    if not isinstance(document, dict):
        raise Refused(422, f"{file}: not a YAML or JSON object; give a spec, a custom resource, or a REST body")
    return document


def _settings() -> Settings:
    settings = Settings()
    logs.configure(json=settings.log_json)
    return settings


def run() -> None:
    """The console script: every expected error is one plain message and an exit code, never a stack trace."""
    try:
        app()
    except (Refused, TemporalUnavailable, NoTemporalBinary, LabError, BuildError, LookupError, TimeoutError) as error:
        _fail(str(error))
    except httpx.TransportError as error:
        _fail(f"the service does not answer ({error}): start it (`vcfm serve --dev`), or say where it is (--api URL)")
    except (OSError, yaml.YAMLError, json.JSONDecodeError) as error:
        _fail(str(error))
    except ValidationError as error:
        _fail("\n".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()))


def _fail(message: str) -> None:
    Console(stderr=True).print(message, style="red", soft_wrap=True, highlight=False)
    sys.exit(1)
