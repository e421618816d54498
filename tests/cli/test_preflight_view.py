"""`vcfm preflight`: what is shown, and what it ends with."""

import json

from migration.concern import Category, Concern
from migration.run.request import PreflightResult
from tests.cli.test_commands import RESOURCE, SPEC, Vcfm, spoken, vcfm  # noqa: F401 - a fixture of the neighbour
from tests.support.serving import Serving
from tests.workflows.answers import PLAN

FULL = Concern(
    id="storage.full", category=Category.CRITICAL, label="No room", assessment="3 GiB free", remedy="add some"
)
SLOW = Concern(
    id="pods.budget", category=Category.WARNING, label="Slow", assessment="a budget holds", remedy="relax it"
)
KNOWN = Concern(id="nodes.names", category=Category.INFORMATION, label="Names", assessment="nodes get new names")


async def test_a_migration_that_may_start(vcfm: Vcfm, service: Serving) -> None:  # noqa: F811
    service.world.answer("preflight", PreflightResult(concerns=[SLOW, KNOWN], plan=PLAN, nodes=[]))
    text = spoken(
        await vcfm("preflight", "-f", "-", stdin=json.dumps(RESOURCE)),
        0,
        "Preflight of ocp1: the migration can start",
        "ocp1-worker-az1: 2 in az1",
        "Warning: Slow",
        "Next: relax it",
        "Information: Names nodes get new names",
    )
    assert text.count("Next:") == 1
    assert service.world.calls == ["read_identity", "preflight"]


async def test_a_migration_that_may_not(vcfm: Vcfm, service: Serving) -> None:  # noqa: F811
    service.world.answer("preflight", PreflightResult(concerns=[FULL], plan=None, nodes=[]))
    file = json.dumps(SPEC | {"state": "Pending"})
    spoken(
        await vcfm("preflight", "-f", "-", stdin=file), 4, "1 Critical concern(s) block the migration", "Next: add some"
    )
    shown = await vcfm("preflight", "-f", "-", "-o", "json", stdin=file)
    assert PreflightResult.model_validate_json(spoken(shown, 4)).concerns == [FULL]
