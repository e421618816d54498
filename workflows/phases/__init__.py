"""The fifteen phases, one module each, in the order they run."""

from workflows.phase import Observing, Step, Undoable
from workflows.phases import (
    backup,
    cleanup,
    create_folder,
    create_tags,
    create_workers,
    disable_cvo,
    monitor_health,
    preflight,
    recreate_cpms,
    restart_pods,
    scale_old,
    update_config,
    update_infrastructure,
    update_secrets,
    verify,
)

PHASES: tuple[Step, ...] = (
    preflight,
    backup,
    disable_cvo,
    update_secrets,
    create_tags,
    create_folder,
    update_infrastructure,
    update_config,
    restart_pods,
    monitor_health,
    create_workers,
    recreate_cpms,
    scale_old,
    cleanup,
    verify,
)

UNDOABLE: tuple[Undoable, ...] = (
    disable_cvo,
    update_secrets,
    create_tags,
    create_folder,
    update_infrastructure,
    update_config,
    restart_pods,
    create_workers,
    recreate_cpms,
    scale_old,
)
"""The phases that leave something behind; each of these modules has an `undo`."""

OBSERVING: tuple[Observing, ...] = (create_tags, create_folder)
"""The phases that look at a target before they act; the cluster's own objects are `backup`'s."""
