"""What people read of a failure, and of a run in Temporal's own page: tables of values."""

from datetime import UTC, datetime, timedelta

import pytest
from temporalio import exceptions
from temporalio.exceptions import ActivityError, ApplicationError, RetryState, TimeoutType

from migration.phase import TABLE, PhaseName
from migration.run.status import Attention, MigrationStatus, PhaseRecord, PhaseState, State
from workflows.phase import NotProven
from workflows.status.details import table
from workflows.status.failures import explain

BEGAN = datetime(2026, 3, 1, 12, tzinfo=UTC)
AWAY = ApplicationError("vCenter is away", "see that it runs", type="Unreachable")


def failed(cause: BaseException | None) -> ActivityError:
    """An activity that failed for that reason, as a workflow gets to see it."""
    error = ActivityError(
        "activity failed",
        scheduled_event_id=5,
        started_event_id=6,
        identity="worker",
        activity_type="ensure_folder",
        activity_id="06-create_folder.ensure_folder.1",
        retry_state=RetryState.NON_RETRYABLE_FAILURE,
    )
    error.__cause__ = cause
    return error


def refused(message: str, *details: str | bool) -> ActivityError:
    return failed(ApplicationError(message, *details, non_retryable=True))


def late(kind: TimeoutType, last: BaseException | None = None) -> ActivityError:
    timeout = exceptions.TimeoutError("late", type=kind, last_heartbeat_details=[])
    timeout.__cause__ = last
    return failed(timeout)


@pytest.mark.parametrize(
    ("error", "diagnosis", "remedy", "permanent"),
    [
        (NotProven("nothing changed", remedy="look"), "nothing changed", "look", True),
        (refused("it is a VM", "rename it", True), "it is a VM", "rename it", True),
        (refused("it is away", "call them", False), "it is away", "call them", False),
        (refused("a person ended it"), "a person ended it", "read the worker's log, fix the cause, then retry", False),
        (failed(ApplicationError("busy", "wait", True)), "busy", "wait", False),
        (
            failed(ApplicationError("KeyError: x")),
            "KeyError: x",
            "read the worker's log, fix the cause, then retry",
            False,
        ),
        (
            late(TimeoutType.SCHEDULE_TO_CLOSE, AWAY),
            "06-create_folder.ensure_folder.1 did not succeed in the time it may take; the last attempt said: vCenter is away",
            "see that it runs",
            False,
        ),
        (
            late(TimeoutType.START_TO_CLOSE),
            "06-create_folder.ensure_folder.1 did not succeed in the time it may take",
            "see what it waits for in the journal, fix it, then retry",
            False,
        ),
        (
            late(TimeoutType.HEARTBEAT, AWAY),
            "06-create_folder.ensure_folder.1: the worker that ran it went away; the last attempt said: vCenter is away",
            "see that a worker runs (`vcfm worker`), then retry",
            False,
        ),
        (
            failed(None),
            "06-create_folder.ensure_folder.1: activity failed",
            "read the worker's log, then retry",
            False,
        ),
    ],
)
def test_a_failure_is_a_diagnosis_a_next_step_and_an_answer_of_the_world_or_none(
    error: ActivityError | NotProven, diagnosis: str, remedy: str, *, permanent: bool
) -> None:
    found = explain(error)
    assert (found.diagnosis, found.remedy, found.permanent) == (diagnosis, remedy, permanent)


def status(*records: PhaseRecord, attention: Attention | None = None) -> MigrationStatus:
    done = {each.phase: each for each in records}
    return MigrationStatus(
        id="vcfm-ocp1",
        cluster="ocp1",
        state=State.NEEDS_ATTENTION if attention else State.RUNNING,
        phase=PhaseName.BACKUP,
        progress=2,
        message="Store before-images",
        started=BEGAN,
        source="vc-old",
        targets=["vc-new", "vc-new-2"],
        phases=[done.get(each.name, PhaseRecord(phase=each.name)) for each in TABLE],
        attention=attention,
    )


def rows(text: str) -> dict[str, list[str]]:
    """The table's cells, by the phase's number."""
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| ")]
    return {each[0]: each[1:] for each in cells}


def test_the_table_in_temporals_page() -> None:
    done = PhaseRecord(
        phase=PhaseName.PREFLIGHT,
        state=PhaseState.COMPLETED,
        started=BEGAN,
        completed=BEGAN + timedelta(seconds=2.5),
        evidence=["read | written", "two\nlines"],
    )
    running = PhaseRecord(phase=PhaseName.BACKUP, state=PhaseState.RUNNING, started=BEGAN)
    text = table(status(done, running))
    assert text.splitlines()[0] == "**Running** — Store before-images (2 %)"
    assert "`vc-old` → `vc-new`, `vc-new-2`" in text
    found = rows(text)
    assert found["1"] == ["preflight", "✔", "2.5 s", "read / written; two lines"]
    assert found["2"] == ["**backup**", "▶", "", "Store before-images of everything a phase will touch"]
    assert found["15"] == ["verify", "·", "", ""]
    assert "person" not in text


def test_the_table_says_how_to_go_on() -> None:
    attention = Attention(
        phase=PhaseName.BACKUP, since=BEGAN, diagnosis="no room", remedy="make room", choices=["retry"]
    )
    failure = PhaseRecord(phase=PhaseName.BACKUP, state=PhaseState.FAILED, started=BEGAN, message="no room")
    text = table(status(failure, attention=attention))
    assert "**A person is needed.** no room" in text
    assert "Next: make room" in text
    assert "temporal workflow update execute --workflow-id vcfm-ocp1 --name retry" in text
    assert rows(text)["2"] == ["backup", "✖", "", "no room"]
