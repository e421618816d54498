"""From the custom resource to the migration and back, on a real API server and with the bridge's own rights."""

import pytest

from migration.phase import TABLE
from migration.resource_conditions import OFFICIAL
from migration.status import PhaseState, State
from migration.value import Document
from tests.bridge.bridged import Bridged, truths
from tests.bridge.resources import OFFICIAL as OFFICIAL_SPEC
from tests.bridge.resources import ORIGINAL, ours


@pytest.mark.parametrize(("name", "spec"), [("cluster", OFFICIAL_SPEC), ("dc-a-to-vcf", ORIGINAL), ("ours", ours())])
async def test_each_dialect_completes(bridge: Bridged, name: str, spec: Document) -> None:
    await bridge.create(spec | {"state": "Running"}, name=name)
    done = await bridge.state(name, State.COMPLETED)
    status = done.status
    assert (status.progress, status.migration, status.observed_generation) == (
        100,
        bridge.service.migration,
        done.generation,
    )
    assert truths(done) == {
        **dict.fromkeys(OFFICIAL, "True"),
        "Accepted": "True",
        "Synced": "True",
        "PreflightPassed": "True",
        "Progressing": "False",
        "AwaitingApproval": "False",
        "NeedsAttention": "False",
        "RolledBack": "False",
        "Succeeded": "True",
    }
    assert [each.phase for each in status.phase_history] == [each.name for each in TABLE]
    assert {each.status for each in status.phase_history} == {PhaseState.COMPLETED}
    assert all(each.start_time and each.completion_time for each in status.phase_history)
    assert {each.resource_type for each in status.backup_manifests} >= {"Infrastructure", "Secret", "MachineSet"}
    assert status.start_time
    assert status.completion_time
    reasons = [reason for reason, _ in await bridge.events(name)]
    assert reasons[0] == "MigrationStarted"
    assert reasons[-1] == "MigrationCompleted"
    assert reasons.count("PhaseCompleted") == len(TABLE)
    await bridge.until(name, lambda each: not each.guarded)
