"""The live phase table as Temporal's UI shows it: Markdown in the workflow's current details."""

from migration.phase import number, row
from migration.status import MigrationStatus, PhaseRecord, PhaseState

_MARKS = {
    PhaseState.PENDING: "·",
    PhaseState.RUNNING: "▶",
    PhaseState.COMPLETED: "✔",
    PhaseState.FAILED: "✖",
}


def table(status: MigrationStatus) -> str:
    """What is going on, what a person must do if anything, and how far each phase is."""
    lines = [f"**{status.state}** — {status.message} ({status.progress} %)", ""]
    if status.source:
        lines += [f"`{status.source}` → `{'`, `'.join(status.targets)}`", ""]
    if status.attention:
        lines += _attention(status)
    lines += ["| # | phase | | took | what was observed |", "|--:|:--|:-:|--:|:--|"]
    lines += [_row(each) for each in status.phases]
    return "\n".join(lines)


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
        *(f"temporal workflow update execute --workflow-id {status.id} --name {c}" for c in status.attention.choices),
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
    return f"| {number(record.phase)} | {name} | {_MARKS[record.state]} | {took} | {_cell(said)} |"


def _cell(said: str) -> str:
    """A cell of Markdown is one line without bars."""
    return " ".join(said.split()).replace("|", "/")[:300]
