"""One thing wrong with what somebody asked for, said so that they can put it right without asking back."""

import json
import re
from typing import Any

from migration.frozen_model import FrozenModel

_LONGEST = 80


class Problem(FrozenModel):
    """One problem of a spec.

    Attributes:
        field: JSON path, `spec.failureDomains[1].topology.folder`.
        value: what stands there, shortened; empty where nothing stands, or where it might be a secret.
        rule: what is asked of the field.
        remedy: what to write instead.
    """

    field: str
    value: str = ""
    rule: str
    remedy: str

    def __str__(self) -> str:
        shown = f" ({self.value})" if self.value else ""
        return f"{self.field}{shown}: {self.rule}. {self.remedy}"


def shown(value: Any) -> str:
    """A scalar as JSON, shortened; user and password in a URL left out, objects and lists not shown at all."""
    if value is None or isinstance(value, dict | list):
        return ""
    text = re.sub(r"//[^/\s]*@", "//", json.dumps(value, ensure_ascii=False, default=str))
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
