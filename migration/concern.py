"""A graded finding of preflight, in the shape the field knows from migration planning: id, category, assessment.

Only Critical stops a migration. A Warning is a risk that its owner may take knowingly; Information says what the
migration will do that its owner may not expect. All are reported at once: somebody who must ask another team for each
fix should have to ask once.
"""

from collections.abc import Iterable
from enum import StrEnum

from migration.frozen_model import FrozenModel


class Category(StrEnum):
    CRITICAL = "Critical"
    WARNING = "Warning"
    INFORMATION = "Information"


class Concern(FrozenModel):
    """One finding.

    Attributes:
        id: stable name, `<subject>.<finding>`; runbooks and filters refer to it.
        label: the finding in a few words.
        assessment: what was read, and what would happen because of it.
        remedy: the next step a person can take; empty for Information that needs none.
        objects: what it is about, each as it is called where it lives (`namespace/name`, inventory path).
    """

    id: str
    category: Category
    label: str
    assessment: str
    remedy: str = ""
    objects: list[str] = []


def blocking(concerns: Iterable[Concern]) -> list[Concern]:
    """The concerns that must be gone before a migration may start."""
    return [each for each in concerns if each.category is Category.CRITICAL]
