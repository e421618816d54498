"""All activities, for a worker to offer."""

from collections.abc import Awaitable, Callable
from typing import Any

from activities.cluster.backup import Backup
from activities.cluster.baseline import Baseline
from activities.cluster.checkpoint import CheckpointSecret
from activities.cluster.cloud_config import CloudConfig
from activities.cluster.control_plane import ControlPlane
from activities.cluster.credentials import Credentials
from activities.cluster.health import Health
from activities.cluster.identity import Identity
from activities.cluster.infrastructure import InfrastructureConfig
from activities.cluster.machine_sets import MachineSets
from activities.cluster.metadata import Metadata
from activities.cluster.pods import Pods
from activities.cluster.quiesce import Quiesce
from activities.decisions import Decisions
from activities.preflight.preflight import Preflight
from activities.runtime.context import Context
from activities.runtime.definition import definitions
from activities.vcenter.folders import TargetFolders
from activities.vcenter.source import Source
from activities.vcenter.tags import TargetTags
from activities.vcenter.virtual_machines import VirtualMachines
from activities.verify.verification import Verification

SUBJECTS = (
    Backup,
    Baseline,
    CloudConfig,
    ControlPlane,
    Credentials,
    Decisions,
    TargetFolders,
    Health,
    Identity,
    InfrastructureConfig,
    MachineSets,
    Metadata,
    Pods,
    Preflight,
    Quiesce,
    CheckpointSecret,
    Source,
    TargetTags,
    Verification,
    VirtualMachines,
)


def everything(context: Context) -> list[Callable[..., Awaitable[Any]]]:
    """Each subject's activities, bound to one context."""
    return [getattr(subject(context), method) for subject in SUBJECTS for method in definitions(subject)]
