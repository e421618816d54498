"""Phases in the custom resource's status: the current phase, the history, and the backup manifests."""

from collections.abc import Iterator
from datetime import timedelta

from bridge.resource.parts import (
    LOG,
    LOGS,
    MANIFESTS,
    BackupManifest,
    Component,
    CurrentPhaseState,
    HistoryEntry,
    LogLevel,
    LogLine,
    cut,
)
from migration.phase import PhaseName
from migration.run.status import GRANTED, Decision, MigrationStatus, PhaseRecord, PhaseState, Waiting


def current(seen: MigrationStatus) -> CurrentPhaseState | None:
    """The current phase, and what it waits for."""
    record = next((each for each in seen.phases if each.phase is seen.phase), None)
    if record is None:
        return None
    wait = seen.waiting[0] if seen.waiting else None
    return CurrentPhaseState(
        name=seen.phase,
        status=record.state,
        progress=min(100, 100 * wait.done // wait.total) if wait and wait.total else 0,
        message=cut(_text(wait) if wait else seen.message),
        requires_approval=seen.gate is not None,
        approved=any(each.verb == "approve" and each.phase is seen.phase and granted(each) for each in seen.decisions),
        start_time=record.started,
    )


def _text(wait: Waiting) -> str:
    count = f" ({wait.done} of {wait.total})" if wait.total else ""
    lacking = f": {'; '.join(wait.objects)}" if wait.objects else ""
    more = f" and {wait.more} more" if wait.more else ""
    limit = f", for at most {_span(wait.at_most)}" if wait.at_most is not None else ""
    note = f". {wait.note}" if wait.note else ""
    return (
        f"waits for {wait.what}{count}{lacking}{more}{note}; since {wait.since:%Y-%m-%dT%H:%M:%SZ}{limit}; "
        f"would unblock it: {wait.unblock}"
    )


def _span(span: timedelta) -> str:
    minutes = round(span.total_seconds() / 60)
    return f"{minutes // 60} h" if minutes % 60 == 0 and minutes else f"{minutes} min"


def history(seen: MigrationStatus) -> list[HistoryEntry]:
    """Every phase that has started or has a decision, in order."""
    decided = {each.phase for each in seen.decisions}
    return [_entry(each, seen) for each in seen.phases if each.state is not PhaseState.PENDING or each.phase in decided]


def _entry(record: PhaseRecord, seen: MigrationStatus) -> HistoryEntry:
    logs = sorted(_logs(record, seen), key=lambda each: each.timestamp)
    return HistoryEntry(
        phase=record.phase,
        status=record.state,
        start_time=record.started,
        completion_time=record.completed,
        message=cut(record.message),
        logs=logs[-LOGS:],
    )


def _logs(record: PhaseRecord, seen: MigrationStatus) -> Iterator[LogLine]:
    for each in seen.decisions:
        if each.phase is record.phase:
            level = LogLevel.INFO if granted(each) else LogLevel.WARNING
            text = cut(decision(each), LOG)
            yield LogLine(timestamp=each.at, level=level, component=Component.DECISION, message=text)
    parked = seen.attention
    if parked and parked.phase is record.phase:
        why = cut(parked.diagnosis, LOG)
        yield LogLine(timestamp=parked.since, level=LogLevel.ERROR, component=Component.FAILURE, message=why)
    if record.completed:
        for line in record.evidence:
            yield LogLine(timestamp=record.completed, component=Component.EVIDENCE, message=cut(line, LOG))


def granted(given: Decision) -> bool:
    """Whether the decision was accepted."""
    return given.outcome.startswith(GRANTED)


def decision(given: Decision) -> str:
    """`approve by kim through cr: CHG-1`; for a refused one, the reason of the refusal first."""
    who = f" by {given.by}" if given.by else ""
    through = f" through {given.channel}" if given.channel else ""
    text = f"{given.verb}{who}{through}" + (f": {given.reason}" if given.reason else "")
    return text if granted(given) else f"{given.outcome} ({text})"


def manifests(seen: MigrationStatus) -> Iterator[BackupManifest]:
    """The stored before-images."""
    stored = next((each.completed for each in seen.phases if each.phase is PhaseName.BACKUP), None)
    for each in seen.backups[:MANIFESTS]:
        yield BackupManifest(
            resource_type=each.kind,
            name=each.name,
            namespace=each.namespace,
            secret=f"{each.secret_namespace}/{each.secret}",
            checksum=f"sha256:{each.sha256}",
            backup_time=stored,
        )
