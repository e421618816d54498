"""Everything that a lab holds at one moment, for comparing before and after."""

import json
from pathlib import Path
from typing import Any

from lab.commands import admin_api, running
from lab.vcenters.admin import VCenterAdmin


def snapshot(state_dir: Path) -> dict[str, Any]:
    """Every object of every kind that can be listed, and both vCenters' inventories with tags.

    Shape: `{"objects": {"<version>/<kind>": {"<namespace>/<name>": document}}, "vcenters": {"source": …, "target": …}}`
    where a vCenter's is `{"objects": [{"path", "type", "reference", "tags", …}], "categories": [{"name", "tags", …}]}`.

    Raises:
        LabError: no lab is there.
    """
    state = running(state_dir)
    with admin_api(state) as api:
        objects = {
            f"{version}/{kind}": {_key(each): each for each in found}
            for version, kind, found in api.everything()
            if found
        }
    endpoints = json.loads(state.private.read_text())
    return {
        "objects": objects,
        "vcenters": {role: VCenterAdmin(**each).inventory() for role, each in endpoints.items()},
    }


def _key(document: dict[str, Any]) -> str:
    metadata = document["metadata"]
    return f"{metadata.get('namespace', '')}/{metadata['name']}"
