"""What counts as waited and what as failed, over many attempts: sums, without any clock."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from migration.run.heartbeat import OUTAGE, Elapsed

BEGAN = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = BEGAN + timedelta(hours=9)
ATTEMPT = timedelta(seconds=110)


def s(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


Step = Callable[[Elapsed], Elapsed]


def seen(seconds: float) -> Step:
    return lambda sums: sums.answered(s(seconds))


def away(seconds: float, now: datetime = BEGAN) -> Step:
    return lambda sums: sums.unanswered(s(seconds), now=now)


def bug() -> Step:
    return lambda sums: sums.failed(now=BEGAN)


def gone(after: float) -> Step:
    """An attempt ended without a word, so long after its last answer; the next one begins hours later."""
    return lambda sums: sums.model_copy(update={"running": s(after)}).carried(attempt=ATTEMPT, now=LATER)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([], {}),
        ([seen(5), seen(5)], {"waited": s(10)}),
        ([seen(5), gone(3), seen(5)], {"waited": s(10)}),
        ([gone(60), gone(109)], {}),
        ([gone(110)], {"outage": s(110), "uncounted": s(110), "since": LATER}),
        ([away(5), away(7, LATER)], {"outage": s(12), "uncounted": s(12), "since": BEGAN}),
        ([away(5), gone(50), away(7, LATER)], {"outage": s(12), "uncounted": s(12), "since": BEGAN}),
        ([away(5), seen(1)], {"waited": s(1), "uncounted": s(5)}),
        ([away(5), seen(1), away(2, LATER)], {"waited": s(1), "outage": s(2), "uncounted": s(7), "since": LATER}),
        ([bug(), bug()], {"since": BEGAN}),
        ([bug(), away(5, LATER)], {"outage": s(5), "uncounted": s(5), "since": BEGAN}),
        ([bug(), seen(1)], {"waited": s(1)}),
    ],
)
def test_what_counts(steps: list[Step], expected: dict[str, Any]) -> None:
    sums = Elapsed()
    for step in steps:
        sums = step(sums)
    assert sums == Elapsed(**expected)


def test_patience_ends_with_an_outage_alone() -> None:
    assert not Elapsed(waited=OUTAGE * 100, uncounted=OUTAGE * 100, running=OUTAGE * 100).too_long
    assert not Elapsed(outage=OUTAGE).too_long
    assert Elapsed(outage=OUTAGE + s(1)).too_long
    assert timedelta(minutes=15) <= OUTAGE


def test_sums_survive_the_wire() -> None:
    sums = Elapsed(waited=s(1.25), outage=s(0.5), uncounted=s(700), since=BEGAN, running=s(3))
    assert Elapsed.model_validate_json(sums.model_dump_json()) == sums
