"""The live phase table as Temporal's UI shows it: Markdown in the workflow's current details."""

from migration.commands import Verb
from migration.phase import number, row
from migration.run.approval import FORWARD
from migration.run.gate import who_approves
from migration.run.status import Decision, MigrationStatus, PhaseRecord, PhaseState

_SAID = 5
"""Decisions shown; the status has fifty and the journal all."""


def table(status: MigrationStatus) -> str:
    """What is going on, what a person must do if anything, and how far each phase is."""
    lines = [f"**{status.state}** — {status.message} ({status.progress} %)", ""]
    if status.source:
        lines += [f"`{status.source}` → `{'`, `'.join(status.targets)}`", ""]
    if status.attention:
        lines += _attention(status)
    if status.gate:
        lines += _gate(status)
    lines += ["| # | phase | | took | what was observed |", "|--:|:--|:-:|--:|:--|"]
    lines += [_row(each) for each in status.phases]
    lines += _said(status.decisions[-_SAID:])
    if status.compensations:
        lines += ["", "A rollback would do now, in this order:", ""]
        lines += [f"1. `{each.phase}`: {each.undo}" for each in reversed(status.compensations)]
    lines += ["", f"Point of no return: {status.point_of_no_return}."]
    return "\n".join(lines)


def _said(decisions: list[Decision]) -> list[str]:
    if not decisions:
        return []
    lines = ["", "| said last | | by | why | what came of it |", "|:--|:--|:--|:--|:--|"]
    for each in decisions:
        by = f"{each.by or 'nobody named'} ({each.channel})"
        cells = (f"{each.at:%Y-%m-%d %H:%M:%S}Z", f"{each.verb} in {each.phase}", by, each.reason, each.outcome)
        lines.append(f"| {' | '.join(map(_cell, cells))} |")
    return lines


def _gate(status: MigrationStatus) -> list[str]:
    assert status.gate is not None
    gate = status.gate
    return [
        f"**Approval needed** for `{gate.phase}`: {gate.asks}",
        "",
        *(f"- {each}" for each in gate.blast_radius),
        *([f"- rollback readiness: {gate.rollback_readiness}"] if gate.rollback_readiness else []),
        "",
        f"Usually takes {gate.duration}. Approve: {gate.approve}. Reject: {gate.reject}.",
        *([f"Who approves: {who}."] if (who := who_approves(status)) else []),
        "",
        "```",
        *_commands(status, ["approve", "reject"]),
        "```",
        "",
    ]


def _commands(status: MigrationStatus, verbs: list[str]) -> list[str]:
    """What to paste; from Temporal's own page it is the Update of that name, unless it must be signed."""
    return [_command(status, each) for each in verbs]


def _command(status: MigrationStatus, verb: str) -> str:
    if status.signed and verb in FORWARD:
        return f"vcfm {verb} {status.id}"
    named = """ --input '{"by": "YOUR NAME"}'""" if status.separate_approver and verb == Verb.APPROVE else ""
    return f"temporal workflow update execute --workflow-id {status.id} --name {verb}{named}"


def _attention(status: MigrationStatus) -> list[str]:
    assert status.attention is not None
    return [
        f"**A person is needed.** {status.attention.diagnosis}",
        "",
        f"Next: {status.attention.remedy}",
        "",
        "Then, from this page (Update) or a terminal:",
        "",
        "```",
        *_commands(status, status.attention.choices),
        "```",
        "",
    ]


def _row(record: PhaseRecord) -> str:
    took = f"{(record.completed - record.started).total_seconds():.1f} s" if record.completed and record.started else ""
    said = (
        record.message
        or "; ".join(record.evidence)
        or (row(record.phase).title if record.state is PhaseState.RUNNING else "")
    )
    name = f"**{record.phase}**" if record.state is PhaseState.RUNNING else record.phase
    return f"| {number(record.phase)} | {name} | {record.state.mark} | {took} | {_cell(said)} |"


def _cell(said: str) -> str:
    """A cell of Markdown is one line without bars."""
    return " ".join(said.split()).replace("|", "/")[:300]
