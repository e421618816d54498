"""What a lab tells others about itself: `lab.json`, `env`, and a ready migration."""

import json
import shlex
from typing import Any

import yaml

from lab.cluster.installation import TARGET_CREDENTIALS
from lab.scenario import Scenario
from lab.state import StateDir, write_private
from lab.vcenters.site import Document, Site

HEALTH_WINDOW = 1.0  # seconds that operators must be stable: the simulated ones settle in a second or two


def describe(state: StateDir, scenario: Scenario, *, sites: list[Site]) -> None:
    """Write `scenario.yaml`, `lab.json`, `private.json` and `env`."""
    state.scenario.write_text(yaml.safe_dump(scenario.model_dump(mode="json"), sort_keys=False))
    write_private(state.description, json.dumps(_description(state, scenario, sites), indent=2))
    endpoints = {site.role: {"address": site.admin, "token": site.admin_token} for site in sites}
    write_private(state.private, json.dumps(endpoints, indent=2))
    settings = _settings(state, scenario)
    write_private(state.environment, "".join(f"{key}={shlex.quote(value)}\n" for key, value in settings.items()))


def _description(state: StateDir, scenario: Scenario, sites: list[Site]) -> Document:
    target = next(site for site in sites if site.role == "target")
    credentials = {"namespace": scenario.namespace, "name": TARGET_CREDENTIALS}
    return {
        "infrastructure_name": scenario.infrastructure_name,
        "kubeconfig": str(state.kubeconfig),
        "kubeconfig_service": str(state.kubeconfig_service),
        "kubeconfig_bridge": str(state.kubeconfig_bridge),
        "namespace": scenario.namespace,
        "vcenters": [
            {
                "role": site.role,
                "server": site.server,
                "port": site.port,
                "username": site.username,
                "password": site.password,
                "ca_file": str(state.authority),
                "datacenters": [site.datacenter],
                "folder": site.folder,
            }
            for site in sites
        ],
        "credentials_secret": credentials,
        "migration": {"spec": _migration_spec(target, credentials)},
        "delays": scenario.delays.model_dump(),
    }


def _migration_spec(target: Site, credentials: dict[str, str]) -> dict[str, Any]:
    return {
        "state": "Running",
        "approvalMode": "Automatic",
        "targetVCenterCredentialsSecret": credentials,
        "targetVCenters": [{"server": target.server, "port": target.port}],
        "failureDomains": target.failure_domains,
        "rollbackOnFailure": True,
    }


def _settings(state: StateDir, scenario: Scenario) -> dict[str, str]:
    return {
        "VCFM_KUBECONFIG": str(state.kubeconfig_service),
        "VCFM_VCENTER_CA_FILE": str(state.authority),
        "VCFM_NAMESPACE": scenario.namespace,
        "VCFM_HEALTH_WINDOW": str(HEALTH_WINDOW),
    }
