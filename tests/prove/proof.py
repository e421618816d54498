"""Going through the cells of a proof: on one lab for as long as it is provably back where it began."""

import argparse
import asyncio
import shutil
import signal
import tempfile
import time
import traceback
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from tests.prove.harness import Harness, harness
from tests.prove.results import Cell, Results

console = Console(width=200) if not Console().is_terminal else Console()
SEED = 20261125


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What is to be proven.

    Attributes:
        cell: proves the cell of that name, with that seed, on a lab that is as it came up.
        reuses: whether a lab is as it came up after a cell that was proven.
    """

    title: str
    names: list[str]
    cell: Callable[[Harness, str, int], Cell]
    options: Namespace
    reuses: Callable[[Cell], bool] = lambda cell: cell.proven


def arguments(name: str, about: str | None) -> ArgumentParser:
    """What every proof can be told."""
    parser = ArgumentParser(
        prog=f"make prove-{name} ARGS=…", description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=SEED, help="what is drawn is drawn from this")
    parser.add_argument("--scenario", default="default", help="a lab's scenario")
    parser.add_argument("--results", type=Path, default=Path(f".prove/{name}.json"), help="cells done are kept there")
    parser.add_argument("--again", action="store_true", help="also the cells that are proven already")
    parser.add_argument("--keep", type=Path, help="keep logs and databases of failed cells in this directory")
    return parser


async def prove(proof: Proof) -> int:
    """Prove what is not proven yet, show everything; 1 unless all of it is."""
    going = asyncio.current_task()
    assert going
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, going.cancel)  # or the lab would be left to itself
    results = Results(proof.options.results)
    wanted = [
        each
        for each in proof.names
        if proof.options.again or not (each in results.cells and results.cells[each].proven)
    ]
    async with AsyncExitStack() as stack:
        kept: Harness | None = None
        for name in wanted:
            if kept is None:
                kept = await stack.enter_async_context(_fresh(proof))
            began = time.monotonic()
            cell = await asyncio.to_thread(_cell, proof, kept, name)
            results.add(cell)
            outcome = "proven" if cell.proven else f"NOT proven: {'; '.join(cell.wrong)[:1500]}"
            console.print(f"{name}: {cell.ended}, {outcome} ({time.monotonic() - began:.0f} s)", highlight=False)
            if not proof.reuses(cell):
                if not cell.proven and proof.options.keep:
                    _keep(kept, proof.options.keep / name)
                await stack.aclose()
                kept = None
    return 1 if results.show(proof.names, title=proof.title, console=console) else 0


def _cell(proof: Proof, present: Harness, name: str) -> Cell:
    """A cell that stumbles is a cell that is not proven."""
    try:
        return proof.cell(present, name, proof.options.seed)
    except Exception as error:  # noqa: BLE001 - whatever it was, the other cells go on
        console.print("".join(traceback.format_exception(error)), style="dim", highlight=False, markup=False)
        return Cell(name=name, seed=proof.options.seed, ended="stumbled", wrong=[f"{type(error).__name__}: {error}"])


def _fresh(proof: Proof) -> AbstractAsyncContextManager[Harness]:
    return harness(Path(tempfile.mkdtemp(prefix="vcfm-prove-")), scenario=proof.options.scenario)


def _keep(present: Harness, directory: Path) -> None:
    """What a person needs to see why."""
    shutil.rmtree(directory, ignore_errors=True)
    shutil.copytree(present.directory, directory / "service")
    shutil.copytree(present.lab.state_dir / "logs", directory / "logs")
