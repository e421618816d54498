"""The phases, one module each, in the order of the table in `migration.phase`."""

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

UNDOABLE: tuple[Undoable, ...] = tuple(each for each in PHASES if isinstance(each, Undoable))
"""The phases whose module has an `undo`: those that leave something behind."""

OBSERVING: tuple[Observing, ...] = tuple(each for each in PHASES if isinstance(each, Observing))
"""The phases whose module looks at a target before it acts; the cluster's own objects are `backup`'s."""
