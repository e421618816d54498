"""Where two documents differ, as the paths a person would type into `oc explain`."""

from typing import Any


def differences(left: Any, right: Any, *, at: str = "") -> list[str]:
    """Paths of the fields that differ, depth first, in the order of their names; empty when the two are equal.

    Mappings are compared field by field and lists item by item where they are of one length; otherwise the path of the
    whole list is named, since pairing items up would be a guess.
    """
    if isinstance(left, dict) and isinstance(right, dict):
        return [
            path
            for field in sorted(left.keys() | right.keys())
            for path in differences(left.get(field), right.get(field), at=f"{at}.{field}" if at else field)
        ]
    if isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        pairs = enumerate(zip(left, right, strict=True))
        return [path for index, (one, other) in pairs for path in differences(one, other, at=f"{at}[{index}]")]
    return [] if left == right else [at]
