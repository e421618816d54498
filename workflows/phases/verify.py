"""Nothing that was done is believed; the whole world is read again."""

from activities.verify.verification import ClusterClaims, VCenterClaims, Verification
from migration.phase import PhaseName
from migration.plan import Plan
from workflows.phase import NotProven
from workflows.run import Run
from workflows.shared_steps import wait_until_stable

name = PhaseName.VERIFY


def touches(_plan: Plan) -> list[str]:
    """Nothing: it only reads."""
    return []


async def do(run: Run) -> list[str]:
    """Wait for calm without any excuse, then make every claim from what is read now."""
    plan = run.plan
    stable = await wait_until_stable(run, excused=[])
    cluster = await run.act(Verification.cluster, ClusterClaims(plan=plan), "read the cluster again")
    run.tracker.saw(cluster.machines)
    vcenters = await run.act(
        Verification.vcenters, VCenterClaims(plan=plan, machines=cluster.machines), "read both vCenters again"
    )
    claims = [*cluster.claims, *vcenters.claims]
    run.tracker.reported(claims)
    broken = [each for each in claims if not each.holds]
    if broken:
        raise NotProven(
            "; ".join(f"not true: {each.claim} ({each.read})" for each in broken),
            remedy="fix what each sentence names, then retry: this phase only reads",
        )
    return [stable, f"{len(claims)} claims hold, each from a fresh reading"]
