"""Watching a migration: polls its status until it has ended or needs a person.

The service may be restarted meanwhile, and the migration continues without it: the last status is shown with its age,
and only a service that is unavailable for minutes ends the watch.
"""

import time
from collections.abc import Iterator
from datetime import timedelta

from rich.console import Console
from rich.live import Live

from cli.errors import EXIT_CODES
from cli.rest import Service, Unavailable
from cli.views.status import duration, render
from migration.run.status import MigrationStatus

_LOOK = 0.5
_PATIENCE = 120.0
"""Seconds without an answer after which the watch ends; rescheduling a pod of the service takes less."""


def follow(service: Service, migration: str) -> Iterator[MigrationStatus]:
    """Yield the status at every poll; ends when the migration has ended or needs a person.

    Raises:
        cli.rest.ServiceError: at once if the first poll fails; later if the service stays unavailable.
    """
    seen = service.status(migration)
    last = time.monotonic()
    yield seen
    while not seen.state.final and seen.state not in EXIT_CODES:
        time.sleep(_LOOK)
        try:
            seen = service.status(migration)
            last = time.monotonic()
            yield seen
        except Unavailable as error:
            silent = time.monotonic() - last
            if silent > _PATIENCE:
                raise
            age = duration(timedelta(seconds=silent))
            yield seen.model_copy(update={"message": f"as it was {age} ago: {error}"})


def draw(console: Console, statuses: Iterator[MigrationStatus]) -> MigrationStatus:
    """Draw one live screen; lines that do not fit are left out, except on the last one."""
    last = next(statuses)
    with Live(render(last), console=console, refresh_per_second=4, transient=True) as live:
        for last in statuses:
            live.update(render(last))
    console.print(render(last))
    return last


def tell(console: Console, statuses: Iterator[MigrationStatus]) -> MigrationStatus:
    """Print one line for each change, for logs and pipes, and one for each change of the point of no return."""
    printed = no_return = ""
    for last in statuses:
        if last.point_of_no_return != no_return:
            no_return = last.point_of_no_return
            console.print(f"No return: {no_return}", soft_wrap=True, highlight=False, markup=False)
        waits = "; ".join(
            f"{each.what} ({each.done} of {each.total})" if each.total else each.what for each in last.waiting
        )
        line = f"{last.state} {last.progress:3d}% {last.phase}: {last.message}" + (
            f" [waits for {waits}]" if waits else ""
        )
        if line != printed:
            console.print(line, soft_wrap=True, highlight=False, markup=False)
            printed = line
    return last


def dump(statuses: Iterator[MigrationStatus]) -> MigrationStatus:
    """Print one JSON object per line for each change."""
    before = None
    for last in statuses:
        if last != before:
            print(last.model_dump_json(), flush=True)
            before = last
    return last
