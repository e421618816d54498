"""One call to the world outside: the unit of the journal, of the metrics and of the proof that nothing was polled.

Adapters (`vsphere`, `openshift`) report every call they make as a `Call`; who made it, for which migration and in
which phase, is known only to the activity, which adds a `Scope`.
"""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Scope:
    """On whose behalf a call is made.

    Attributes:
        migration: workflow id, `vcfm-<infrastructure name>`.
        run: Temporal's run id.
        phase: name of the phase, or of the client where no phase runs.
        activity: the activity's type.
        attempt: 1 for the first.
    """

    migration: str
    run: str
    phase: str
    activity: str
    attempt: int = 1


@dataclass(frozen=True, kw_only=True)
class Call:
    """What was asked of whom, and what came of it.

    Attributes:
        system: `kubernetes`, `vsphere-soap` or `vsphere-rest`.
        server: host and port.
        method: HTTP verb or SOAP method (`CreateFolder`, `RetrievePropertiesEx`).
        target: the object: a resource path or `type:moref`.
        mutating: whether the call was meant to change something (a dry run is not).
        started: UTC.
        seconds: duration.
        outcome: `ok`, an HTTP status or a fault's name.
        request, response: documents as sent and received; redaction and bounds are the journal's business.
    """

    system: str
    server: str
    method: str
    target: str
    mutating: bool
    started: datetime
    seconds: float
    outcome: str
    request: Any = None
    response: Any = None


Recorder = Callable[[Call], None]
"""Takes a finished call; must not block and must not raise."""

scope: ContextVar[Scope | None] = ContextVar("scope", default=None)
"""The scope of the activity that is running; copied into threads by `asyncio.to_thread`."""
