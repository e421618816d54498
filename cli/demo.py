"""The demonstration: a lab, the service, one migration, and the report, as one command that cleans up after itself.

It drives the product from outside, as a user would: the service is a process of its own, the migration is submitted by
REST, and what is shown is what REST answers.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import typer
from dotenv import dotenv_values
from rich.console import Console
from rich.live import Live

from cli.dev_server import free_port
from cli.parent_death import ends_with_parent
from cli.rest import Service
from cli.views.status import render, report
from lab import commands as lab
from lab.binaries.build import BuildError
from lab.scenario import load
from migration.run.status import MigrationStatus, State

EXPECTED = (lab.LabError, BuildError)
app = typer.Typer(rich_markup_mode=None)
_EXIT = {State.COMPLETED: 0}


@app.command("demo")
def demo_command(
    exit_: Annotated[bool, typer.Option("--exit", help="End with the run's status instead of staying up.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the lab up for inspection.")] = False,
    scenario: Annotated[str, typer.Option(help="A scenario's name or file.")] = "default",
    state_dir: Annotated[Path, typer.Option(help="Where the lab and the service keep their files.")] = Path(".lab"),
) -> None:
    raise typer.Exit(run(console=Console(), scenario=scenario, state_dir=state_dir, leave=exit_, keep=keep))


def run(*, console: Console, scenario: str, state_dir: Path, leave: bool, keep: bool) -> int:
    """Run it; returns the exit status (0 when the migration completed and every claim of its report holds).

    With `leave` it ends with the run; otherwise it stays up until Ctrl-C. With `keep` the lab stays up afterwards.
    """
    # Also when started where Ctrl-C is ignored (a script's background), and when somebody ends it by SIGTERM.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        return _show(console=console, scenario=scenario, state_dir=state_dir, leave=leave, keep=keep)
    except KeyboardInterrupt:
        console.print("\nInterrupted: everything that the demo started has ended.")
        return 130


def _show(*, console: Console, scenario: str, state_dir: Path, leave: bool, keep: bool) -> int:
    began = time.monotonic()
    with ExitStack() as stack:
        console.rule("vcf-migration: a running OpenShift cluster moves from one vCenter to another")
        console.print(f"Lab: a real API server, Machine API and two vCenter simulators in {state_dir}")
        up = stack.enter_context(_lab(console, scenario, state_dir, keep=keep))
        url = stack.enter_context(_service(console, state_dir))
        service = Service(url)
        status = service.start(up.description["migration"])
        console.print(
            f"Submitted by REST {time.monotonic() - began:.0f} s after the start: {url}/api/v1/migrations/{status.id}\n"
        )
        status = _follow(console, service, status)
        console.print(report(status))
        console.print(f"\n{status.state}: {status.message}", style="bold")
        if keep:
            console.print(f"The lab stays up: export KUBECONFIG={state_dir}/kubeconfig   (`vcfm lab down` ends it)")
        if not leave:
            console.print("Everything stays up for you to look at; Ctrl-C ends it.")
            _until_interrupted()
    return _EXIT.get(status.state, 1)


@contextmanager
def _lab(console: Console, scenario: str, state_dir: Path, *, keep: bool) -> Iterator[lab.Lab]:
    began = time.monotonic()
    # A lab that nobody asked to keep ends with this process, whatever ends it.
    up = lab.up(
        load(scenario), state_dir, attached=not keep, report=lambda line: console.print(f"  {line}", style="dim")
    )
    try:
        console.print(f"Lab healthy after {time.monotonic() - began:.0f} s: export KUBECONFIG={state_dir}/kubeconfig")
        for each in up.description["vcenters"]:
            console.print(f"  {each['role']:6} vCenter  https://{each['server']}:{each['port']}")
        yield up
    except BaseException:
        keep = False
        raise
    finally:
        if not keep:
            lab.down(state_dir)
            console.print("Lab gone.")


@contextmanager
def _service(console: Console, state_dir: Path) -> Iterator[str]:
    """`vcfm serve --dev` as a child, with the lab's environment; yields the service's URL."""
    port = free_port(8080)
    environment = {
        **os.environ,
        **{key: value for key, value in dotenv_values(state_dir / "env").items() if value is not None},
        "VCFM_STATE_DIRECTORY": str(state_dir / "service"),
        "VCFM_API_PORT": str(port),
        "PYTHONUNBUFFERED": "1",
    }
    log = state_dir / "logs" / "service.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            ends_with_parent([sys.executable, "-m", "cli", "serve", "--dev"], signal_number=signal.SIGTERM),
            env=environment,
            stdout=subprocess.PIPE,
            stderr=output,
            text=True,
            start_new_session=True,  # Ctrl-C reaches us alone; we end it in order
        )
    try:
        url = f"http://127.0.0.1:{port}"
        try:
            Service(url).wait_until_ready(seconds=60, alive=lambda: process.poll() is None)
        except TimeoutError as error:
            raise TimeoutError(f"{error}; its log ends:\n{log.read_text()[-2000:]}") from error
        assert process.stdout is not None
        for _ in range(2):
            console.print(process.stdout.readline().rstrip())
        console.print(f"Service log   {log}")
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _follow(console: Console, service: Service, status: MigrationStatus) -> MigrationStatus:
    """Show the migration until it ends or needs a person."""
    with Live(render(status), console=console, refresh_per_second=4, vertical_overflow="visible") as live:
        while not status.state.final and status.attention is None:
            time.sleep(0.25)
            status = service.status(status.id)
            live.update(render(status))
    console.line(1 if console.is_terminal else 2)  # where it is piped, rich ends the last frame within its line
    return status


def _until_interrupted() -> None:
    try:
        signal.pause()
    except KeyboardInterrupt:
        return
