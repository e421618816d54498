"""All activities, for a worker to offer."""

from collections.abc import Awaitable, Callable
from typing import Any

from activities.backup import Backup
from activities.baseline import Baseline
from activities.cloud_config import CloudConfig
from activities.context import Context
from activities.control_plane import ControlPlane
from activities.credentials import Credentials
from activities.decisions import Decisions
from activities.folders import Folders
from activities.health import Health
from activities.identity import Identity
from activities.infrastructure import InfrastructureConfig
from activities.machine_sets import MachineSets
from activities.metadata import Metadata
from activities.pods import Pods
from activities.preflight import Preflight
from activities.quiesce import Quiesce
from activities.record import Record
from activities.source import Source
from activities.tags import Tags
from activities.verification import Verification
from activities.virtual_machines import VirtualMachines

SUBJECTS = (
    Backup,
    Baseline,
    CloudConfig,
    ControlPlane,
    Credentials,
    Decisions,
    Folders,
    Health,
    Identity,
    InfrastructureConfig,
    MachineSets,
    Metadata,
    Pods,
    Preflight,
    Quiesce,
    Record,
    Source,
    Tags,
    Verification,
    VirtualMachines,
)


def everything(context: Context) -> list[Callable[..., Awaitable[Any]]]:
    """Each subject's activities, bound to one context."""
    return [
        method
        for subject in SUBJECTS
        for method in vars(subject).values()
        if hasattr(method, "__temporal_activity_definition")
        for method in [getattr(subject(context), method.__name__)]
    ]
