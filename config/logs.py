"""One way to log for all processes: structlog's form, standard logging's pipes.

Workflows and activities log through Temporal's own loggers (`workflow.logger`, `activity.logger`), which keep silent
during replay; they are standard loggers, so what they say comes out here in the same form as everything else, with the
migration and the activity it is about. A stack trace never shows local variables: that is where passwords are.
"""

import logging
import sys

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger
from temporalio import activity, workflow

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("vcfm")


def configure(*, json: bool) -> None:
    """Send everything to standard error, coloured for people or as one JSON object per line."""
    ours: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*ours, _migration],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering(json=json)],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    # Both log every request at INFO; the journal is where calls are kept.
    for chatty in ("httpx", "httpcore"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    # Temporal would write all it knows behind each message; `_migration` picks what identifies it.
    workflow.logger.workflow_info_on_message = False
    activity.logger.activity_info_on_message = False
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *ours, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _rendering(*, json: bool) -> list[Processor]:
    if json:
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]


def _migration(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Which migration a line of Temporal's loggers is about, and which activity and attempt of it."""
    record = event["_record"]
    about = getattr(record, "temporal_activity", None) or getattr(record, "temporal_workflow", None) or {}
    names = {"workflow_id": "migration", "activity_id": "activity", "attempt": "attempt"}
    event.update({name: about[key] for key, name in names.items() if key in about})
    return event
