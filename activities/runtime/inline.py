"""How evidence speaks of several things at once."""

from collections.abc import Iterable


def listed(names: Iterable[str]) -> str:
    """The names in order, separated by commas; `none` where there are none."""
    return ", ".join(sorted(names)) or "none"
