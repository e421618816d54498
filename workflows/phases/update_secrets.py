"""Add the target's credentials beside the source's, and wait until every component's copy carries them."""

from activities.cluster.credentials import CopiesExpected, Credentials, CredentialsOrder, RestoreCredentials
from migration.phase import PhaseName
from migration.plan import Plan
from workflows import timeouts
from workflows.run import Run

name = PhaseName.UPDATE_SECRETS


def touches(plan: Plan) -> list[str]:
    """The cluster's one Secret of vCenter credentials."""
    return [f"Secret kube-system/vsphere-creds: + keys of {', '.join(plan.target_servers)}"]


async def do(run: Run) -> list[str]:
    """Add exactly the missing keys; both vCenters' keys stay until the last source VM is gone."""
    plan = run.plan
    for target in plan.targets:
        await run.act(
            Credentials.add, CredentialsOrder(vcenter=target.reference), f"add {target.server} to vsphere-creds"
        )
    copies = await run.wait(
        Credentials.wait_copied,
        CopiesExpected(
            cluster=plan.cluster, servers=[plan.source.server, *plan.target_servers], at_most=timeouts.COPIES
        ),
        "wait for the components' copies of vsphere-creds",
        at_most=timeouts.COPIES,
    )
    return [f"{', '.join(plan.target_servers)} in kube-system/vsphere-creds", f"copied to {', '.join(copies.names)}"]


async def undo(run: Run) -> list[str]:
    """Have the target's keys be what they were before, which is usually absent; the copies follow."""
    plan = run.plan
    await run.act(
        Credentials.restore,
        RestoreCredentials(
            cluster=plan.cluster, namespace=plan.namespace, migration=plan.key, servers=plan.target_servers
        ),
        f"take {', '.join(plan.target_servers)} out of vsphere-creds",
    )
    copies = await run.wait(
        Credentials.wait_copied,
        CopiesExpected(
            cluster=plan.cluster, servers=[plan.source.server, *plan.target_servers], at_most=timeouts.COPIES
        ),
        "wait for the components' copies of vsphere-creds",
        at_most=timeouts.COPIES,
    )
    return [f"vsphere-creds as it was, copied to {', '.join(copies.names)}"]
