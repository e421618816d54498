"""Managed object references as text: `VirtualMachine:vm-42`.

A pyVmomi object carries its connection and costs a round trip per attribute; a reference is a value that can travel,
be compared and be written down. It is only good for the vCenter that gave it, and only until the object is removed.
"""

from typing import Any

Moref = str
"""`<type>:<value>`, as vCenter's own tools print it."""


def moref(managed: Any) -> Moref:
    """The reference of a pyVmomi managed object."""
    return f"{type(managed)._wsdlName}:{managed._moId}"  # noqa: SLF001  pyVmomi has no public name for either


def split(reference: Moref) -> tuple[str, str]:
    """Type and value, as REST (`{"type", "id"}`) wants them apart."""
    kind, _, value = reference.partition(":")
    return kind, value
