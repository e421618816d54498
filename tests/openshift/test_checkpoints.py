"""The record on the real API server: written on condition, read back, and refused where another run has it."""

import asyncio

import pytest

from migration.audit.call import Call
from migration.phase import PhaseName
from migration.run.checkpoint import Checkpoint, checkpoint_name
from migration.run.status import State
from openshift.api.client import Cluster
from openshift.api.resources import SECRET
from openshift.checkpoints import checkpoint_secret, load_checkpoint, update_checkpoint, write_checkpoint
from openshift.errors import CheckpointMissing, Conflict, Superseded, Unexpected
from openshift.packing import MOST_BYTES, pack
from tests.workflows.answers import PLAN, request

pytestmark = pytest.mark.usefixtures("openshift_kinds")

OURS = PLAN.namespace


def record(cluster_name: str, **fields: object) -> Checkpoint:
    """A record of a cluster of its own for each test."""
    plan = PLAN.model_copy(update={"infrastructure_name": cluster_name})
    found = Checkpoint(request=request(), plan=plan, workflow="w", run="r1", phase=PhaseName.BACKUP)
    return found.model_copy(update=fields)


async def loaded(cluster: Cluster, name: str) -> Checkpoint | None:
    return await load_checkpoint(cluster, namespace=OURS, infrastructure_name=name)


async def test_it_is_written_once_and_read_back(cluster: Cluster, calls: list[Call]) -> None:
    assert await loaded(cluster, "kept") is None
    calls.clear()
    first = await write_checkpoint(cluster, record("kept"))
    assert await write_checkpoint(cluster, record("kept")) == first
    assert [each.method for each in calls if each.mutating] == ["PATCH"]
    assert await loaded(cluster, "kept") == record("kept")
    moved = record("kept", phase=PhaseName.SCALE_OLD, undone=[PhaseName.SCALE_OLD], going_back=True)
    assert await write_checkpoint(cluster, moved) != first
    assert await loaded(cluster, "kept") == moved
    secret = await cluster.get(SECRET, checkpoint_name("kept"), namespace=OURS)
    assert secret["metadata"]["annotations"]["migration.openshift.io/phase"] == "scale_old"
    assert secret["metadata"]["labels"]["app.kubernetes.io/component"] == "record"
    assert "vsphere-creds" not in repr(calls), "what is in a Secret is nowhere else"


async def test_a_run_that_was_taken_over_cannot_write_it_any_more(cluster: Cluster, calls: list[Call]) -> None:
    await write_checkpoint(cluster, record("taken"))
    await write_checkpoint(cluster, record("taken", run="r2", takeovers=1))
    calls.clear()
    with pytest.raises(Superseded, match="run r2 has taken this migration over") as refused:
        await write_checkpoint(cluster, record("taken", phase=PhaseName.CLEANUP))
    assert not refused.value.retryable
    assert [each for each in calls if each.mutating] == []


async def test_of_two_that_take_it_over_at_once_one_does(cluster: Cluster) -> None:
    await write_checkpoint(cluster, record("raced"))
    both = [record("raced", run=run, takeovers=1, phase=PhaseName.CLEANUP) for run in ("r2", "r3")]
    ends = await asyncio.gather(*(write_checkpoint(cluster, each) for each in both), return_exceptions=True)
    lost = [each for each in ends if isinstance(each, BaseException)]
    assert len(lost) == 1
    assert isinstance(lost[0], Conflict | Superseded)
    won = await loaded(cluster, "raced")
    assert won in both
    for each in both:
        if each != won:
            with pytest.raises(Superseded, match=f"run {won.run} has taken this migration over"):
                await write_checkpoint(cluster, each)


async def test_the_next_migration_takes_its_place_once_it_has_ended(cluster: Cluster) -> None:
    later = record("next").plan.model_copy(update={"run": "later"})
    await write_checkpoint(cluster, record("next"))
    with pytest.raises(Superseded, match="another migration of this cluster"):
        await write_checkpoint(cluster, record("next", plan=later))
    await write_checkpoint(cluster, record("next", ended=State.ROLLED_BACK))
    with pytest.raises(Superseded, match="has ended: RolledBack"):
        await write_checkpoint(cluster, record("next"))
    await write_checkpoint(cluster, record("next", plan=later))
    assert await loaded(cluster, "next") == record("next", plan=later)


async def test_damage_is_noticed_by_who_reads_and_mended_by_who_knows(cluster: Cluster) -> None:
    await write_checkpoint(cluster, record("damaged"))
    await cluster.patch_merge(
        SECRET, checkpoint_name("damaged"), {"data": {"document.json.gz": "AAAA"}}, namespace=OURS
    )
    with pytest.raises(Unexpected, match="vcfm-checkpoint-damaged is damaged"):
        await loaded(cluster, "damaged")
    await write_checkpoint(cluster, record("damaged"))
    assert await loaded(cluster, "damaged") == record("damaged")


async def test_another_versions_record_is_told_by_its_fields_and_not_its_values(cluster: Cluster) -> None:
    document = record("foreign").model_dump(mode="json") | {"news": "value-of-theirs"}
    del document["phase"]
    annotations = checkpoint_secret(record("foreign"))["metadata"]["annotations"]
    foreign = pack(document, name=checkpoint_name("foreign"), namespace=OURS, component="record", annotations={})
    assert foreign["metadata"]["annotations"].keys() < annotations.keys()
    await cluster.create(SECRET, foreign)
    with pytest.raises(
        Unexpected, match=r"record of another version of vcf-migration \(it differs in news, phase\)"
    ) as error:
        await loaded(cluster, "foreign")
    assert "value-of-theirs" not in str(error.value)


async def test_an_update_keeps_request_and_plan(cluster: Cluster, calls: list[Call]) -> None:
    await write_checkpoint(cluster, record("updated"))
    moved = record("updated", phase=PhaseName.SCALE_OLD)
    calls.clear()
    first = await update_checkpoint(cluster, moved.update)
    assert await update_checkpoint(cluster, moved.update) == first, "a worker that dies before it says so does it again"
    assert [each.method for each in calls if each.mutating] == ["PATCH"]
    assert await loaded(cluster, "updated") == moved


async def test_an_update_of_what_is_not_there_asks_for_the_whole(cluster: Cluster) -> None:
    moved = record("whole", phase=PhaseName.SCALE_OLD)
    with pytest.raises(CheckpointMissing, match="does not hold this migration's request and plan"):
        await update_checkpoint(cluster, moved.update)
    await write_checkpoint(cluster, record("whole", request=request(gates=[PhaseName.CLEANUP])))
    with pytest.raises(CheckpointMissing):
        await update_checkpoint(cluster, moved.update)
    await write_checkpoint(cluster, record("whole"))
    await cluster.patch_merge(SECRET, checkpoint_name("whole"), {"data": {"document.json.gz": "AAAA"}}, namespace=OURS)
    with pytest.raises(CheckpointMissing) as missing:
        await update_checkpoint(cluster, moved.update)
    assert not missing.value.retryable
    await write_checkpoint(cluster, moved)
    assert await loaded(cluster, "whole") == moved


async def test_a_run_that_was_taken_over_cannot_update_it_either(cluster: Cluster) -> None:
    await write_checkpoint(cluster, record("late", run="r2", takeovers=1))
    with pytest.raises(Superseded, match="run r2 has taken this migration over"):
        await update_checkpoint(cluster, record("late", phase=PhaseName.CLEANUP).update)


def test_what_no_secret_can_hold_is_refused_before_it_is_sent() -> None:
    noise = "".join(f"{number * 2654435761 % 2**32:08x}" for number in range(MOST_BYTES // 3))
    with pytest.raises(Unexpected, match="may hold 900000"):
        pack({"noise": noise}, name="s", namespace="n", component="record", annotations={})


def test_a_large_cluster_fits_many_times_over() -> None:
    many = [
        PLAN.source_vms[0].model_copy(update={"name": f"ocp1-worker-{n}", "instance_uuid": f"{n:032x}"})
        for n in range(2000)
    ]
    large = record("large", plan=PLAN.model_copy(update={"source_vms": many}))
    content = checkpoint_secret(large)["data"]["document.json.gz"]
    assert len(content) < MOST_BYTES / 8
