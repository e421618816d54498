"""The ownership tag on new VMs: what lets an installer find them all when the cluster is destroyed one day.

Machine API attaches it to each VM it clones if the tag exists by then, and says nothing if it does not. So it is read
back, on workers and masters alike.
"""

from activities.vcenter.virtual_machines import TaggedExpected, VirtualMachines
from migration.run.status import MachineView
from workflows.run import Run, gather_all


async def see_ownership_tags(run: Run, machines: list[MachineView]) -> list[str]:
    """The evidence, one sentence per folder."""
    plan = run.plan
    tagged = await gather_all(
        *(
            run.act(
                VirtualMachines.ensure_tagged,
                TaggedExpected(
                    vcenter=target.reference,
                    infrastructure_name=plan.infrastructure_name,
                    folders=sorted({each.topology.folder or "" for each in plan.domains_on(target.server)}),
                    names=[each.name for each in machines if each.server == target.server],
                ),
                f"ownership tag on every new VM on {target.server}",
            )
            for target in plan.targets
        )
    )
    return [sentence for each in tagged for sentence in each.evidence]
