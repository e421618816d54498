"""How long an activity has waited and failed is counted where it happens, and carried from attempt to attempt."""

import dataclasses
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.activity import Info
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment
from temporalio.worker import ExecuteActivityInput

from activities.runtime.heartbeat import patience
from activities.runtime.interceptor import ActivityScope
from activities.runtime.patience import Patience, pause_after
from activities.runtime.waiting import Unmet, check_patience
from journal.store import Journal
from migration.run.heartbeat import OUTAGE, Elapsed, Heartbeat
from openshift.errors import Forbidden
from openshift.errors import Unreachable as ApiServerAway
from tests.activities.attempts import Calling
from vsphere.errors import Unreachable
from workflows.timeouts import ACTING, RETRY

YEARS = timedelta(days=10_000)
Work = Callable[[], Awaitable[Any]]


def s(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def info(**changes: Any) -> Info:
    """Of an attempt at an act, as a phase schedules it, first scheduled ages ago by some other machine's clock."""
    given = {
        "retry_policy": RETRY,
        "start_to_close_timeout": ACTING,
        "scheduled_time": datetime.now(UTC) - YEARS,
        "current_attempt_scheduled_time": datetime.now(UTC) + YEARS,
        **changes,
    }
    return dataclasses.replace(ActivityEnvironment.default_info(), **given)


@pytest.mark.parametrize(
    ("attempt", "policy", "seconds"),
    [
        (1, RETRY, 0.5),
        (2, RETRY, 1),
        (5, RETRY, 8),
        (6, RETRY, 10),
        (5000, RETRY, 10),
        (5000, RetryPolicy(initial_interval=s(1)), 100),
        (3, None, 0),
    ],
)
def test_the_pause_that_temporal_makes(attempt: int, policy: RetryPolicy | None, seconds: float) -> None:
    assert pause_after(attempt, policy) == s(seconds)


def test_a_failed_attempt_counts_with_the_pause_after_it_and_no_more() -> None:
    now = [1000.0]
    sums = Elapsed()
    for attempt in (1, 2, 3):
        mine = Patience(sums, info(attempt=attempt), clock=lambda: now[0])
        now[0] += 0.25
        mine.fails(outage=True)
        sums = mine.elapsed
        now[0] += 86_400.0 if attempt == 1 else -500.0  # no worker for a day; then one on a machine just started
    assert sums.outage == s(3 * 0.25 + 0.5 + 1 + 2)
    assert sums.waited == s(0)


def test_only_what_came_after_the_last_answer_is_an_outage() -> None:
    now = [0.0]
    mine = Patience(Elapsed(), info(attempt=1), clock=lambda: now[0])
    now[0] = 3600
    mine.answered()
    now[0] = 3610
    mine.fails(outage=True)
    assert (mine.elapsed.waited, mine.elapsed.outage) == (s(3600), s(10.5))


def test_a_bug_is_no_outage() -> None:
    mine = Patience(Elapsed(), info(attempt=1))
    mine.fails(outage=False)
    assert (mine.elapsed.outage, mine.elapsed.since is not None) == (s(0), True)


@pytest.mark.parametrize(
    ("running", "limit", "counted"),
    [
        (s(109), ACTING, s(0)),
        (s(111), ACTING, s(111)),
        (s(111), timedelta(hours=2), s(0)),
        (s(111), None, s(0)),
    ],
)
def test_an_attempt_that_its_own_time_out_ended_has_failed(
    running: timedelta, limit: timedelta | None, counted: timedelta
) -> None:
    mine = Patience(Elapsed(running=running), info(start_to_close_timeout=limit))
    assert mine.elapsed.outage == counted


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(f"sqlite:///{tmp_path / 'journal.db'}")
    journal.open()
    yield journal
    journal.close()


class Tries:
    """One activity's attempts, each given what the one before it said last, through JSON as by Temporal."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.details: list[Any] = []
        self.count = 0

    async def once(self, work: Work) -> Any:
        """One attempt; raises what Temporal would be told."""
        self.count += 1
        environment = ActivityEnvironment()
        environment.info = info(attempt=self.count, heartbeat_details=self.details)
        environment.on_heartbeat = self._keep
        around = ActivityScope(self._journal).intercept_activity(Calling(None))  # type: ignore[arg-type]  # innermost
        given = ExecuteActivityInput(fn=work, args=[], executor=None, headers={})
        return await environment.run(around.execute_activity, given)

    async def until_it_ends(self, work: Work) -> ApplicationError:
        """Attempts for as long as Temporal would make them; the failure that it would then give to the workflow."""
        while True:
            with pytest.raises(ApplicationError) as error:
                await self.once(work)
            if error.value.non_retryable:
                return error.value

    @property
    def elapsed(self) -> Elapsed:
        return Heartbeat.model_validate(self.details[0]).elapsed

    def _keep(self, beat: Heartbeat) -> None:
        self.details = [beat.model_dump(mode="json")]


def raising(error: Exception) -> Work:
    async def work() -> None:
        raise error

    return work


@pytest.mark.parametrize("error", [Unreachable("vc is away", remedy="See that it runs."), ApiServerAway("it is away")])
async def test_an_outage_ends_in_words_when_it_was_met_for_long_enough(journal: Journal, error: Exception) -> None:
    tries = Tries(journal)
    told = await tries.until_it_ends(raising(error))
    assert told.type == "OutageTooLong"
    assert str(error.args[0]) in told.message
    assert f"since {tries.elapsed.since:%Y-%m-%d %H:%M}" in told.message
    remedy, permanent = told.details
    assert remedy.startswith(str(error.remedy).rstrip("."))  # type: ignore[attr-defined]
    assert (remedy.endswith("retry"), permanent) == (True, False)
    most = OUTAGE / RETRY.maximum_interval if RETRY.maximum_interval else 0
    assert most <= tries.count <= most + 10


async def test_a_permanent_error_is_said_at_once(journal: Journal) -> None:
    tries = Tries(journal)
    told = await tries.until_it_ends(raising(Forbidden("must not")))
    assert (tries.count, told.type) == (1, "Forbidden")


async def test_a_bug_is_retried_until_it_is_mended(journal: Journal) -> None:
    tries = Tries(journal)
    for _ in range(300):
        with pytest.raises(ZeroDivisionError):
            await tries.once(raising(ZeroDivisionError()))
    assert tries.elapsed.since is not None
    assert not tries.elapsed.too_long


async def test_attempts_that_never_end_in_their_time_end_in_words(journal: Journal) -> None:
    tries = Tries(journal)
    tries.details = [Heartbeat(elapsed=Elapsed(outage=OUTAGE, running=ACTING)).model_dump(mode="json")]
    told = await tries.until_it_ends(raising(AssertionError("is not begun")))
    assert (tries.count, told.type, told.details[1]) == (1, "OutageTooLong", False)


async def test_what_cannot_be_read_begins_anew(journal: Journal) -> None:
    tries = Tries(journal)
    tries.details = ["of another release"]

    async def look() -> Elapsed:
        return patience().elapsed

    assert (await tries.once(look)).outage == s(0)


MISSING = Unmet(what="the moon", objects=["it is not there"], unblock="only time can")


async def test_a_wait_goes_on_where_the_attempt_before_it_stood(journal: Journal) -> None:
    """However long ago it was scheduled, and whatever the clocks say."""
    tries = Tries(journal)

    async def wait() -> None:
        check_patience(MISSING, at_most=timedelta(hours=1))

    await tries.once(wait)
    before = Heartbeat(elapsed=Elapsed(waited=s(3599)))
    tries.details = [before.model_dump(mode="json")]
    await tries.once(wait)
    tries.details = [before.model_copy(update={"elapsed": Elapsed(waited=s(3600))}).model_dump(mode="json")]
    told = await tries.until_it_ends(wait)
    assert (told.type, told.details[1]) == ("WaitTimedOut", False)
    assert told.message.startswith("waited 1:00:00 for the moon: it is not there")
