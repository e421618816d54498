"""`vcfm lab`: the test bed."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from lab import commands
from lab.scenario import load
from lab.snapshot import snapshot as taken

app = typer.Typer(help="A lab of real OpenShift and vSphere parts on this machine.", no_args_is_help=True)
console = Console()

StateDir = Annotated[Path, typer.Option(help="Where everything of the lab lives.")]


@app.command()
def up(
    scenario: Annotated[str, typer.Option(help="A scenario's name or file.")] = "default",
    state_dir: StateDir = Path(".lab"),
    port: Annotated[int | None, typer.Option(help="The vCenters' port; default: a free one.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print lab.json at the end.")] = False,
) -> None:
    """Bring a cluster up on its source vCenter, beside an empty target; return when it is healthy."""
    said = Console(stderr=True)
    found = commands.up(load(scenario), state_dir, port=port, report=lambda line: said.print(line, style="dim"))
    if as_json:
        print(json.dumps(found.description, indent=2))
        return
    console.print(f"{found.description['infrastructure_name']} is healthy: export KUBECONFIG={state_dir}/kubeconfig")
    console.print(f"The service's environment: set -a; . {state_dir}/env; vcfm serve --dev")


@app.command()
def down(state_dir: StateDir = Path(".lab")) -> None:
    """End every process of the lab and remove what it made."""
    console.print("The lab is gone." if commands.down(state_dir) else f"No lab in {state_dir}.")


@app.command()
def status(state_dir: StateDir = Path(".lab"), as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Say which parts run and whether the cluster is healthy."""
    found = commands.status(state_dir)
    print(json.dumps(found, indent=2)) if as_json else console.print(found)


@app.command()
def snapshot(state_dir: StateDir = Path(".lab")) -> None:
    """Print every object and every vCenter inventory as JSON, for comparing before and after."""
    print(json.dumps(taken(state_dir), indent=1, sort_keys=True))
