"""The table of everything that preflight can report."""

from migration.concern import Category
from migration.preflight.evaluate import CHECKS
from reference.markdown import code, page, table

_MEANINGS = {
    Category.CRITICAL: "The migration does not start until it is resolved.",
    Category.WARNING: "A risk that the owner of the cluster may accept.",
    Category.INFORMATION: "What the migration will do that its owner may not expect.",
}


def text() -> str:
    """The page."""
    return page(
        "Preflight concerns",
        "Preflight reports all of these at once, the most severe first: in the terminal (`vcfm preflight`), by REST "
        "(`POST /api/v1/preflights`) and in the status of a custom resource. Each concern also says what was read.",
        *(part for category in Category for part in _section(category)),
    )


def _section(category: Category) -> tuple[str, ...]:
    rows = [
        (code(each.id), each.label, each.remedy or "nothing to do")
        for each in sorted(CHECKS, key=lambda check: check.id)
        if each.category is category
    ]
    return f"## {category}", _MEANINGS[category], table(("id", "finding", "what to do"), rows)
