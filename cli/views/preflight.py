"""Renders a preflight result for a terminal: the plan in a few lines, then every concern."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from cli.views.status import concerns, named, title
from migration.concern import Category, blocking
from migration.plan import Plan
from migration.run.request import PreflightResult


def render(result: PreflightResult) -> RenderableType:
    """The whole screen."""
    return Group(*_sections(result))


def _sections(result: PreflightResult) -> Iterator[RenderableType]:
    if result.plan:
        yield title(f"Preflight of {result.plan.infrastructure_name}: the migration can start", "bold green")
        yield named(_planned(result.plan))
    else:
        count = len(blocking(result.concerns))
        yield title(f"Preflight: {count} Critical concern(s) block the migration", "bold red")
    found = list(concerns(result.concerns, grades=list(Category)))
    yield Text()
    yield from found or [Text("There is no concern.")]


def _planned(plan: Plan) -> dict[str, RenderableType]:
    control = plan.control_plane
    return {
        "From:": plan.source.server,
        "To:": "\n".join(plan.target_servers),
        "Workers:": "\n".join(f"{each.name}: {each.replicas} in {each.failure_domain}" for each in plan.new_sets),
        "Masters:": f"{control.replicas}, one at a time, in {', '.join(control.target_failure_domains)}",
        "Leave:": "\n".join(f"{each.name}: {each.replicas}" for each in plan.source_sets),
    }
