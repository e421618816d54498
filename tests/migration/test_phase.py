"""The phase table: names and order are contract."""

import pytest

from migration.phase import POINT_OF_NO_RETURN, TABLE, PhaseName, activity_id, number, row
from tests.prove.fault_points import phase_of


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


@pytest.mark.parametrize("name", PhaseName)
def test_an_activity_tells_its_phase(name: PhaseName) -> None:
    told = activity_id(name, "wait_ready", 3)
    assert told == f"{number(name):02d}-{name.value}.wait_ready.3"
    assert phase_of(told) == name.value
    assert row(name).name is name


@pytest.mark.parametrize("told", ["", "1", "test", "11-create_worker.x.1", "create_workers.x.1", "11-.x.1", "a-b-c"])
def test_an_id_of_somebody_else_tells_no_phase(told: str) -> None:
    assert phase_of(told) == ""


def test_ids_sort_as_the_phases_run() -> None:
    ids = [activity_id(each, "do", 1) for each in PhaseName]
    assert ids == sorted(ids)
