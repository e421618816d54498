"""From the custom resource to the migration and back, on a real API server and with the bridge's own rights."""

import pytest

from migration.concern import Category, Concern
from migration.frozen_model import KubeObject
from migration.phase import TABLE
from migration.run.request import PreflightResult
from migration.run.status import PhaseState, State
from openshift.api.resources import MIGRATION
from tests.bridge.bridged import Bridged, truths
from tests.bridge.resources import ELSEWHERE, OFFICIAL, ORIGINAL, SPACE, SUCCEEDED, domain, ours
from tests.workflows.answers import PLAN

POOR = Concern(id="storage.full", category=Category.CRITICAL, label="full", assessment="3 GiB free", remedy="make room")
RISKY = Concern(id="pods.budget", category=Category.WARNING, label="slow", assessment="a budget holds a drain")


@pytest.mark.parametrize(("name", "spec"), [("cluster", OFFICIAL), ("dc-a-to-vcf", ORIGINAL), ("ours", ours())])
async def test_each_dialect_completes(bridge: Bridged, name: str, spec: KubeObject) -> None:
    await bridge.create(spec | {"state": "Running"}, name=name)
    done = await bridge.state(name, State.COMPLETED)
    status = done.status
    assert (status.progress, status.migration, status.observed_generation) == (
        100,
        bridge.service.migration,
        done.generation,
    )
    assert truths(done) == SUCCEEDED
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


async def test_what_another_controller_told_of_a_run_of_its_own_is_none_of_ours(bridged: Bridged) -> None:
    """The official operator's resource, half done, and a phase history that the original controller left."""
    began, world = "2026-03-01T12:00:00Z", bridged.service.world
    said = {"status": "True", "reason": "Done", "message": "", "lastTransitionTime": began}
    left = {
        "startTime": began,
        "conditions": [said | {"type": each} for each in ("InfrastructurePrepared", "SourceCleaned", "Audited")],
        "phaseHistory": [{"phase": "verify", "status": "Completed"}],
    }
    name = await bridged.create(OFFICIAL | {"state": "Pending"})
    await bridged.cluster.patch_merge(MIGRATION, name, {"status": left}, namespace=SPACE, subresource="status")
    await bridged.change(name, failureDomains=[domain("another")])  # not frozen
    async with bridged.bridge():
        fresh = await bridged.until(name, lambda each: truths(each).get("PreflightPassed") == "True")
        assert (fresh.status.start_time, fresh.status.phase_history) == (None, [])
        assert "SourceCleaned" not in truths(fresh)
        kept = (await bridged.cluster.get(MIGRATION, name, namespace=SPACE))["status"]["conditions"]
        assert said | {"type": "Audited"} in kept
        world.stall("wait_workers_ready")
        await bridged.cluster.patch_merge(MIGRATION, name, {"status": left}, namespace=SPACE, subresource="status")
        await bridged.change(name, state="Running")
        live = await bridged.until(name, lambda each: each.live)
        assert (live.guarded, live.status.migration) == (True, bridged.service.migration)
        world.go_on("wait_workers_ready")
        await bridged.state(name, State.COMPLETED)


async def test_a_pending_resource_gets_a_verdict_and_starts_nothing(bridge: Bridged) -> None:
    world = bridge.service.world
    world.answer("preflight", PreflightResult(concerns=[POOR, RISKY], plan=None, nodes=[]))
    name = await bridge.create(ours())
    found = await bridge.until(name, lambda each: each.status.preflight)
    assert found.status.preflight
    assert (found.status.preflight.critical, found.status.preflight.warning) == (1, 1)
    assert [each.id for each in found.status.preflight.concerns] == ["storage.full"]
    passed = found.status.condition("PreflightPassed")
    assert passed
    assert (passed.status, passed.reason) == ("False", "Critical")
    assert "storage.full: 3 GiB free → make room" in passed.message
    assert "1 Critical concern(s)" in found.status.needs_person
    assert not found.guarded, "nothing goes on, so nothing keeps it"

    world.answer("preflight", PreflightResult(concerns=[RISKY], plan=PLAN, nodes=[]))
    await bridge.change(name, approvalMode="Manual")
    found = await bridge.until(name, lambda each: truths(each).get("PreflightPassed") == "True")
    assert found.status.preflight
    assert found.status.preflight.observed_generation == found.generation == 2
    assert set(world.calls) == {"read_identity", "preflight"}
    assert await bridge.service.migrations.latest(bridge.service.migration) is None


async def test_a_verdict_is_looked_at_again_at_a_slow_interval(bridged: Bridged) -> None:
    bridged.more["preflight_interval"] = 0.5
    bridged.service.world.answer("preflight", PreflightResult(concerns=[POOR], plan=None, nodes=[]))
    name = await bridged.create(ours(state="Paused"))
    async with bridged.bridge():
        await bridged.until(name, lambda each: truths(each).get("PreflightPassed") == "False")
        bridged.service.world.answer("preflight", PreflightResult(concerns=[], plan=PLAN, nodes=[]))
        await bridged.until(name, lambda each: truths(each).get("PreflightPassed") == "True")


async def test_every_problem_of_a_spec_is_told_and_nothing_is_started(bridge: Bridged) -> None:
    bad = domain(server="https://vc-new.example.com/sdk", region="a b")
    name = await bridge.create(ours(state="Running", failureDomains=[bad]))
    found = await bridge.until(name, lambda each: each.status.conditions)
    accepted = found.status.condition("Accepted")
    assert accepted
    assert (accepted.status, accepted.reason) == ("False", "InvalidSpec")
    for each in ("2 problem(s)", "spec.failureDomains[0].server", "spec.failureDomains[0].region"):
        assert each in accepted.message
    assert [reason for reason, _ in await bridge.events(name)] == ["InvalidSpec"]
    assert bridge.service.world.calls == []
    await bridge.change(name, failureDomains=[domain()])
    await bridge.state(name, State.COMPLETED)


async def test_elsewhere_nothing_is_acted_on_and_that_is_said(bridge: Bridged) -> None:
    name = await bridge.create(ours(state="Running"), namespace=ELSEWHERE)
    found = await bridge.until(name, lambda each: each.status.conditions, namespace=ELSEWHERE)
    accepted = found.status.condition("Accepted")
    assert accepted
    assert (accepted.status, accepted.reason) == ("False", "NamespaceNotServed")
    assert found.status.needs_person == f"create it in {SPACE}"
    assert bridge.service.world.calls == []


async def test_the_secret_is_the_resources_own_unless_it_says_otherwise(bridge: Bridged) -> None:
    for spec, namespace in ((ours(), SPACE), (ORIGINAL, "vmware-cloud-foundation-migration")):
        name = await bridge.create(spec | {"state": "Running"})
        await bridge.state(name, State.COMPLETED)
        asked = bridge.service.world.inputs["preflight"][-1].spec
        assert asked.target_vcenter_credentials_secret.namespace == namespace


async def test_what_is_refused_by_preflight_can_be_mended_and_tried_again(bridge: Bridged) -> None:
    world = bridge.service.world
    world.answer("preflight", PreflightResult(concerns=[POOR], plan=None, nodes=[]))
    name = await bridge.create(ours(state="Running"))
    failed = await bridge.state(name, State.FAILED)
    assert truths(failed)["Succeeded"] == truths(failed)["PreflightPassed"] == truths(failed)["Ready"] == "False"
    world.answer("preflight", PreflightResult(concerns=[], plan=PLAN, nodes=[]))
    await bridge.change(name, state="Pending", failureDomains=[domain("another")])
    fresh = await bridge.until(name, lambda each: truths(each).get("PreflightPassed") == "True")
    assert (fresh.status.run, fresh.status.start_time) == ("", None)
    await bridge.change(name, state="Running")
    done = await bridge.state(name, State.COMPLETED)
    assert done.status.run != failed.status.run
    assert world.inputs["preflight"][-1].spec.failure_domains[0].name == "another"
