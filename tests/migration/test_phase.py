"""The phase table: names and order are contract."""

import pytest

from migration.phase import (
    POINT_OF_NO_RETURN,
    TABLE,
    OfficialCondition,
    PhaseName,
    activity_id,
    number,
    reversible,
    row,
    undo_order,
)
from migration.phase import PhaseName as P


def test_names_and_order_are_those_in_peoples_runbooks() -> None:
    assert [each.name.value for each in TABLE] == [
        "preflight", "backup", "disable_cvo", "update_secrets", "create_tags", "create_folder", "update_infrastructure",
        "update_config", "restart_pods", "monitor_health", "create_workers", "recreate_cpms", "scale_old", "cleanup",
        "verify",
    ]  # fmt: skip
    assert [each.name for each in TABLE] == list(PhaseName)
    assert POINT_OF_NO_RETURN is PhaseName.CLEANUP


def test_every_row_says_what_people_read_and_weighs_something() -> None:
    assert all(each.title and each.proof and each.weight > 0 for each in TABLE)
    assert sum(each.weight for each in TABLE) == 100


def test_columns_agree_with_each_other() -> None:
    assert sum(each.first_gate for each in TABLE) == sum(each.point_of_no_return for each in TABLE) == 1
    assert row(POINT_OF_NO_RETURN).needs_source
    assert not any(each.undo for each in TABLE if not reversible(each.name))
    assert all(each.undo and row(each.undo_after).undo for each in TABLE if each.undo_after)
    assert all(number(each.undo_after) < number(each.name) for each in TABLE if each.undo_after)


def test_the_official_conditions_become_true_one_after_the_other() -> None:
    told = [each.condition for each in TABLE]
    order = list(OfficialCondition)
    assert set(told) == set(order)
    assert told == sorted(told, key=order.index)


@pytest.mark.parametrize(
    ("begun", "undone"),
    [
        ([], []),
        ([P.PREFLIGHT, P.BACKUP], []),
        ([P.PREFLIGHT, P.BACKUP, P.DISABLE_CVO], [P.DISABLE_CVO]),
        ([P.DISABLE_CVO, P.UPDATE_SECRETS, P.CREATE_TAGS], [P.CREATE_TAGS, P.UPDATE_SECRETS, P.DISABLE_CVO]),
        (
            [P.DISABLE_CVO, P.UPDATE_SECRETS, P.UPDATE_CONFIG, P.RESTART_PODS],
            [P.UPDATE_CONFIG, P.UPDATE_SECRETS, P.RESTART_PODS, P.DISABLE_CVO],
        ),
        (
            [P.UPDATE_SECRETS, P.UPDATE_CONFIG, P.RESTART_PODS, P.MONITOR_HEALTH, P.CREATE_WORKERS],
            [P.CREATE_WORKERS, P.UPDATE_CONFIG, P.UPDATE_SECRETS, P.RESTART_PODS],
        ),
        ([P.UPDATE_CONFIG, P.RESTART_PODS], [P.RESTART_PODS, P.UPDATE_CONFIG]),
    ],
)
def test_what_a_rollback_undoes_and_in_which_order(begun: list[P], undone: list[P]) -> None:
    assert undo_order(begun) == undone


@pytest.mark.parametrize("name", PhaseName)
def test_an_activity_tells_its_phase(name: PhaseName) -> None:
    told = activity_id(name, "wait_ready", 3)
    assert told == f"{number(name):02d}-{name.value}.wait_ready.3"
    assert row(name).name is name


def test_ids_sort_as_the_phases_run() -> None:
    ids = [activity_id(each, "do", 1) for each in PhaseName]
    assert ids == sorted(ids)
