"""What a migration says of itself."""

from datetime import UTC, datetime, timedelta

import pytest

from migration.phase import TABLE
from migration.run.status import PhaseRecord, PhaseState, State, Waiting, progress

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def records(done: int, *, running: bool = False, failed: bool = False) -> list[PhaseRecord]:
    """The table with so many phases completed, and the next one in another state."""
    states = [PhaseState.COMPLETED] * done
    states += [PhaseState.RUNNING] * running + [PhaseState.FAILED] * failed
    states += [PhaseState.PENDING] * (len(TABLE) - len(states))
    return [PhaseRecord(phase=row.name, state=state) for row, state in zip(TABLE, states, strict=True)]


@pytest.mark.parametrize(
    ("seen", "percent"),
    [
        (records(0), 0),
        (records(0, running=True), 1),
        (records(1), 2),
        (records(1, failed=True), 2),
        (records(len(TABLE) - 1), 96),
        (records(len(TABLE) - 1, running=True), 98),
        (records(len(TABLE)), 100),
        ([], 0),
    ],
)
def test_progress(seen: list[PhaseRecord], percent: int) -> None:
    assert progress(seen) == percent


def test_progress_never_goes_back_while_phases_complete() -> None:
    seen = [progress(records(done, running=running)) for done in range(len(TABLE)) for running in (False, True)]
    assert seen == sorted(seen)


def test_a_wait_names_ten_and_counts_the_rest() -> None:
    names = [f"vm-{n}" for n in range(2000)]
    wait = Waiting.on("VMs", names, since=NOW, at_most=timedelta(hours=1), unblock="nothing")
    assert (wait.objects, wait.more) == (names[:10], 1990)
    assert Waiting.on("VMs", names[:10], since=NOW, at_most=timedelta(1), unblock="").more == 0


def test_a_wait_survives_the_wire_in_camel_case() -> None:
    wait = Waiting.on("VMs", ["a"], since=NOW, at_most=timedelta(hours=1), unblock="nothing", done=1, total=2)
    assert Waiting.model_validate_json(wait.model_dump_json()) == wait
    assert wait.model_dump(mode="json")["atMost"] == "PT1H"


@pytest.mark.parametrize("state", State)
def test_states_in_which_nothing_more_happens(state: State) -> None:
    assert state.final == (state.value in {"RolledBack", "Completed", "Failed"})
