"""Region, zone and ownership tags on the target.

Machine API labels nodes by the region and zone tags of where their VM lives, and attaches the ownership tag to every
VM it clones, but only if that tag exists by then; otherwise it skips it without a word.
"""

from activities.vcenter.tags import TagsOrder, TagsRemoval, TargetTags
from migration.phase import PhaseName
from migration.plan import Plan, VCenterPlan
from migration.run.status import Claim
from workflows.run import Run, gather_all

name = PhaseName.CREATE_TAGS


def touches(plan: Plan) -> list[str]:
    """The tags of each target vCenter."""
    return [f"{', '.join(plan.target_servers)}: region, zone and ownership tags"]


async def observe(run: Run) -> None:
    """Note what is there."""
    for target in run.plan.targets:
        if target.server not in run.images.tags:
            before = await run.act(TargetTags.observe, _order(run, target), f"which tags {target.server} has")
            run.images = run.images.with_tags(target.server, before)


async def do(run: Run) -> list[str]:
    """Ensure categories, tags and attachments on each target vCenter, and read them back."""
    plan = run.plan
    made = await gather_all(
        *(run.act(TargetTags.ensure, _order(run, target), f"tags on {target.server}") for target in plan.targets)
    )
    return [sentence for each in made for sentence in each.evidence]


async def undo(run: Run) -> list[str]:
    """Remove what was made here and nobody else uses."""
    removed = [
        await run.act(
            TargetTags.remove,
            TagsRemoval(order=_order(run, target), before=run.images.tags[target.server]),
            f"remove our tags from {target.server}",
        )
        for target in run.plan.targets
        if target.server in run.images.tags
    ]
    return [sentence for each in removed for sentence in each.evidence]


async def compare(run: Run) -> list[Claim]:
    """Whether the targets' tags are as they were."""
    return [
        await run.act(
            TargetTags.compare,
            TagsRemoval(order=_order(run, target), before=run.images.tags[target.server]),
            f"compare the tags on {target.server}",
        )
        for target in run.plan.targets
        if target.server in run.images.tags
    ]


def _order(run: Run, target: VCenterPlan) -> TagsOrder:
    return TagsOrder(
        vcenter=target.reference,
        infrastructure_name=run.plan.infrastructure_name,
        failure_domains=run.plan.domains_on(target.server),
    )
