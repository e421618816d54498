"""`vcfm lab`: the lab of real OpenShift and vSphere parts."""

import json
import signal
import threading
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cli.errors import Commands
from lab import commands
from lab.binaries.build import BuildError
from lab.binaries.build import build as built
from lab.faults import KINDS
from lab.faults import fault as made
from lab.scenario import load
from lab.snapshot import snapshot as taken

EXPECTED = (commands.LabError, BuildError)
app = typer.Typer(rich_markup_mode=None)
lab = typer.Typer(cls=Commands, rich_markup_mode=None, no_args_is_help=True)
app.add_typer(lab, name="lab")
console = Console()

StateDir = Annotated[Path, typer.Option(help="Directory of the lab's files.")]


@lab.command()
def up(
    scenario: Annotated[str, typer.Option(help="A scenario's name or file.")] = "default",
    state_dir: StateDir = Path(".lab"),
    port: Annotated[int | None, typer.Option(help="The vCenters' port; default: a free one.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print lab.json at the end.")] = False,
) -> None:
    """Start a cluster on its source vCenter, beside an empty target vCenter; return when it is healthy."""
    progress = Console(stderr=True)
    found = commands.up(load(scenario), state_dir, port=port, report=lambda line: progress.print(line, style="dim"))
    if as_json:
        print(json.dumps(found.description, indent=2))
        return
    console.print(f"{found.description['infrastructure_name']} is healthy: export KUBECONFIG={state_dir}/kubeconfig")
    console.print(f"The service's environment: set -a; . {state_dir}/env; vcfm serve --dev")


@lab.command()
def build() -> None:
    """Build the lab's parts now instead of at the first `lab up`: about ten minutes on two cores, then cached."""
    cache = built(report=console.print).cache
    console.print(f"All parts are in {cache}.")


@lab.command()
def down(state_dir: StateDir = Path(".lab")) -> None:
    """End every process of the lab and remove what it made."""
    console.print("The lab is gone." if commands.down(state_dir) else f"No lab in {state_dir}.")


@lab.command()
def status(state_dir: StateDir = Path(".lab"), as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Show which parts run and whether the cluster is healthy."""
    found = commands.status(state_dir)
    print(json.dumps(found, indent=2)) if as_json else console.print(found)


@lab.command()
def fault(
    kind: Annotated[str | None, typer.Argument(help="Kind of fault; default: list all kinds.")] = None,
    arguments: Annotated[list[str] | None, typer.Argument(help="Arguments of the fault.")] = None,
    seconds: Annotated[float | None, typer.Option("--for", help="Seconds; default: until Ctrl-C.")] = None,
    state_dir: StateDir = Path(".lab"),
) -> None:
    """Inject a fault for a while; it is undone at the end, also when interrupted."""
    if kind is None:
        for name, each in sorted(KINDS.items()):
            console.print(f"{' '.join([name, *each.arguments]):26}  {each.meaning}", highlight=False, soft_wrap=True)
        return
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the fault is also undone on SIGTERM
    try:
        with made(state_dir, kind, *(arguments or [])):
            console.print(f"{KINDS[kind].meaning}, {f'for {seconds:g} s' if seconds else 'until Ctrl-C'}")
            threading.Event().wait(seconds)
    finally:
        console.print("undone")


@lab.command()
def snapshot(state_dir: StateDir = Path(".lab")) -> None:
    """Print every object and every vCenter inventory as JSON, for comparing before and after."""
    print(json.dumps(taken(state_dir), indent=1, sort_keys=True))
