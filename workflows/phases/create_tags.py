"""Phase 5: region, zone and ownership tags on the target.

Machine API labels nodes by the region and zone tags of where their VM lives, and attaches the ownership tag to every
VM it clones, but only if that tag exists by then; otherwise it skips it without a word.
"""

import asyncio

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.tags import Tags, TagsOrder
    from migration.phase import PhaseName
    from workflows.run import Run

name = PhaseName.CREATE_TAGS


async def do(run: Run) -> list[str]:
    """Ensure categories, tags and attachments on each target vCenter, and read them back."""
    plan = run.plan
    made = await asyncio.gather(
        *(
            run.act(
                Tags.ensure,
                TagsOrder(
                    vcenter=target.reference,
                    infrastructure_name=plan.infrastructure_name,
                    failure_domains=plan.domains_on(target.server),
                ),
                f"tags on {target.server}",
            )
            for target in plan.targets
        )
    )
    return [sentence for each in made for sentence in each.evidence]
