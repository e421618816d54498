"""What the custom resource tells of a migration: conditions, history, bounds and Events, as tables of values."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bridge.resource.conditions import KNOWN
from bridge.resource.events import Event, events
from bridge.resource.model import FINALIZER, Resource
from bridge.resource.report import (
    after,
    claimed,
    of_migration,
    pending,
    preflight_summary,
    refused,
    renewed,
    resumed,
    unheard,
)
from bridge.resource.status import ResourceStatus
from migration.concern import Category, Concern
from migration.phase import TABLE, PhaseName, number
from migration.run.status import (
    Attention,
    BackupReference,
    Claim,
    Decision,
    Gate,
    MigrationStatus,
    PhaseRecord,
    PhaseState,
    State,
    Waiting,
)
from migration.spec.model import DesiredState

BEGAN = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOW = BEGAN + timedelta(hours=1)
RUN = "01a2-run"


def at(phase: PhaseName, state: PhaseState = PhaseState.RUNNING, **more: Any) -> list[PhaseRecord]:
    """Every phase before that one completed, and that one as given."""
    done = {
        "state": PhaseState.COMPLETED,
        "started": BEGAN,
        "completed": BEGAN + timedelta(seconds=1),
        "evidence": ["seen"],
    }
    return [
        PhaseRecord(phase=each.name, **done)
        if number(each.name) < number(phase)
        else PhaseRecord(phase=each.name, state=state, started=BEGAN, **more)
        if each.name is phase
        else PhaseRecord(phase=each.name)
        for each in TABLE
    ]


def seen(state: State = State.RUNNING, phase: PhaseName = PhaseName.CREATE_WORKERS, **more: Any) -> MigrationStatus:
    return MigrationStatus(
        **{
            "id": "vcfm-ocp1",
            "cluster": "ocp1",
            "state": state,
            "phase": phase,
            "progress": 30,
            "message": "busy",
            "started": BEGAN,
            "source": "vc-old",
            "targets": ["vc-new"],
            "phases": at(phase),
            **more,
        }
    )


COMPLETED = seen(
    State.COMPLETED,
    PhaseName.VERIFY,
    phases=at(PhaseName.VERIFY, PhaseState.COMPLETED, completed=NOW),
    completed=NOW,
    progress=100,
)
GATE = Gate(
    phase=PhaseName.CREATE_WORKERS, since=BEGAN, asks="Go?", blast_radius=["+ MachineSet a"], duration="10 minutes",
    approve="it begins", reject="all is rolled back",
)  # fmt: skip
PARKED = Attention(
    phase=PhaseName.CREATE_WORKERS,
    since=BEGAN,
    diagnosis="No room.",
    remedy="Make room.",
    choices=["retry", "rollback"],
)


def resource(status: ResourceStatus | None = None, **more: Any) -> Resource:
    known = {
        "namespace": "openshift-vcf-migration",
        "name": "to-vcf",
        "uid": "u-1",
        "generation": 3,
        "version": "7",
        "deleted": False,
        "force_delete": False,
        "finalizers": (FINALIZER,),
        "spec": {"state": "Running"},
        "status": status or ResourceStatus(run=RUN, migration="vcfm-ocp1", start_time=BEGAN),
    }
    return Resource(**(known | more))


def truths(status: ResourceStatus) -> dict[str, str]:
    return {each.type: each.status for each in status.conditions}


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (seen(), {"Progressing": "True", "Succeeded": "Unknown", "MultiSiteConfigured": "True", "WorkloadMigrated": "False", "Ready": "False"}),
        (seen(State.PAUSED), {"Progressing": "False", "Succeeded": "Unknown"}),
        (seen(State.AWAITING_APPROVAL, gate=GATE), {"AwaitingApproval": "True", "Progressing": "False", "NeedsAttention": "False"}),
        (seen(State.NEEDS_ATTENTION, attention=PARKED), {"NeedsAttention": "True", "Progressing": "False", "Succeeded": "Unknown"}),
        (seen(State.ROLLING_BACK), {"Progressing": "True", "RolledBack": "False", "Succeeded": "Unknown"}),
        (seen(State.ROLLED_BACK, completed=NOW), {"Progressing": "False", "RolledBack": "True", "Succeeded": "False"}),
        (seen(State.FAILED, completed=NOW), {"Progressing": "False", "Succeeded": "False", "RolledBack": "False"}),
        (COMPLETED, {"Succeeded": "True", "Ready": "True", "SourceCleaned": "True", "Progressing": "False"}),
        (seen(phase=PhaseName.PREFLIGHT), {"PreflightPassed": "Unknown", "InfrastructurePrepared": "False"}),
        (seen(State.FAILED, PhaseName.PREFLIGHT, phases=at(PhaseName.PREFLIGHT, PhaseState.FAILED), completed=NOW), {"PreflightPassed": "False", "InfrastructurePrepared": "False"}),
    ],
)  # fmt: skip
def test_conditions(told: MigrationStatus, expected: dict[str, str]) -> None:
    assert expected.items() <= truths(of_migration(resource(), told, now=NOW)).items()


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (PhaseState.RUNNING, "Progressing"),
        (PhaseState.FAILED, "Failed"),
        (PhaseState.UNDOING, "RolledBack"),
        (PhaseState.UNDONE, "RolledBack"),
    ],
)
def test_the_official_conditions_say_why_not(state: PhaseState, reason: str) -> None:
    told = of_migration(resource(), seen(phases=at(PhaseName.CREATE_WORKERS, state)), now=NOW)
    moved = told.condition("WorkloadMigrated")
    assert moved
    assert (moved.status, moved.reason) == ("False", reason)


def test_a_condition_keeps_its_time_until_its_status_flips() -> None:
    first = of_migration(resource(), seen(), now=NOW)
    later = NOW + timedelta(minutes=5)
    again = of_migration(resource(first, generation=4), seen(message="busier"), now=later)
    progressing = again.condition("Progressing")
    assert progressing
    assert (progressing.message, progressing.observed_generation) == ("busier", 4)
    assert progressing.last_transition_time == NOW
    flipped = of_migration(resource(again), seen(State.PAUSED), now=later).condition("Progressing")
    assert flipped
    assert flipped.last_transition_time == later


def test_the_same_is_told_by_whoever_looks_again() -> None:
    told = of_migration(
        resource(), seen(gate=GATE, decisions=[Decision(at=BEGAN, verb="pause", phase=PhaseName.BACKUP)]), now=NOW
    )
    assert (
        of_migration(
            resource(told),
            seen(gate=GATE, decisions=[Decision(at=BEGAN, verb="pause", phase=PhaseName.BACKUP)]),
            now=NOW + timedelta(hours=1),
        )
        == told
    )
    assert ResourceStatus.read(told.model_dump(mode="json")) == told


def test_what_a_person_has_to_do_is_one_column() -> None:
    asked = of_migration(resource(), seen(State.AWAITING_APPROVAL, gate=GATE), now=NOW)
    assert asked.needs_person == "approve or reject create_workers"
    question = asked.condition("AwaitingApproval")
    assert question
    assert "{phase: create_workers, by: <you>, decision: Approve|Reject}" in question.message
    assert "+ MachineSet a" in question.message
    parked = of_migration(resource(), seen(State.NEEDS_ATTENTION, attention=PARKED), now=NOW)
    assert parked.needs_person == "retry or rollback create_workers"
    diagnosis = parked.condition("NeedsAttention")
    assert diagnosis
    for part in ("No room", "Make room", "{phase: create_workers, by: <you>, decision: Retry}"):
        assert part in diagnosis.message
    assert "set spec.state to Rollback" in diagnosis.message


def test_the_current_phase_says_what_it_waits_for() -> None:
    wait = Waiting.on(
        "new workers",
        ["w-1: Provisioning"],
        since=BEGAN,
        at_most=timedelta(hours=2),
        unblock="look at it",
        done=1,
        total=3,
    )
    current = of_migration(resource(), seen(waiting=[wait]), now=NOW).current_phase_state
    assert current
    assert current.progress == 33
    assert current.message == (
        "waits for new workers (1 of 3): w-1: Provisioning; since 2026-03-01T12:00:00Z, for at most 2 h; would unblock it: look at it"
    )


def test_a_wait_that_is_more_than_full_is_full() -> None:
    """Somebody scales one MachineSet up while another still lacks a node."""
    wait = Waiting.on("workers", [], since=BEGAN, at_most=timedelta(hours=2), unblock="look", done=5, total=4)
    current = of_migration(resource(), seen(waiting=[wait]), now=NOW).current_phase_state
    assert current
    assert current.progress == 100


def test_history_holds_what_was_decided_and_seen() -> None:
    decision = Decision(at=BEGAN, verb="reject", phase=PhaseName.SCALE_OLD, by="kim", reason="CHG-1", channel="cr")
    told = of_migration(resource(), seen(decisions=[decision]), now=NOW)
    assert [each.phase for each in told.phase_history] == [*[each.name for each in TABLE[:11]], PhaseName.SCALE_OLD]
    assert [(each.component, each.message) for each in told.phase_history[0].logs] == [("evidence", "seen")]
    assert [each.message for each in told.phase_history[-1].logs] == ["reject by kim through cr: CHG-1"]


def test_an_answer_that_was_refused_is_no_approval() -> None:
    here = {"at": NOW, "verb": "approve", "phase": PhaseName.CREATE_WORKERS, "channel": "temporal"}
    no = Decision(**here, by="mallory", reason="x", outcome="refused: it must be signed")
    told = of_migration(resource(), seen(State.AWAITING_APPROVAL, gate=GATE, decisions=[no]), now=NOW)
    line = told.phase_history[-1].logs[-1]
    assert (line.level, line.message) == (
        "Warning",
        "refused: it must be signed (approve by mallory through temporal: x)",
    )
    assert told.current_phase_state
    assert not told.current_phase_state.approved
    yes = Decision(**here, by="kim", outcome="granted, signed")
    told = of_migration(resource(), seen(decisions=[no, yes]), now=NOW)
    assert told.current_phase_state
    assert told.current_phase_state.approved


def test_it_is_bounded_however_much_there_is_to_tell() -> None:
    long = "word " * 2000
    everything = seen(
        State.NEEDS_ATTENTION,
        message=long,
        gate=GATE.model_copy(update={"blast_radius": [long] * 50}),
        attention=PARKED.model_copy(update={"diagnosis": long, "remedy": long}),
        phases=[
            PhaseRecord(phase=each.name, state=PhaseState.COMPLETED, started=BEGAN, completed=BEGAN, message=long, evidence=[long] * 50)
            for each in TABLE
        ],
        waiting=[Waiting.on(long, [long] * 50, since=BEGAN, at_most=timedelta(hours=1), unblock=long)],
        decisions=[Decision(at=BEGAN, verb="retry", phase=PhaseName.BACKUP, by="b" * 200, reason=long)] * 50,
        concerns=[Concern(id=f"a.{n}", category=Category.CRITICAL, label=long, assessment=long, remedy=long) for n in range(50)],
        backups=[BackupReference(kind="MachineSet", name="n" * 253, namespace="m" * 63, secret_namespace="s" * 63, secret="x" * 253, sha256="0" * 64)] * 500,
        report=[Claim(claim=long, holds=True, read=long)] * 100,
    )  # fmt: skip
    told = of_migration(resource(), everything, now=NOW)
    assert len(told.model_dump_json()) < 200_000
    assert len(told.backup_manifests) == 64
    assert truths(told).keys() <= set(KNOWN)


def test_before_it_starts() -> None:
    critical = Concern(
        id="storage.full", category=Category.CRITICAL, label="full", assessment="3 GiB free", remedy="make room"
    )
    fresh = resource(ResourceStatus(), spec={"state": "Pending"})
    assert truths(pending(fresh, result=None, now=NOW))["PreflightPassed"] == "Unknown"
    found = preflight_summary([critical], generation=3, at=NOW)
    told = pending(fresh, result=found, now=NOW)
    assert (truths(told)["PreflightPassed"], told.needs_person) == ("False", "fix 1 Critical concern(s)")
    stale = pending(replace(fresh, generation=4), result=found, now=NOW)
    assert (truths(stale)["PreflightPassed"], stale.preflight) == ("Unknown", None)
    assert truths(pending(fresh, result=found, trouble="no worker", now=NOW))["PreflightPassed"] == "Unknown"


def test_a_claim_freezes_and_answers_of_before_are_told_to_be_too_early() -> None:
    spec = {"state": "Running", "approvals": [{"phase": "cleanup", "by": "kim"}]}
    told = claimed(resource(ResourceStatus(), spec=spec), migration="vcfm-ocp1", now=NOW)
    assert (told.start_time, told.migration, told.observed_state) == (NOW, "vcfm-ocp1", DesiredState.RUNNING)
    assert told.observed_approvals == 1
    assert [each.subject for each in told.refusals] == ["approvals[0]"]


def test_two_claims_within_one_second_are_two() -> None:
    first = resource(claimed(resource(ResourceStatus(), generation=1), migration="vcfm-ocp1", now=NOW))
    told = of_migration(first, seen(State.FAILED, PhaseName.PREFLIGHT, completed=NOW), now=NOW)
    again = resource(renewed(resource(told, generation=2), now=NOW), generation=3)
    second = resource(claimed(again, migration="vcfm-ocp1", now=NOW), generation=4)
    assert (first.owner.claim, resource(told).owner, second.owner.claim) == ("1", first.owner, "3")


def test_a_refusal_claims_nothing() -> None:
    told = refused(resource(), reason="ClusterBusy", why="taken", needs="wait", now=NOW)
    assert (truths(told)["Accepted"], told.start_time, told.run) == ("False", None, "")


def test_what_cannot_be_asked_now_stands_as_it_was() -> None:
    before = of_migration(resource(), seen(), now=NOW)
    told = unheard(resource(before), reason="NoWorker", why="no worker", now=NOW)
    assert truths(told) == truths(before) | {"Synced": "False"}
    assert told.phase_history == before.phase_history
    assert unheard(resource(told), reason="NoWorker", why="no worker", now=NOW + timedelta(1)) == told


def test_deletion_is_blocked_while_something_goes_on() -> None:
    told = of_migration(resource(deleted=True), seen(), now=NOW)
    assert truths(told)["DeletionBlocked"] == "True"
    ended = after(resource(told.model_copy(update={"completion_time": NOW})), now=NOW)
    assert "DeletionBlocked" not in truths(ended)


@pytest.mark.parametrize(
    ("told", "restored"),
    [
        (seen(State.ROLLED_BACK, completed=NOW), True),
        (seen(State.FAILED, PhaseName.PREFLIGHT, completed=NOW), True),
        (seen(State.FAILED, PhaseName.CREATE_TAGS, completed=NOW), False),
        (COMPLETED, False),
        (seen(), False),
    ],
)
def test_only_a_cluster_that_is_as_it_was_may_be_tried_again(told: MigrationStatus, restored: bool) -> None:
    status = of_migration(resource(), told, now=NOW)
    assert status.restored is restored
    fresh = renewed(resource(status), now=NOW)
    assert (fresh.run, fresh.start_time, fresh.state) == ("", None, State.PENDING)


@pytest.mark.parametrize("cut", [{}, {"state": PhaseState.FAILED, "completed": NOW, "message": "terminated"}])
def test_a_run_that_failed_to_take_over_knows_nothing_of_how_far_it_had_come(cut: dict[str, Any]) -> None:
    """Refused, or terminated, before it had read the cluster's record: the cluster is not as it was."""
    before = of_migration(resource(), seen(State.FAILED, completed=NOW), now=NOW)
    taken = resource(resumed(resource(before), run="02b3-run", now=NOW))
    nothing = [PhaseRecord(phase=each.name, **(cut if each.name is PhaseName.PREFLIGHT else {})) for each in TABLE]
    told = of_migration(
        taken, seen(State.FAILED, PhaseName.PREFLIGHT, phases=nothing, source="", targets=[], completed=NOW), now=NOW
    )
    assert (told.state, told.phase, told.restored) == (State.FAILED, PhaseName.CREATE_WORKERS, False)
    assert (told.phase_history, told.source) == (before.phase_history, "vc-old")
    assert truths(told)["MultiSiteConfigured"] == "True"


def said(before: ResourceStatus, later: ResourceStatus) -> list[Event]:
    return list(events(before, later))


def test_events_are_what_is_new() -> None:
    nothing = ResourceStatus()
    first = of_migration(resource(), seen(phase=PhaseName.PREFLIGHT), now=NOW)
    assert [each.reason for each in said(nothing, first)] == ["MigrationStarted", "PhaseStarted"]
    later = of_migration(resource(first), seen(phase=PhaseName.DISABLE_CVO), now=NOW)
    reasons = [each.reason for each in said(first, later)]
    assert reasons == ["PhaseCompleted", "PhaseStarted", "PhaseCompleted", "PhaseStarted"]
    assert said(later, later) == []


@pytest.mark.parametrize(
    ("told", "reasons"),
    [
        (seen(State.AWAITING_APPROVAL, gate=GATE), ["ApprovalNeeded"]),
        (seen(State.NEEDS_ATTENTION, attention=PARKED), ["NeedsAttention"]),
        (seen(State.ROLLING_BACK), ["RollbackStarted"]),
        (seen(State.ROLLED_BACK, completed=NOW), ["RolledBack"]),
        (seen(State.FAILED, completed=NOW), ["MigrationFailed"]),
        (seen(decisions=[Decision(at=NOW, verb="pause", phase=PhaseName.CREATE_WORKERS, by="kim")]), ["Decided"]),
        (
            seen(decisions=[Decision(at=NOW, verb="approve", phase=PhaseName.CREATE_WORKERS, outcome="refused: no")]),
            ["Refused"],
        ),
        (seen(phases=at(PhaseName.CREATE_WORKERS, PhaseState.UNDOING)), ["PhaseUndoing"]),
        (seen(phases=at(PhaseName.CREATE_WORKERS, PhaseState.UNDONE, completed=NOW)), ["PhaseUndone"]),
        (seen(phases=at(PhaseName.CREATE_WORKERS, PhaseState.SKIPPED, completed=NOW)), ["PhaseSkipped"]),
    ],
)
def test_what_is_worth_an_event(told: MigrationStatus, reasons: list[str]) -> None:
    before = of_migration(resource(), seen(), now=NOW)
    assert [each.reason for each in said(before, of_migration(resource(before), told, now=NOW))] == reasons


def test_two_that_see_the_same_name_the_same_event() -> None:
    before = of_migration(resource(), seen(), now=NOW)
    asked = seen(State.AWAITING_APPROVAL, gate=GATE)
    one = said(before, of_migration(resource(before), asked, now=NOW))
    other = said(before, of_migration(resource(before), asked, now=NOW + timedelta(seconds=7)))
    assert [each.key for each in one] == [each.key for each in other]


def test_a_phase_that_is_parked_twice_is_two_events() -> None:
    before = of_migration(resource(), seen(), now=NOW)
    again = PARKED.model_copy(update={"since": NOW})
    keys = {
        each.key
        for parked in (PARKED, again)
        for each in said(before, of_migration(resource(before), seen(State.NEEDS_ATTENTION, attention=parked), now=NOW))
    }
    assert len(keys) == 2


def test_a_document_is_read_as_it_comes() -> None:
    document = {
        "metadata": {"namespace": "n", "name": "a", "uid": "u", "resourceVersion": "1", "generation": 2,
                     "annotations": {"migration.openshift.io/force-delete": "true"}, "deletionTimestamp": "2026-03-01T12:00:00Z"},
        "spec": {"state": "Dreaming"},
    }  # fmt: skip
    found = Resource.read(document)
    assert (str(found), found.deleted, found.force_delete, found.guarded, found.live) == (
        "n/a",
        True,
        True,
        False,
        False,
    )
    assert found.wanted is DesiredState.PENDING
