"""Every activity does what it says, and a second attempt changes nothing: Temporal may run each of them twice."""

from collections import Counter

import pytest

from migration.concern import Category
from migration.phase import TABLE
from tests.activities.walk import MIGRATION, Walk
from tests.e2e.world import World

pytestmark = pytest.mark.lab

CHANGING = {
    "write_checkpoint",
    "update_checkpoint",
    "take_backups",
    "pause_health_checks",
    "set_autoscalers_aside",
    "add_credentials",
    "ensure_tags",
    "ensure_folder",
    "add_vcenters",
    "add_to_cloud_config",
    "delete_pods",
    "create_machine_set",
    "point_control_plane",
    "scale_machine_sets_to_zero",
    "delete_machine_sets",
    "remove_vcenter",
    "remove_from_cloud_config",
    "remove_credentials",
    "resume_health_checks",
    "restore_autoscalers",
    "write_metadata",
}
"""Activities that change the world; all others only look."""

BACKWARDS = {
    "read_checkpoint",
    "restore_machine_sets",
    "make_control_plane_set_inactive",
    "remove_folder",
    "compare_folder",
    "remove_tags",
    "compare_tags",
    "restore_credentials",
    "put_autoscalers_back",
    "compare_baseline",
}
"""What only a rollback, or taking a migration over, does: the walk goes forward, the rollback is walked in `tests/prove/test_sampled.py`."""


def test_every_activity_that_a_worker_offers_was_walked_through(walked: Walk) -> None:
    assert {each.name for each in walked.steps} == walked.trying.names - BACKWARDS


def test_exactly_those_that_are_to_change_something_did(walked: Walk) -> None:
    assert {each.name for each in walked.steps if each.changed} == CHANGING


def test_a_second_attempt_changes_nothing(walked: Walk) -> None:
    assert {
        f"{each.name}: {change}"
        for each in walked.steps
        for change in each.changed_again
        if not (each.name == "delete_pods" and change in each.changed)  # a pod that is still ending is told so again
    } == set()


def test_a_second_attempt_answers_what_the_first_did(walked: Walk) -> None:
    # What says "made by this very attempt", and what changes while one looks.
    of_the_attempt = {"ensure_tags": {"created"}, "ensure_folder": {"created"}, "add_credentials": {"keys"}}
    of_the_attempt |= {"remove_credentials": {"keys"}}
    moving = {"preflight", "follow_control_plane", "wait_workers_ready", "wait_workers_gone", "observe_pods"}
    for each in walked.steps:
        if each.name not in moving and each.first is not None:
            left_out = of_the_attempt.get(each.name, set())
            assert each.first.model_dump(exclude=left_out) == each.again.model_dump(exclude=left_out), each.name


def test_what_was_made_by_an_attempt_is_said_once(walked: Walk) -> None:
    made = {
        name: [walked.named(name)[0].first, walked.named(name)[0].again] for name in ("ensure_tags", "ensure_folder")
    }
    infra = walked.plan.infrastructure_name
    assert made["ensure_folder"][0].created == [f"/dc-target/vm/{infra}"]
    assert {f"category openshift-{infra}", "category openshift-region", "tag openshift-zone/target-a"} <= set(
        made["ensure_tags"][0].created
    )
    assert [each[1].created for each in made.values()] == [[], []]


def test_what_people_said_is_recorded_once(walked: Walk) -> None:
    (recorded,) = walked.trying.context.journal.decisions(MIGRATION)
    assert (recorded.verb, recorded.phase, recorded.by, recorded.channel) == ("approve", "cleanup", "kim", "rest")


def test_every_phase_says_what_it_saw(walked: Walk) -> None:
    assert list(walked.evidence) == [each.name.value for each in TABLE[1:]]
    assert all(sentence for sentences in walked.evidence.values() for sentence in sentences)
    assert all(walked.evidence.values())


def test_every_claim_of_the_report_holds_from_a_fresh_reading(walked: Walk) -> None:
    (cluster,), (vcenters,) = walked.named("verify_cluster"), walked.named("verify_vcenters")
    claims = [*cluster.again.claims, *vcenters.again.claims]
    assert [each for each in claims if not each.holds] == []
    assert len({each.claim for each in claims}) == len(claims) >= 15


def test_the_total_is_kept_and_spread_evenly(walked: Walk) -> None:
    machines = World(walked.lab).machines
    spread = Counter(
        (each["metadata"]["labels"]["machine.openshift.io/cluster-api-machine-role"], each["metadata"]["labels"]["machine.openshift.io/zone"])
        for each in machines
    )  # fmt: skip
    workers = [count for (role, _), count in spread.items() if role != "master"]
    masters = [count for (role, _), count in spread.items() if role == "master"]
    assert (sum(workers), sum(masters), sorted(masters)) == (4, 3, [1, 2])


def test_an_inactive_control_plane_machine_set_is_announced_and_activated(walked: Walk) -> None:
    ids = {each.id: each.category for each in walked.result.concerns}
    assert ids["control-plane.inactive"] is Category.INFORMATION
    assert walked.plan.control_plane.state == "Inactive"
    assert walked.named("point_control_plane")[0].first.state == "Active"


def test_waits_said_what_they_waited_for(walked: Walk) -> None:
    said = {each.waiting.what.split(" from ")[0] for each in walked.trying.reported}
    assert {
        "the control plane to roll",
        "new workers to be Ready nodes",
        "new pods in the place of the old",
        "old workers to be drained and deleted",
    } <= said
    assert all(each.waiting.unblock and each.waiting.at_most for each in walked.trying.reported)


def test_no_secret_is_in_any_result_or_report(walked: Walk) -> None:
    said = repr([walked.steps, walked.evidence, walked.trying.reported, walked.calls])
    for each in walked.lab.description["vcenters"]:
        assert each["password"] not in said
