"""`make bench`: the default scenario, measured; prints what was measured and how, and never fails for a slow machine."""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from journal.store import Journal
from lab.commands import down, up
from lab.scenario import load
from tests.bench.chain import Chain, Step
from tests.bench.observer import observing
from tests.e2e.running import Running, running

console = Console()


@dataclass(frozen=True, kw_only=True)
class Result:
    """One run: seconds, megabytes and calls."""

    wall: float
    steps: list[Step]
    calls: dict[str, int]
    lab_mb: float
    service_mb: float
    commands: dict[str, tuple[float, float]]
    """CPU seconds and megabytes of commands that only talk to the service."""

    @property
    def chain(self) -> float:
        """The world's own time."""
        return sum(each.seconds for each in self.steps)


async def measure(scenario: str, directory: Path) -> Result:
    """One whole migration on a lab of its own."""
    (directory / "service").mkdir()
    lab = await asyncio.to_thread(up, load(scenario), directory / "lab", report=_quiet)
    try:
        async with running(lab, directory / "service") as started, observing(lab.description["kubeconfig"]) as seen:
            submitted = await asyncio.to_thread(started.submit)
            status = await asyncio.to_thread(started.follow, submitted.id, seconds=900)
            if status.completed is None or not status.report:
                raise RuntimeError(f"the run did not complete: {status.state}: {status.message}")
            journal = Journal(started.journal_url)
            journal.open()
            entries = journal.read(status.id, limit=100_000)
            calls = dict(journal.count(status.id))
            journal.close()
            servers = {each["role"]: each["server"] for each in lab.description["vcenters"]}
            chain = Chain(
                seen, entries, source=servers["source"], target=servers["target"], end=status.completed.timestamp()
            )
            return Result(
                wall=(status.completed - status.started).total_seconds(),
                steps=chain.steps(),
                calls=calls,
                lab_mb=_resident([int(each.read_text()) for each in (lab.state_dir / "pids").iterdir()]),
                service_mb=_resident(_service(started)),
                commands={
                    " ".join(args): await asyncio.to_thread(spent, *args, url=started.service.url)
                    for args in (["--help"], ["status", status.id])
                },
            )
    finally:
        await asyncio.to_thread(down, directory / "lab")


def _service(started: Running) -> list[int]:
    return [started.api.pid, started.worker.pid]


def _quiet(line: str) -> None:
    del line


def _resident(pids: list[int]) -> float:
    """Megabytes of resident memory."""
    pages = [int(Path(f"/proc/{each}/statm").read_text().split()[1]) for each in pids if Path(f"/proc/{each}").exists()]
    return sum(pages) * os.sysconf("SC_PAGE_SIZE") / 1e6


MEASURED = """
import json, resource, subprocess, sys

subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e6]))
"""


def spent(*args: str, url: str) -> tuple[float, float]:
    """CPU seconds, and megabytes of resident memory at most, of one `vcfm`.

    Started by a small process: Linux counts what the one that forks has in memory as its child's.
    """
    command = [sys.executable, "-I", "-S", "-c", MEASURED, sys.executable, "-m", "cli", *args]
    ran = subprocess.run(command, env=os.environ | {"VCFM_API": url}, check=True, capture_output=True, text=True)
    seconds, megabytes = json.loads(ran.stdout)
    return seconds, megabytes


def show(results: list[Result]) -> None:
    """The figures, for a person."""
    last = results[-1]
    table = Table(title="The world's own time (last run)", title_justify="left", box=None)
    for column in ("step", "world s", "our reaction s"):
        table.add_column(column, justify="left" if column == "step" else "right")
    for each in last.steps:
        table.add_row(each.name, f"{each.seconds:.2f}", "window" if each.reaction is None else f"{each.reaction:.2f}")
    console.print(table)
    for command, (seconds, megabytes) in last.commands.items():
        console.print(f"vcfm {command}: {seconds:.2f} s of CPU, {megabytes:.0f} MB")
    reactions = [step.reaction for each in results for step in each.steps if step.reaction is not None]
    for each in results:
        console.print(
            f"wall {each.wall:.1f} s, chain {each.chain:.1f} s, ratio {each.wall / each.chain:.2f}; calls {each.calls}; "
            f"lab {each.lab_mb:.0f} MB, api and worker {each.service_mb:.0f} MB"
        )
    p95 = statistics.quantiles(reactions, n=20)[-1]
    console.print(
        f"reaction to an outside change ({len(reactions)} of them): p50 {statistics.median(reactions):.2f} s, "
        f"p95 {p95:.2f} s; load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    )


async def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(prog="make bench ARGS=…", description=__doc__)
    parser.add_argument("--scenario", default="default")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--json", type=Path, help="also write the figures there")
    asked = parser.parse_args()
    results = []
    for number in range(1, asked.runs + 1):
        console.print(f"run {number} of {asked.runs} of scenario {asked.scenario}…", style="dim")
        with tempfile.TemporaryDirectory(prefix="vcfm-bench-") as directory:
            results.append(await measure(asked.scenario, Path(directory)))
    show(results)
    if asked.json:
        asked.json.write_text(json.dumps([asdict(each) for each in results], indent=1))


if __name__ == "__main__":
    asyncio.run(main())
