"""A phase is one row and one module; in a copy of the product with a sixteenth, nothing else is edited."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from migration.phase import TABLE, PhaseName
from tests.support.timeouts import EVENT_SECONDS
from tests.workflows.answers import PLAN
from workflows.phase import Step
from workflows.phases import OBSERVING, PHASES, UNDOABLE

ROOT = Path(__file__).parents[2]
NEW = "migrate_volumes"
ROW = """    Phase(
        name=PhaseName.MIGRATE_VOLUMES,
        title="Relocate the volumes to the target",
        proof="every volume is attached on a node of the target",
        weight=15,
        condition=OfficialCondition.WORKLOAD_MIGRATED,
        duration="hours, by the bytes of the volumes",
        undo="relocate the volumes to the source",
    ),
"""
MODULE = '''"""A phase that does nothing yet."""

from migration.phase import PhaseName
from migration.plan import Plan
from workflows.run import Run

name = PhaseName.MIGRATE_VOLUMES


def touches(plan: Plan) -> list[str]:
    return [f"{plan.source.server}: volumes"]


async def do(run: Run) -> list[str]:
    return ["relocated"]


async def undo(run: Run) -> list[str]:
    return ["relocated back"]
'''
EDITS = (
    ("migration/phase.py", '    SCALE_OLD = "scale_old"\n', f'    MIGRATE_VOLUMES = "{NEW}"\n'),
    ("migration/phase.py", "    Phase(\n        name=PhaseName.SCALE_OLD,\n", ROW),
    ("workflows/phases/__init__.py", "    monitor_health,\n    preflight,\n", "    migrate_volumes,\n"),
    ("workflows/phases/__init__.py", "    scale_old,\n    cleanup,\n", "    migrate_volumes,\n"),
)
"""In which file, before which lines, what is written."""
AMONG = [*(each.value for each in PhaseName)]
AMONG.insert(AMONG.index("scale_old"), NEW)


@pytest.fixture(scope="module")
def derived(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a process says that finds the copies before the originals."""
    copy = tmp_path_factory.mktemp("sixteen")
    for each in ("migration", "workflows"):
        shutil.copytree(ROOT / each, copy / each, ignore=shutil.ignore_patterns("__pycache__"))
    for name, before, written in EDITS:
        found = (copy / name).read_text()
        assert found.count(before) == 1, (name, before)
        (copy / name).write_text(found.replace(before, written + before))
    (copy / "workflows" / "phases" / f"{NEW}.py").write_text(MODULE)
    said = subprocess.run(
        [sys.executable, "-m", "tests.workflows.sixteenth_phase"],
        cwd=copy,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=EVENT_SECONDS,
    )
    assert said.returncode == 0, said.stderr
    found_there: dict[str, Any] = json.loads(said.stdout.splitlines()[-1])
    return found_there


def test_modules_are_the_rows_of_the_table() -> None:
    assert [each.name for each in PHASES] == [each.name for each in TABLE]
    assert [each.name for each in UNDOABLE] == [each.name for each in TABLE if each.undo]
    assert [each.name for each in OBSERVING] == [PhaseName.CREATE_TAGS, PhaseName.CREATE_FOLDER]


@pytest.mark.parametrize("phase", PHASES, ids=[each.name for each in PHASES])
def test_what_a_phase_touches_is_listed_if_it_changes_anything(phase: Step) -> None:
    reads = {PhaseName.PREFLIGHT, PhaseName.MONITOR_HEALTH, PhaseName.VERIFY}
    quiesced = [*PLAN.quiesced.health_checks, *PLAN.quiesced.autoscalers]
    nothing = phase.name in reads or (phase.name is PhaseName.DISABLE_CVO and not quiesced)
    touched = phase.touches(PLAN)
    assert (not touched) == nothing
    assert all(touched)


def test_order(derived: dict[str, Any]) -> None:
    assert derived["names"] == derived["table"] == derived["modules"] == AMONG
    assert derived["id"] == f"13-{NEW}.relocate.3"


def test_progress(derived: dict[str, Any]) -> None:
    seen = derived["progress"]
    assert (len(seen), seen) == (16, sorted(seen))
    assert seen[-1] == 98  # `verify` weighs 4 of 115, and counts for half while it runs


def test_gate(derived: dict[str, Any]) -> None:
    gate = derived["gate"]
    assert (derived["gated"], derived["gates"]) == (True, [NEW])
    assert (gate["phase"], gate["duration"]) == (NEW, "hours, by the bytes of the volumes")
    assert gate["blastRadius"] == ["vc-old.example.com: volumes"]
    assert "rolled back" in gate["reject"]


def test_rollback(derived: dict[str, Any]) -> None:
    undoable = [each for each in AMONG if each == NEW or next((row.undo for row in TABLE if row.name == each), "")]
    assert derived["undoable"] == derived["undone"]["recorded"] == undoable
    assert derived["undone"]["done"] == derived["undone"]["told"]
    assert derived["undone"]["done"][:3] == ["scale_old", NEW, "recreate_cpms"]
    assert derived["observing"] == ["create_tags", "create_folder"]


def test_custom_resource(derived: dict[str, Any]) -> None:
    present, later = derived["conditions"]
    assert (present["WorkloadMigrated"], later["WorkloadMigrated"]) == ("Progressing", "Completed")
    assert derived["schema"] == [AMONG, AMONG, 16, 16]
    assert derived["history"] == AMONG[: AMONG.index(NEW) + 1]


def test_what_people_read(derived: dict[str, Any]) -> None:
    assert f"| 13 | **{NEW}** |" in derived["details"]
    assert "step 13 of 16" in derived["screen"]
    assert derived["title"] in derived["screen"]


def test_a_migration_goes_through_it(derived: dict[str, Any]) -> None:
    ended = derived["completed"]
    assert (ended["asked"], ended["state"], ended["evidence"]) == (NEW, "Completed", ["relocated"])
    assert ended["without worker"] == [NEW, 16, derived["progress"][AMONG.index(NEW)]]
    assert list(ended["phases"]) == AMONG
    assert set(ended["phases"].values()) == {"Completed"}


def test_a_rollback_undoes_it(derived: dict[str, Any]) -> None:
    ended = derived["rolled back"]
    assert (ended["asked"], ended["state"], ended["evidence"]) == ("scale_old", "RolledBack", ["relocated back"])
    assert [each for each, state in ended["phases"].items() if state == "Pending"] == ["scale_old", "cleanup", "verify"]
