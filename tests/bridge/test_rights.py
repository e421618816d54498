"""The shipped rights of the bridge are what it needs, and not a verb more."""

from datetime import UTC, datetime
from typing import Any

import pytest

from lab.cluster.access import custom_resource
from migration.audit.call import Call
from migration.audit.journal_views import JournalEntry
from migration.run.status import State
from openshift.api.client import Cluster
from tests.activities.rights import granted, needed, needless
from tests.bridge.bridged import Bridged
from tests.bridge.resources import ELSEWHERE, SPACE, ours

RBAC = [each for each in custom_resource() if each["metadata"]["name"] == "vcf-migration-bridge"]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[Call]:
    """Every call to an API server that is made by whoever connects from now on."""
    made: list[Call] = []
    connect = Cluster.connect

    def recorded(**how: Any) -> Any:
        return connect(**{**how, "recorder": made.append})

    monkeypatch.setattr(Cluster, "connect", recorded)
    return made


def entry(call: Call) -> JournalEntry:
    return JournalEntry(
        id=1, at=datetime.now(UTC), seconds=0, phase="", activity="", attempt=1,
        system="kubernetes", server="", method=call.method, target=call.target, mutating=call.mutating,
        outcome=call.outcome, request="{}", response="",
    )  # fmt: skip


async def test_a_whole_life_needs_every_right_that_is_granted_and_no_other(bridged: Bridged, calls: list[Call]) -> None:
    async with bridged.bridge():
        name = await bridged.create(ours(state="Running"))
        other = await bridged.create(ours(), namespace=ELSEWHERE)
        await bridged.until(other, lambda each: each.status.conditions, namespace=ELSEWHERE)
        await bridged.state(name, State.COMPLETED)
        await bridged.until(name, lambda each: not each.guarded)
    needs = needed(map(entry, calls))
    grants = granted(RBAC)
    assert needless(grants, needs) == set()
    assert [each for each in needs if not any(grant.covers(each) for grant in grants)] == []
    assert [each for each in calls if each.outcome in {"401", "403"}] == []


def test_both_accounts_are_bound_to_every_role() -> None:
    roles = {(each["kind"], each["metadata"]["name"]) for each in RBAC if "rules" in each}
    bindings = [each for each in RBAC if "roleRef" in each]
    assert {(each["roleRef"]["kind"], each["roleRef"]["name"]) for each in bindings} == roles
    for each in bindings:
        assert {(who["name"], who["namespace"]) for who in each["subjects"]} == {
            ("vcf-migration", SPACE),
            ("vcf-migration-bridge", SPACE),
        }


def test_nothing_is_granted_by_wildcard_and_no_secret_at_all() -> None:
    grants = granted(RBAC)
    assert not any("*" in each for each in grants)
    assert not any(each.resource == "secrets" for each in grants)
