"""The record: what it says of a run, who may take it over which way, and who may write it."""

from typing import Any

import pytest
from pydantic import ValidationError

from migration.before_images import FolderBefore, TagsBefore, TargetImages
from migration.frozen_model import KubeObject
from migration.phase import PhaseName
from migration.run.adoption import Direction
from migration.run.checkpoint import Checkpoint, contradiction, refusal
from migration.run.request import MigrationRequest
from migration.run.status import State
from migration.spec.model import MigrationSpec
from tests.workflows.answers import PLAN

P = PhaseName


@pytest.fixture
def record(spec_document: KubeObject) -> Checkpoint:
    spec = MigrationSpec.model_validate(spec_document)
    return Checkpoint(
        request=MigrationRequest(infrastructure_name="ocp1", spec=spec),
        plan=PLAN,
        workflow="vcfm-ocp1",
        run="r1",
        phase=P.CREATE_WORKERS,
    )


def changed(record: Checkpoint, **fields: Any) -> Checkpoint:
    return record.model_copy(update=fields)


def another(record: Checkpoint, **fields: Any) -> Checkpoint:
    """Of another migration of the same cluster."""
    return changed(record, plan=PLAN.model_copy(update={"run": "later"}), run="r9", **fields)


EARLY = [P.DISABLE_CVO, P.UPDATE_SECRETS, P.CREATE_TAGS, P.CREATE_FOLDER, P.UPDATE_INFRASTRUCTURE, P.UPDATE_CONFIG, P.RESTART_PODS]  # fmt: skip


@pytest.mark.parametrize(
    ("phase", "undone", "to_undo"),
    [
        (P.BACKUP, [], []),
        (P.DISABLE_CVO, [], [P.DISABLE_CVO]),
        (P.MONITOR_HEALTH, [], EARLY),
        (P.SCALE_OLD, [], [*EARLY, P.CREATE_WORKERS, P.RECREATE_CPMS, P.SCALE_OLD]),
        (P.SCALE_OLD, [P.SCALE_OLD, P.RECREATE_CPMS], [*EARLY, P.CREATE_WORKERS]),
        (P.CLEANUP, [], []),
        (P.VERIFY, [], []),
    ],
)
def test_what_a_rollback_has_yet_to_undo(
    record: Checkpoint, phase: PhaseName, undone: list[PhaseName], to_undo: list[PhaseName]
) -> None:
    assert changed(record, phase=phase, undone=undone).to_undo == to_undo


@pytest.mark.parametrize(
    ("fields", "direction", "said"),
    [
        ({}, Direction.CONTINUE, ""),
        ({}, Direction.ROLLBACK, ""),
        ({"going_back": True}, Direction.CONTINUE, ""),
        ({"phase": P.CLEANUP}, Direction.CONTINUE, ""),
        ({"phase": P.CLEANUP}, Direction.ROLLBACK, "it cannot be rolled back after cleanup has begun: vcfm-ocp1 had begun cleanup"),
        ({"phase": P.VERIFY}, Direction.ROLLBACK, "it cannot be rolled back after cleanup has begun: vcfm-ocp1 had begun verify"),
        ({"ended": State.COMPLETED}, Direction.CONTINUE, "the last migration of this cluster has ended: Completed"),
        ({"ended": State.ROLLED_BACK}, Direction.ROLLBACK, "the last migration of this cluster has ended: RolledBack"),
    ],
)  # fmt: skip
def test_who_may_take_it_over(record: Checkpoint, fields: KubeObject, direction: Direction, said: str) -> None:
    reason = refusal(changed(record, **fields), direction)
    assert reason.startswith(said)
    assert bool(reason) == bool(said)


@pytest.mark.parametrize(
    ("stored", "mine", "said"),
    [
        ({}, {}, ""),
        ({}, {"phase": P.RECREATE_CPMS}, ""),
        ({"phase": P.RECREATE_CPMS}, {}, ""),
        ({"run": "r0"}, {"run": "r1"}, ""),
        ({}, {"takeovers": 1, "run": "r2"}, ""),
        ({"takeovers": 1, "run": "r2"}, {}, "run r2 has taken this migration over"),
        ({"takeovers": 1, "run": "r2"}, {"takeovers": 1, "run": "r2", "phase": P.CLEANUP}, ""),
        ({"takeovers": 1, "run": "r2"}, {"takeovers": 1, "run": "r3"}, "run r2 has taken this migration over"),
        ({"takeovers": 1, "run": "r2"}, {"takeovers": 2, "run": "r3"}, ""),
        ({"ended": State.COMPLETED}, {"ended": State.COMPLETED}, ""),
        ({"ended": State.ROLLED_BACK}, {}, "this migration has ended: RolledBack"),
    ],
)
def test_who_may_write_it(record: Checkpoint, stored: KubeObject, mine: KubeObject, said: str) -> None:
    assert contradiction(changed(record, **stored), changed(record, **mine)) == said


def test_the_next_migration_overwrites_what_has_ended_and_nothing_else(record: Checkpoint) -> None:
    assert contradiction(changed(record, ended=State.COMPLETED), another(record)) == ""
    assert contradiction(record, another(record)).startswith(
        "another migration of this cluster (vcfm-ocp1, run r1) had begun"
    )


def test_it_ends_in_one_of_two_ways(record: Checkpoint) -> None:
    with pytest.raises(ValidationError, match="ended"):
        Checkpoint.model_validate(record.model_dump() | {"ended": "Failed"})


def test_what_was_never_looked_at_is_not_there() -> None:
    images = TargetImages()
    seen = images.with_tags("vc", TagsBefore(categories=[], tags=[], attached=[])).with_folder(
        "vc", "/dc/vm/a", FolderBefore(existing=[])
    )
    assert (images.folder("vc", "/dc/vm/a"), seen.folder("vc", "/dc/vm/b")) == (None, None)
    assert seen.folder("vc", "/dc/vm/a") == FolderBefore(existing=[])
    assert TargetImages.model_validate_json(seen.model_dump_json()) == seen


def test_a_plan_for_a_service_that_calls_the_cluster_otherwise() -> None:
    moved = PLAN.known_as("west")
    references = [moved.source.reference, *(each.reference for each in moved.targets)]
    assert (moved.cluster, {each.cluster for each in references}) == ("west", {"west"})
    assert moved.known_as("") == PLAN
    assert moved.key == PLAN.key
