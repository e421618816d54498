"""What Temporal is told of an error, and what an activity keeps saying while it runs."""

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from temporalio import activity
from temporalio.api.common.v1 import Payload
from temporalio.converter import DataConverter
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment
from temporalio.worker import ExecuteActivityInput

from activities.runtime import heartbeat
from activities.runtime.failures import OutageTooLong, WaitFailed, WaitTimedOut, failure
from activities.runtime.interceptor import ActivityScope
from activities.runtime.phase_header import HEADER
from journal.store import Journal
from migration.audit.call import Scope, scope
from migration.documents.cloud_config import CloudConfigError
from migration.run.heartbeat import Heartbeat, Observation
from migration.run.status import Waiting
from openshift.errors import Conflict, Forbidden, OpenShiftError, Unreachable
from tests.activities.attempts import Calling
from tests.support.timeouts import EVENT_SECONDS
from vsphere.errors import CredentialsRejected, Incompatible, SessionLost


@pytest.mark.parametrize(
    ("error", "message", "remedy", "final", "permanent"),
    [
        (OpenShiftError("of no kind"), "of no kind", "fix what the message names, then retry", True, True),
        (WaitFailed("it stands still", remedy="push"), "it stands still", "push", True, True),
        (WaitTimedOut("too long", remedy="push"), "too long", "push", True, False),
        (OutageTooLong("away", remedy="call"), "away", "call", True, False),
        (Unreachable("nobody answers"), "nobody answers", Unreachable.usual_remedy, False, False),
        (Conflict("it moved"), "it moved", Conflict.usual_remedy, False, False),
        (Forbidden("must not"), "must not", Forbidden.usual_remedy, True, False),
        (SessionLost("forgotten"), "forgotten", SessionLost.remedy, False, False),
        (CredentialsRejected("no"), "no", CredentialsRejected.remedy, True, False),
        (Incompatible("a VM"), "a VM", Incompatible.remedy, True, True),
        (
            CloudConfigError("it is empty"),
            "cloud-provider-config: it is empty",
            "fix what the message names, then retry",
            True,
            True,
        ),
        (RuntimeError(), "RuntimeError", "fix what the message names, then retry", True, False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_an_error_in_temporals_words(
    error: Exception, message: str, remedy: str, *, final: bool, permanent: bool
) -> None:
    told = failure(error)
    assert (told.message, told.details, told.type) == (message, (remedy, permanent), type(error).__name__)
    assert told.non_retryable == final


def observed(what: str) -> Observation:
    """Something is waited for."""
    since = datetime(2026, 1, 1, tzinfo=UTC)
    return Observation(waiting=Waiting(what=what, since=since, at_most=None, unblock="time"))


@pytest.fixture
def journal(tmp_path: Path) -> Any:
    journal = Journal(f"sqlite:///{tmp_path / 'journal.db'}")
    journal.open()
    yield journal
    journal.close()


async def around(
    journal: Journal, function: Callable[[], Awaitable[Any]], environment: ActivityEnvironment, **headers: Payload
) -> Any:
    interceptor = ActivityScope(journal).intercept_activity(Calling(None))  # type: ignore[arg-type]  # the innermost
    given = ExecuteActivityInput(fn=function, args=[], executor=None, headers=headers)
    return await environment.run(interceptor.execute_activity, given)


async def test_an_activity_knows_on_whose_behalf_it_acts(journal: Journal) -> None:
    async def look() -> Scope | None:
        return scope.get()

    environment = ActivityEnvironment()
    environment.info = environment.info.__class__(
        **(vars(environment.info) | {"activity_id": "of-no-meaning.3", "activity_type": "a", "attempt": 2})
    )
    [phase] = DataConverter.default.payload_converter.to_payloads(["create_workers"])
    assert await around(journal, look, environment, **{HEADER: phase}) == Scope(
        migration="test", run="test-run", phase="create_workers", activity="a", attempt=2
    )


async def test_a_bug_is_left_to_temporal_which_tries_again(journal: Journal) -> None:
    async def bug() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await around(journal, bug, ActivityEnvironment())


async def test_an_expected_error_keeps_its_cause(journal: Journal) -> None:
    cause = WaitFailed("x", remedy="y")

    async def stuck() -> None:
        raise cause

    with pytest.raises(ApplicationError) as error:
        await around(journal, stuck, ActivityEnvironment())
    assert error.value.__cause__ is cause


async def test_the_pulse_repeats_what_was_last_reported_and_begins_with_what_the_attempt_before_said(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "SECONDS", 0.01)
    beats: list[str] = []
    environment = ActivityEnvironment()
    earlier = Heartbeat(observation=observed("earlier")).model_dump(mode="json")
    environment.info = dataclasses.replace(environment.info, heartbeat_details=[earlier])
    beat = asyncio.Event()

    def heard(given: Heartbeat) -> None:
        assert given.observation
        beats.append(given.observation.waiting.what)
        beat.set()

    environment.on_heartbeat = heard

    async def until(what: str, times: int) -> None:
        async with asyncio.timeout(EVENT_SECONDS):
            while beats.count(what) < times:
                beat.clear()
                await beat.wait()

    async def work() -> str:
        await until("earlier", 2)
        heartbeat.report(observed("now"))
        await until("now", 3)
        assert beats[-1] == "now"
        return activity.info().activity_id

    assert await around(journal, work, environment) == "test"
    count = len(beats)
    await asyncio.sleep(0.05)
    assert len(beats) == count, "it ends with its activity"
