"""Tag categories, tags and their attachments.

vCenter has no look-up by name, so names are found by listing ids and reading one after the other, until all that was
asked for is found. Everything is observed before it is made, and what was *made here* is said, because only that may
be removed again: region and zone categories are shared by all clusters of a vCenter.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from vsphere.api.moref import Moref, split
from vsphere.api.session import VCenter
from vsphere.errors import AlreadyExists, Incompatible, NotFound

_CATEGORY, _TAG, _LINK = "cis/tagging/category", "cis/tagging/tag", "cis/tagging/tag-association"
_PREFIX = "urn:vim25:"
"""vCenters return associable types without it, vcsim as they were created; both are compared without."""
OBJECTS = 500
"""Objects per batch of a look-up; vCenter refuses more than 2,000."""


@dataclass(frozen=True, kw_only=True)
class CategoryShape:
    """How a category must be.

    Attributes:
        associable: kinds it is made for, without the `urn:vim25:` that they are created with.
        needed: kinds without which an existing category cannot be used.
    """

    name: str
    description: str
    associable: frozenset[str]
    needed: frozenset[str]


REGION = CategoryShape(
    name="openshift-region",
    description="OpenShift region for failure domain topology",
    associable=frozenset({"Datacenter", "ClusterComputeResource", "Datastore", "Folder"}),
    needed=frozenset({"Datacenter", "ClusterComputeResource"}),
)
ZONE = replace(REGION, name="openshift-zone", description="OpenShift zone for failure domain topology")
OWNERSHIP_DESCRIPTION = "Added by openshift-install do not remove"


def ownership(infrastructure_name: str) -> CategoryShape:
    """The category whose tag marks a cluster's own objects: its folder, and by the machine controller its VMs.

    The tag is named like the infrastructure; the machine controller finds it by that name, so both must exist before
    the first VM does, or the VM goes without.
    """
    return CategoryShape(
        name=f"openshift-{infrastructure_name}",
        description=OWNERSHIP_DESCRIPTION,
        associable=frozenset({"VirtualMachine", "ResourcePool", "Folder", "Datastore", "StoragePod"}),
        needed=frozenset({"VirtualMachine", "Folder"}),
    )


@dataclass(frozen=True, kw_only=True)
class Category:
    """An existing category; `associable` without the `urn:vim25:` prefix, empty for "all kinds"."""

    id: str
    name: str
    cardinality: str
    associable: frozenset[str]

    def problems(self, shape: CategoryShape) -> list[str]:
        """What of it does not fit a shape; nothing when it can be used."""
        lacks = sorted(shape.needed - self.associable) if self.associable else []
        cardinality = [] if self.cardinality == "SINGLE" else [f"its cardinality is {self.cardinality}, not SINGLE"]
        return cardinality + ([f"it cannot be attached to {', '.join(lacks)}"] if lacks else [])


@dataclass(frozen=True, kw_only=True)
class Tag:
    id: str
    name: str
    category_id: str


@dataclass(frozen=True, kw_only=True)
class Ensured:
    """The id of what is there now, and whether this call made it."""

    id: str
    created: bool


N = TypeVar("N", Category, Tag)


class TagService:
    """One vCenter's tags. Every method is idempotent and raises VSphereError.

    Make one for a piece of work and drop it: categories and tags that it has read once it does not read again, or each
    of several names would cost as many calls as the vCenter has categories.
    """

    def __init__(self, vcenter: VCenter) -> None:
        self._rest = vcenter.rest
        self._known: dict[str, dict[str, Any]] = {}
        self._where = vcenter.endpoint.name

    def categories(self, names: Collection[str]) -> dict[str, Category]:
        """The categories of these names that exist."""
        ids = self._rest.get(_CATEGORY) or []
        return _named(names, (_category(each) for each in self._read(_CATEGORY, ids)))

    def tags(self, category_id: str, names: Collection[str]) -> dict[str, Tag]:
        """The tags of these names that exist in a category."""
        return _named(names, (_tag(each) for each in self._read(_TAG, self._tag_ids(category_id))))

    def is_empty(self, category_id: str) -> bool:
        """Whether a category has no tag (left)."""
        return not self._tag_ids(category_id)

    def _tag_ids(self, category_id: str) -> list[str]:
        action = "list-tags-for-category"
        if self._rest.legacy():
            ids = self._rest.act(_TAG, action, {}, key=category_id)
        else:
            ids = self._rest.act(_TAG, action, {"category_id": category_id})
        return list(ids or [])

    def ensure_category(self, shape: CategoryShape) -> Ensured:
        """A category of this shape. Raises Incompatible when one of this name cannot be used; it is never changed."""
        if present := self.categories([shape.name]).get(shape.name):
            return self._usable(present, shape)
        spec = {
            "name": shape.name,
            "description": shape.description,
            "cardinality": "SINGLE",
            "associable_types": [_PREFIX + each for each in sorted(shape.associable)],
        }
        try:
            return Ensured(id=self._rest.create(_CATEGORY, spec), created=True)
        except AlreadyExists:
            if present := self.categories([shape.name]).get(shape.name):
                return self._usable(present, shape)
            raise  # there, but invisible to this account

    def ensure_tag(self, category_id: str, name: str, description: str) -> Ensured:
        """A tag of this name in a category."""
        if present := self.tags(category_id, [name]).get(name):
            return Ensured(id=present.id, created=False)
        try:
            spec = {"name": name, "description": description, "category_id": category_id}
            return Ensured(id=self._rest.create(_TAG, spec), created=True)
        except AlreadyExists:
            if present := self.tags(category_id, [name]).get(name):
                return Ensured(id=present.id, created=False)
            raise

    def attached(self, objects: Collection[Moref]) -> dict[Moref, list[Tag]]:
        """The tags on each object, sorted by name; one call per `OBJECTS` objects, one more per distinct tag."""
        ids: dict[Moref, list[str]] = {each: [] for each in objects}
        listed = list(ids)
        for start in range(0, len(listed), OBJECTS):
            batch = [_object(each) for each in listed[start : start + OBJECTS]]
            for row in self._rest.act(_LINK, "list-attached-tags-on-objects", {"object_ids": batch}) or []:
                ids[f"{row['object_id']['type']}:{row['object_id']['id']}"] = row.get("tag_ids") or []
        distinct = sorted({each for some in ids.values() for each in some})
        tags = {tag["id"]: _tag(tag) for tag in self._read(_TAG, distinct)}
        return {
            each: sorted((tags[tag] for tag in some if tag in tags), key=lambda tag: tag.name)
            for each, some in ids.items()
        }

    def objects(self, tag_id: str) -> list[Moref]:
        """What carries a tag, as far as the account can see it; nothing when the tag is gone."""
        try:
            rows = self._rest.act(_LINK, "list-attached-objects", {}, key=tag_id)
        except NotFound:
            return []
        return sorted(f"{each['type']}:{each['id']}" for each in rows or [])

    def attach(self, tag_id: str, target: Moref) -> bool:
        """Puts a tag on an object; answers whether it was not there before.

        Raises Incompatible when the object carries another tag of the same category: their cardinality is SINGLE, and
        which of two regions an object is in is not ours to decide.
        """
        present = self.attached([target])[target]
        if any(each.id == tag_id for each in present):
            return False
        tag = next((_tag(each) for each in self._read(_TAG, [tag_id])), None)
        if tag is None:
            raise NotFound(f"Tag {tag_id} on {self._where} is gone.", remedy="Retry: it is made anew.")
        if other := next((each for each in present if each.category_id == tag.category_id), None):
            raise Incompatible(
                f"{target} on {self._where} carries tag {other.name!r} where {tag.name!r} is needed.",
                remedy=f"Name {other.name!r} in the failure domain, or take that tag off the object in vCenter.",
            )
        self._rest.act(_LINK, "attach", {"object_id": _object(target)}, key=tag_id)
        return True

    def detach(self, tag_id: str, target: Moref) -> None:
        """Takes a tag off an object, if it is there."""
        try:
            self._rest.act(_LINK, "detach", {"object_id": _object(target)}, key=tag_id)
        except NotFound:
            return

    def delete_tag(self, tag_id: str) -> bool:
        """Deletes a tag, and with it its attachments; answers whether it was still there."""
        return self._delete(_TAG, tag_id)

    def delete_category(self, category_id: str) -> bool:
        """Deletes a category, and with it its tags; answers whether it was still there."""
        return self._delete(_CATEGORY, category_id)

    def _delete(self, resource: str, key: str) -> bool:
        try:
            self._rest.delete(resource, key=key)
        except NotFound:
            return False
        return True

    def _read(self, resource: str, ids: Collection[str]) -> Iterator[dict[str, Any]]:
        """Each element; one that was deleted since it was listed is left out."""
        for each in ids:
            try:
                if each not in self._known:
                    self._known[each] = self._rest.get(resource, key=each)
            except NotFound:
                continue
            yield self._known[each]

    def _usable(self, present: Category, shape: CategoryShape) -> Ensured:
        if problems := present.problems(shape):
            raise Incompatible(
                f"Tag category {present.name!r} on {self._where} cannot be used: {'; '.join(problems)}.",
                remedy="Change the category in vCenter (Tags & Custom Attributes), or delete it if nothing uses it.",
            )
        return Ensured(id=present.id, created=False)


def _category(document: dict[str, Any]) -> Category:
    kinds = frozenset(each.removeprefix(_PREFIX) for each in document.get("associable_types") or ())
    return Category(
        id=document["id"], name=document["name"], cardinality=str(document.get("cardinality")), associable=kinds
    )


def _tag(document: dict[str, Any]) -> Tag:
    return Tag(id=document["id"], name=document["name"], category_id=document["category_id"])


def _object(reference: Moref) -> dict[str, str]:
    kind, value = split(reference)
    return {"type": kind, "id": value}


def _named(names: Collection[str], elements: Iterator[N]) -> dict[str, N]:
    """The elements of these names; stops reading when it has them all."""
    wanted, found = set(names), dict[str, N]()
    for each in elements:
        if each.name in wanted:
            found[each.name] = each
            if len(found) == len(wanted):
                break
    return found
