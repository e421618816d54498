# mypy: disable-error-code="no-untyped-call"
# (pyVmomi types what vSphere offers, but not the constructors of its data objects)
"""Reading many properties of many objects in a few round trips.

Reading attributes of pyVmomi objects costs one round trip each, and threads do not help; so everything here names its
properties and lets the server's property collector gather them, page by page.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from pyVmomi import vim, vmodl

from vsphere.api.moref import Moref, moref
from vsphere.api.session import VCenter
from vsphere.errors import NotPermitted, VSphereError

_query = vmodl.query.PropertyCollector

PAGE = 1000
"""Objects per answer: one round trip per thousand VMs, about 1 MB each with the properties that we ask for."""

Properties = Mapping[type, Sequence[str]]
"""Property paths by kind of object."""

Rows = dict[Moref, dict[str, Any]]
"""Property values by object; a property that is unset is absent."""


@contextmanager
def view(vcenter: VCenter, container: Moref, kinds: Sequence[type]) -> Iterator[Any]:
    """A live list, on the server, of all objects of these kinds below a container."""
    made = vcenter.content.viewManager.CreateContainerView(vcenter.managed(container), list(kinds), recursive=True)
    try:
        yield made
    finally:
        with suppress(VSphereError):  # gone with its session, or goes with it later
            made.DestroyView()


def members(container_view: Any) -> Any:
    """Selects what a view lists, but not the view."""
    step = _query.TraversalSpec(name="members", type=vim.view.ContainerView, path="view", skip=False)
    return _query.ObjectSpec(obj=container_view, skip=True, selectSet=[step])


def itself(managed: Any) -> Any:
    """Selects one object."""
    return _query.ObjectSpec(obj=managed, skip=False)


def along(managed: Any, *, kind: type, path: str) -> Any:
    """Selects what the property `path` of an object refers to, but not the object."""
    step = _query.TraversalSpec(name="along", type=kind, path=path, skip=False)
    return _query.ObjectSpec(obj=managed, skip=True, selectSet=[step])


def upwards(managed: Any) -> Any:
    """Selects an object and everything above it."""
    again = _query.SelectionSpec(name="up")
    step = _query.TraversalSpec(name="up", type=vim.ManagedEntity, path="parent", skip=False, selectSet=[again])
    return _query.ObjectSpec(obj=managed, skip=False, selectSet=[step])


def specification(selected: Sequence[Any], properties: Properties) -> Any:
    """What to collect: properties by kind, of the objects selected.

    An object or view that is gone is a fault, and not left out: an empty answer must mean that there is nothing.
    """
    wanted = [_query.PropertySpec(type=kind, pathSet=list(paths), all=False) for kind, paths in properties.items()]
    return _query.FilterSpec(objectSet=list(selected), propSet=wanted)


def retrieve(vcenter: VCenter, selected: Sequence[Any], properties: Properties) -> Rows:
    """Reads. Raises NotFound, and NotPermitted rather than leave a property out silently."""
    collector = vcenter.content.propertyCollector
    options = _query.RetrieveOptions(maxObjects=PAGE)
    page = collector.RetrievePropertiesEx([specification(selected, properties)], options)
    rows: Rows = {}
    while page is not None:
        rows.update((moref(each.obj), _values(each)) for each in page.objects)
        page = collector.ContinueRetrievePropertiesEx(page.token) if page.token else None
    return rows


def _values(content: Any) -> dict[str, Any]:
    for missing in content.missingSet or ():
        if isinstance(missing.fault, vim.fault.NoPermission):
            raise NotPermitted(
                f"{moref(content.obj)}: the account may not read {missing.path!r} (needs {missing.fault.privilegeId})."
            )
    return {each.name: each.val for each in content.propSet}
