"""The table of phases."""

from migration.phase import POINT_OF_NO_RETURN, TABLE, number
from reference.markdown import code, page, table


def text() -> str:
    """The page."""
    return page(
        "Phases",
        "Names and order are stable: they are in custom resources, workflow histories and runbooks. A phase is "
        "complete when its proof is observed. A rollback undoes the phases in reverse order.",
        table(
            ("#", "phase", "what it does", "proof that it is complete", "what a rollback does"),
            (
                (str(number(each.name)), code(each.name), each.title, each.proof, each.undo or "nothing to undo")
                for each in TABLE
            ),
        ),
        f"{code(POINT_OF_NO_RETURN)} is the point of no return: from its first step on, the migration can only go "
        "forward.",
    )
