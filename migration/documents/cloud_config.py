"""The cluster's `cloud-provider-config`: which vCenters the cloud provider and Machine API may dial, and how.

The text is its owner's: written by the installer, by hand, by tools, as YAML or, on older clusters, as INI. Reading it
into a model and writing the model back loses comments, order and every section the model has not heard of (`nodes`
with its subnets, `loadBalancer`), and a YAML library's round trip still changes indentation and folds long lines. So
the text is parsed only to learn where things stand, and changed in those places; what is added and removed again leaves
it byte for byte as it was. The outcome of each change is parsed again before it is returned.

A new entry says no more than it must: server, port, datacenters, and those settings that all its siblings have and
that are no business of one vCenter alone (how to verify TLS, where credentials are). `insecureFlag` is never turned on
for a cluster that has it off.

`labels` (`openshift-region`, `openshift-zone`) are left alone. OpenShift's cloud-config sync writes them into the
generated copy as soon as Infrastructure has more than one failure domain, which is where components read them;
writing them here would outlive the migration of a cluster that had none.
"""

from collections.abc import Iterable
from typing import Protocol

from migration.documents import cloud_config_ini, cloud_config_yaml
from migration.documents.cloud_config_error import CloudConfigError
from migration.documents.infrastructure import VCenterEntry
from migration.spec.failure_domain import FailureDomain

__all__ = ["CloudConfigError", "add", "remove", "same_servers", "servers"]


class _Syntax(Protocol):
    def servers(self, text: str) -> list[str]: ...
    def add(self, text: str, vcenter: VCenterEntry) -> str: ...
    def remove(self, text: str, *, server: str, replacement: FailureDomain | None) -> str: ...


def servers(text: str | None) -> list[str]:
    """The vCenters that the text names anywhere but in comments, in its order.

    Raises:
        CloudConfigError: the text is missing, or neither YAML nor INI of the known shape.
    """
    return _syntax(text).servers(text or "")


def same_servers(some: Iterable[str], others: Iterable[str]) -> bool:
    """Whether both name the same vCenters: in any order, and in any case, as host names are compared."""
    return {each.lower() for each in some} == {each.lower() for each in others}


def add(text: str | None, vcenter: VCenterEntry) -> str:
    """The text with an entry for the vCenter and all of its datacenters; unchanged if they are there.

    Raises:
        CloudConfigError: see `servers`; or the shape of an existing entry forbids it.
    """
    before = servers(text)
    after = _syntax(text).add(text or "", vcenter)
    _expect(servers(after), [*before, vcenter.server])
    return after


def remove(text: str | None, *, server: str, replacement: FailureDomain | None = None) -> str:
    """The text without any mention of the vCenter; unchanged if there is none.

    Args:
        text: the ConfigMap's key as it was just read.
        server: the vCenter, in any case.
        replacement: a completed failure domain on another vCenter, to stand in the INI section `[Workspace]`, which
        names
            one vCenter as the default place.

    Raises:
        CloudConfigError: see `servers`; no vCenter would remain; or a replacement is needed and none is given.
    """
    before = servers(text)
    others = [each for each in before if not same_servers([each], [server])]
    if others == before:
        return text or ""
    if not others:
        raise CloudConfigError(f"{server} is the only vCenter in it: add the other one before this one is removed")
    after = _syntax(text).remove(text or "", server=server, replacement=replacement)
    _expect(servers(after), others)
    return after


def _syntax(text: str | None) -> _Syntax:
    """INI if the first line that says something is a section header, which is no YAML mapping; else YAML."""
    said = [line.strip() for line in (text or "").splitlines() if line.strip() and line.strip()[0] not in "#;"]
    if not said:
        raise CloudConfigError("it is empty: check that Infrastructure's spec.cloudConfig names the right key")
    return cloud_config_ini if said[0].startswith("[") else cloud_config_yaml


def _expect(found: list[str], wanted: list[str]) -> None:
    if not same_servers(found, wanted):
        raise CloudConfigError(
            f"after the change it would name {', '.join(sorted(found))} and not {', '.join(sorted(wanted))}: "
            "its layout is not one that can be changed safely; make the entry by hand"
        )
