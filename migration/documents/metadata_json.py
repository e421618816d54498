"""`metadata.json` as `openshift-install destroy cluster` reads it, for the day on which the cluster is given up.

The file that the installer wrote names the old vCenter, and a destroy with it would look there and find nothing. The
shape is the installer's `types.ClusterMetadata` with its vSphere part: keys of three spellings, the first vCenter once
at the top for older installers and all of them, each once, in `VCenters`. It holds passwords: it goes into a Secret
and nowhere else.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field


class IncompleteMetadataError(ValueError):
    """Without this the installer would fail in the middle of a destroy, or delete nothing and say it succeeded."""


@dataclass(frozen=True, kw_only=True)
class VCenterAccess:
    """A vCenter and the account with which the installer shall log in; the account is not in the repr."""

    server: str
    username: str = field(repr=False)
    password: str = field(repr=False)


def metadata_json(
    *, cluster_id: str, infrastructure_name: str, cluster_name: str, vcenters: Iterable[VCenterAccess]
) -> str:
    """The file's text.

    Args:
        cluster_id: `ClusterVersion/version` spec.clusterID (not the uid of any object).
        infrastructure_name: `Infrastructure/cluster` status.infrastructureName; destroy finds objects by it.
        cluster_name: first label of the cluster's domain; destroy of a vSphere cluster does not use it.
        vcenters: where the cluster is now; a server that comes twice is written once.

    Raises:
        IncompleteMetadataError: an id, a server, a user or a password is blank, or there is no vCenter.
    """
    distinct = list({each.server: each for each in vcenters}.values())
    given = {"the cluster's id": cluster_id, "the infrastructure name": infrastructure_name, "a vCenter": distinct}
    missing = [what for what, value in given.items() if not (value.strip() if isinstance(value, str) else value)]
    missing += [
        f"the {what} of {each.server or 'a vCenter'}"
        for each in distinct
        for what, value in (("server", each.server), ("user", each.username), ("password", each.password))
        if not value.strip()
    ]
    if missing:
        raise IncompleteMetadataError(
            f"metadata.json would lack {', '.join(missing)}: see that the credentials Secret has "
            "<server>.username and <server>.password for every target vCenter"
        )
    accounts = [{"vCenter": each.server, "username": each.username, "password": each.password} for each in distinct]
    document = {
        "clusterName": cluster_name,
        "clusterID": cluster_id,
        "infraID": infrastructure_name,
        "vsphere": {**accounts[0], "terraform_platform": "vsphere", "VCenters": accounts},
        "featureSet": "",
        "customFeatureSet": None,
    }
    return json.dumps(document)
