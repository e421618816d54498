"""What an administrator does to a lab while a test looks, and takes back afterwards."""

from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lab.cluster.api_server import ApiServer, wait_for
from lab.commands import Lab, admin_api
from lab.state import StateDir
from migration.audit.call import Call
from tests.activities.attempts import vcenter_of
from tests.support.timeouts import EVENT_SECONDS
from vsphere.api.endpoint import Endpoint
from vsphere.api.session import VCenter
from vsphere.folders import Folders
from vsphere.inventory import Inventory, Place
from vsphere.tags import TagService

MERGE = "application/merge-patch+json"

Document = dict[str, Any]


def admin(lab: Lab) -> ApiServer:
    """The cluster's administrator."""
    return admin_api(StateDir(lab.state_dir))


@contextmanager
def patched(
    lab: Lab, version: str, kind: str, name: str, namespace: str | None, field: str, value: Any
) -> Iterator[None]:
    """One top-level field changed by merge patch, and put back as it was."""
    with admin(lab) as api:
        path = f"{api.collection(version, kind, namespace)}/{name}"
        before = api.request("GET", path)[field]
        api.request("PATCH", path, body={field: value}, kind=MERGE)
        try:
            yield
        finally:
            added = dict.fromkeys(value.keys() - before.keys()) if isinstance(value, dict) else {}
            api.request("PATCH", path, body={field: before | added if isinstance(before, dict) else before}, kind=MERGE)


def credentials_changed(lab: Lab, **values: str | None) -> Any:
    """The target's credentials, as their owner wrote them: `username`, `password`; None takes a key away."""
    server, secret = vcenter_of(lab, "target")["server"], lab.description["credentials_secret"]
    data = {f"{server}.{key}": value and b64encode(value.encode()).decode() for key, value in values.items()}
    return patched(lab, "v1", "Secret", secret["name"], secret["namespace"], "data", data)


@contextmanager
def applied(lab: Lab, document: Document) -> Iterator[Document]:
    """An object that is there while the block lasts."""
    with admin(lab) as api:
        made = api.apply(document)
        path = api.path(document)
        try:
            yield made
        finally:
            api.request("DELETE", path)
            wait_for(lambda: not _is_there(api, document), what=f"{path} to be gone", timeout=EVENT_SECONDS)


def _is_there(api: ApiServer, document: Document) -> bool:
    metadata = document["metadata"]
    there = api.objects(document["apiVersion"], document["kind"], metadata.get("namespace"))
    return metadata["name"] in {each["metadata"]["name"] for each in there}


@contextmanager
def logged_in(lab: Lab, role: str) -> Iterator[VCenter]:
    """A vCenter, as its administrator."""
    there, calls = vcenter_of(lab, role), list[Call]()
    endpoint = Endpoint(**{key: there[key] for key in ("server", "port", "username", "password", "ca_file")})
    with VCenter(endpoint, calls.append) as vcenter:
        yield vcenter


@contextmanager
def tagging(lab: Lab, category: str, cardinality: str, tag: str) -> Iterator[None]:
    """A tag category on the target, and a tag of it (if named) on the datacenter."""
    with logged_in(lab, "target") as vcenter:
        spec = {"name": category, "description": "", "cardinality": cardinality, "associable_types": []}
        key, tags = vcenter.rest.create("cis/tagging/category", spec), TagService(vcenter)
        try:
            if tag:
                datacenter = Inventory(vcenter).require(Place(kind="Datacenter", path="/dc-target"))
                tags.attach(tags.ensure_tag(key, tag, "").id, datacenter)
            yield
        finally:
            tags.delete_category(key)


@contextmanager
def nothing_left_on_target(lab: Lab, *categories: str, folder: str = "") -> Iterator[None]:
    """Whatever the block makes, its categories (and with them their tags) and its folder are gone afterwards."""
    try:
        yield
    finally:
        with logged_in(lab, "target") as vcenter:
            tags = TagService(vcenter)
            for each in tags.categories(categories).values():
                tags.delete_category(each.id)
            assert not folder or Folders(vcenter).delete_if_empty(folder)
