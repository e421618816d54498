"""`make generate`: migrate a lab once and keep the history, for `tests/workflows/test_replay.py` to replay for ever.

One history per released shape of the workflow; a file that exists is never overwritten, because runs of that shape may
still be going on somewhere. Remove it first if its shape was never released.
"""

import asyncio
import json
import tempfile
from importlib.metadata import version
from pathlib import Path

from lab.commands import down, up
from lab.scenario import load
from tests.e2e.conftest import history
from tests.e2e.running import running
from tests.support.timeouts import MIGRATION_SECONDS

HISTORIES = Path(__file__).parent.parent / "workflows" / "histories"


async def record(target: Path) -> None:
    """One migration of the default scenario."""
    with tempfile.TemporaryDirectory(prefix="vcfm-record-") as name:
        directory = Path(name)
        (directory / "service").mkdir()
        lab = await asyncio.to_thread(up, load("default"), directory / "lab")
        try:
            async with running(lab, directory / "service") as started:
                submitted = await asyncio.to_thread(started.submit)
                status = await asyncio.to_thread(started.follow, submitted.id, seconds=MIGRATION_SECONDS)
                recorded = await history(started, status.id)
        finally:
            await asyncio.to_thread(down, directory / "lab")
    target.write_text(json.dumps(json.loads(recorded.to_json()), indent=1) + "\n")


if __name__ == "__main__":
    wanted = HISTORIES / f"{version('vcf-migration')}.json"
    if wanted.exists():
        print(f"{wanted.name} is recorded")
    else:
        HISTORIES.mkdir(exist_ok=True)
        asyncio.run(record(wanted))
