"""The phase that an activity belongs to, carried from the workflow in a header of Temporal's.

The workflow's side runs in the sandbox, which must see the very `ContextVar` that the interceptor reads: this module
passes through it (`worker.main.PASSED_THROUGH`).
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from temporalio import activity, workflow
from temporalio.api.common.v1 import Payload
from temporalio.worker import StartActivityInput, WorkflowInboundInterceptor, WorkflowOutboundInterceptor

from migration.phase import PhaseName

HEADER = "vcfm-phase"

_phase: ContextVar[PhaseName | None] = ContextVar("phase", default=None)


@contextmanager
def in_phase(phase: PhaseName) -> Iterator[None]:
    """Activities that a workflow starts meanwhile belong to that phase."""
    token = _phase.set(phase)
    try:
        yield
    finally:
        _phase.reset(token)


def phase_in(headers: Mapping[str, Payload]) -> str:
    """The phase that the running activity belongs to; empty where it belongs to none."""
    payload = headers.get(HEADER)
    return str(activity.payload_converter().from_payload(payload, str)) if payload else ""


class PhaseHeader(WorkflowInboundInterceptor):
    """Has every activity of a workflow carry its phase."""

    def init(self, outbound: WorkflowOutboundInterceptor) -> None:
        """Called once for each run."""
        super().init(_Outbound(outbound))


class _Outbound(WorkflowOutboundInterceptor):
    def start_activity(self, input: StartActivityInput) -> workflow.ActivityHandle[Any]:  # noqa: A002 - its name
        if phase := _phase.get():
            payload = workflow.payload_converter().to_payload(phase.value)
            input.headers = {**input.headers, HEADER: payload}
        return self.next.start_activity(input)
