"""The connections that a worker's activities share: one session per account, and a loop that nothing blocks."""

import asyncio
import sys
import threading
import traceback
from base64 import b64encode
from collections import Counter
from pathlib import Path

import pytest
from temporalio.exceptions import ApplicationError

from activities.cluster.identity import Identity
from activities.preflight.preflight import Preflight, PreflightInput
from activities.runtime.threads import in_thread
from activities.vcenter.folders import FolderOrder, TargetFolders
from lab.commands import Lab
from lab.faults import fault
from migration.audit.call import Scope, scope
from migration.run.request import ClusterName
from tests.activities.attempts import Attempts, attempts, reference_to, spec_of, vcenter_of
from tests.activities.by_hand import credentials_changed, patched
from tests.support.timeouts import EVENT_SECONDS
from vsphere.api.session import VCenter


def name_of(vcenter: VCenter) -> str:
    vcenter.soap.login()
    return vcenter.about().name


def logins(trying: Attempts) -> Counter[str]:
    """Successful SOAP logins of no activity in particular, by server; what was recorded is committed first."""
    trying.context.journal.flush()
    return Counter(each.server for each in trying.context.journal.read("", limit=10_000) if each.method == "Login")


def logouts(trying: Attempts) -> int:
    trying.context.journal.flush()
    return sum(each.method == "Logout" for each in trying.context.journal.read("", limit=10_000))


@pytest.mark.lab
async def test_activities_share_one_session_for_each_vcenter(lab: Lab, trying: Attempts) -> None:
    references = [reference_to(lab, role) for role in ("source", "target")]
    names = await asyncio.gather(*(trying.context.on(each, name_of) for each in references for _ in range(5)))
    assert len(names) == 10
    assert logins(trying) == {f"{each.server}:{each.port}": 1 for each in references}


@pytest.mark.lab
async def test_the_same_account_from_another_secret_is_the_same_session(lab: Lab, trying: Attempts) -> None:
    target = reference_to(lab, "target")
    there = vcenter_of(lab, "target")
    copied = target.model_copy(update={"credentials": reference_to(lab, "source").credentials})
    await trying.context.on(target, name_of)
    data = {f"{there['server']}.{key}": b64encode(there[key].encode()).decode() for key in ("username", "password")}
    with patched(lab, "v1", "Secret", "vsphere-creds", "kube-system", "data", data):
        await trying.context.on(copied, name_of)
    assert logins(trying).total() == 1


@pytest.mark.lab
async def test_a_replaced_password_ends_the_session_of_the_old_one(lab: Lab, trying: Attempts) -> None:
    target = reference_to(lab, "target")
    await trying.context.on(target, name_of)
    with credentials_changed(lab, username="somebody"):
        async with trying.context.vcenter(target) as vcenter:
            assert vcenter.endpoint.username == "somebody"
        assert logouts(trying) == 1
    await trying.context.on(target, name_of)
    assert logins(trying).total() == 2


@pytest.mark.lab
async def test_leaving_logs_out_everywhere(lab: Lab, tmp_path: Path) -> None:
    async with attempts(lab, tmp_path) as trying:
        for role in ("source", "target"):
            await trying.context.on(reference_to(lab, role), name_of)
        assert logouts(trying) == 0
        await trying.context.__aexit__(None, None, None)
        assert logouts(trying) == 2


@pytest.mark.lab
async def test_a_vcenter_that_hangs_does_not_hang_the_worker(lab: Lab, trying: Attempts) -> None:
    """While the target is frozen the loop goes on: it is the loop that thaws it, and other activities run meanwhile."""
    question = PreflightInput(migration="vcfm-frozen", run="1", cluster="", spec=spec_of(lab))
    with trying.environment(Preflight.examine) as environment:
        async with asyncio.timeout(EVENT_SECONDS):
            with fault(lab.state_dir, "hanging", "vcenter-target"):
                frozen = asyncio.create_task(trying.start(environment, Preflight.examine, question))
                identity = await trying.run(Identity.read, ClusterName())
                assert not frozen.done()
            result = await frozen
    assert identity.infrastructure_name == lab.description["infrastructure_name"]
    assert result.plan, result.concerns


@pytest.mark.lab
async def test_every_attempt_has_its_calls_in_the_journal_when_it_ends(lab: Lab, trying: Attempts) -> None:
    await trying.run(Identity.read, ClusterName())
    assert {(each.activity, each.attempt, each.outcome) for each in trying.calls()} == {("read_identity", 1, "ok")}


@pytest.mark.lab
async def test_a_cancelled_call_to_vcenter_is_waited_for(lab: Lab, trying: Attempts) -> None:
    """An undo must not meet a call that is still on its way."""
    order = FolderOrder(
        vcenter=reference_to(lab, "target"), infrastructure_name="none", datacenter="dc-none", path="/dc-none/vm/x"
    )
    with trying.environment(TargetFolders.ensure) as environment:
        async with asyncio.timeout(EVENT_SECONDS):
            with fault(lab.state_dir, "hanging", "vcenter-target"):
                running = asyncio.create_task(trying.start(environment, TargetFolders.ensure, order))
                while not _in_a_call():
                    await asyncio.sleep(0.05)
                environment.cancel()
                await asyncio.sleep(0.5)
                assert not running.done()
            with pytest.raises(ApplicationError, match="No VM folder above"):  # its own outcome, not the cancellation
                await running
    assert any(each.server.startswith(order.vcenter.server) for each in trying.calls())


def _in_a_call() -> bool:
    """Whether a thread is inside the vSphere client."""
    frames = sys._current_frames()
    running = [frames[each.ident] for each in threading.enumerate() if each.name.startswith("vsphere") and each.ident]
    return any("pyVmomi" in frame.filename for each in running for frame in traceback.extract_stack(each))


async def test_what_runs_in_a_thread_ends_before_its_caller_does() -> None:
    begun, gate, ended = asyncio.Event(), asyncio.Event(), list[str]()
    loop = asyncio.get_running_loop()

    def work() -> None:
        loop.call_soon_threadsafe(begun.set)
        asyncio.run_coroutine_threadsafe(gate.wait(), loop).result(EVENT_SECONDS)
        ended.append("work")

    running = asyncio.create_task(in_thread(work))
    await begun.wait()
    for _ in range(2):  # also when somebody is impatient
        running.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert not running.done()
    gate.set()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert ended == ["work"]


async def test_many_calls_that_hang_leave_room_for_another() -> None:
    gate = threading.Event()
    hanging = [asyncio.create_task(in_thread(gate.wait, EVENT_SECONDS)) for _ in range(50)]
    try:
        async with asyncio.timeout(EVENT_SECONDS / 2):
            assert await in_thread(scope.get) is None
    finally:
        gate.set()
        assert await asyncio.gather(*hanging) == [True] * 50


async def test_a_thread_knows_on_whose_behalf_it_calls() -> None:
    mine = Scope(migration="m", run="r", phase="p", activity="a")
    token = scope.set(mine)
    try:
        assert await in_thread(scope.get) == mine
    finally:
        scope.reset(token)
