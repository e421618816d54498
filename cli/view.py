"""What people watch: one migration drawn for a terminal, in the spirit of `oc adm upgrade status`.

Sections with `= Titles =`, one line per fact, nothing that is fine and uninteresting. `render` is a pure function of a
status, so that every screen can be a golden file.
"""

from datetime import UTC, datetime, timedelta

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from migration.phase import TABLE, number, row
from migration.status import MigrationStatus, Node, PhaseRecord, PhaseState, State, Waiting

_MARKS = {
    PhaseState.PENDING: ("·", "dim"),
    PhaseState.RUNNING: ("▶", "bold cyan"),
    PhaseState.COMPLETED: ("✔", "green"),
    PhaseState.FAILED: ("✖", "bold red"),
}
_STATES = {
    State.COMPLETED: "bold green",
    State.FAILED: "bold red",
    State.NEEDS_ATTENTION: "bold yellow",
    State.RUNNING: "bold cyan",
}


def render(status: MigrationStatus, *, now: datetime | None = None) -> RenderableType:
    """The whole picture of one migration."""
    now = now or datetime.now(UTC)
    parts: list[RenderableType] = [_header(status, now), Text()]
    parts += [_phases(status, now), Text()]
    if status.nodes:
        parts += [_nodes(status), Text()]
    if status.waiting:
        parts += [Text("= Waiting for =", style="bold"), *(_wait(each, now) for each in status.waiting), Text()]
    if status.attention:
        parts += [_attention(status), Text()]
    concerns = [each for each in status.concerns if each.category != "Information"]
    if concerns:
        parts.append(Text("= Preflight =", style="bold"))
        parts += [Text(f"  {each.category}: {each.label}: {each.assessment} → {each.remedy}") for each in concerns]
        parts.append(Text())
    return Group(*parts[:-1])


def report(status: MigrationStatus) -> RenderableType:
    """The verification report: every claim with what was read."""
    table = Table(box=None, pad_edge=False, title="= Verification report =", title_style="bold", title_justify="left")
    table.add_column("")
    table.add_column("claim")
    table.add_column("read", style="dim", overflow="fold")
    for each in status.report:
        table.add_row(Text("✔", "green") if each.holds else Text("✖", "bold red"), each.claim, each.read)
    return table


def duration(span: timedelta) -> str:
    """`8s`, `3m20s`, `1h05m`: as long as a person needs."""
    seconds = int(span.total_seconds())
    if seconds < 60:
        return f"{seconds}s"
    if seconds < 3600:
        return f"{seconds // 60}m{seconds % 60:02d}s"
    return f"{seconds // 3600}h{seconds % 3600 // 60:02d}m"


def _header(status: MigrationStatus, now: datetime) -> Text:
    way = f"{status.source} → {', '.join(status.targets)}" if status.source else "reading the source"
    step = f"step {number(status.phase)}/{len(TABLE)} {row(status.phase).title}"
    took = duration((status.completed or now) - status.started)
    text = Text.assemble(
        (f"Migration {status.id}", "bold"), f"   {way}   ", (status.state, _STATES.get(status.state, "bold"))
    )
    text.append(f"\nCompletion: {status.progress}%   {step}   elapsed {took}")
    if status.message and status.message != row(status.phase).title:
        text.append(f"\n{status.message}")
    return text


def _phases(status: MigrationStatus, now: datetime) -> Table:
    table = Table(
        box=None, pad_edge=False, show_header=False, title="= Phases =", title_style="bold", title_justify="left"
    )
    for _ in range(4):
        table.add_column(overflow="fold")
    for each in status.phases:
        mark, style = _MARKS[each.state]
        table.add_row(Text(mark, style), Text(each.phase, style), Text(_took(each, now), "dim"), _said(each))
    return table


def _took(record: PhaseRecord, now: datetime) -> str:
    return duration((record.completed or now) - record.started) if record.started else ""


def _said(record: PhaseRecord) -> Text:
    if record.state is PhaseState.RUNNING:
        return Text(row(record.phase).title)
    return Text(record.message or "; ".join(record.evidence), "dim", overflow="ellipsis", no_wrap=True)


def _nodes(status: MigrationStatus) -> Table:
    table = Table(box=None, pad_edge=False, title="= Machines =", title_style="bold", title_justify="left")
    for column in ("NAME", "ROLE", "VCENTER", "PHASE", "NODE", "MESSAGE"):
        table.add_column(column, header_style="dim")
    for each in sorted(status.nodes, key=lambda node: (node.role, node.server in status.targets, node.name)):
        new = each.server in status.targets
        table.add_row(
            each.name,
            each.role,
            Text("new" if new else "old", "green" if new else "yellow"),
            each.phase,
            _ready(each),
            Text(each.note, overflow="ellipsis", no_wrap=True),
        )
    return table


def _ready(node: Node) -> Text:
    return Text("Ready", "green") if node.ready else Text("NotReady", "yellow")


def _wait(wait: Waiting, now: datetime) -> Text:
    count = f" ({wait.done} of {wait.total})" if wait.total else ""
    text = Text(f"  {wait.what}{count}, for {duration(now - wait.since)} of at most {duration(wait.at_most)}")
    for each in wait.objects:
        text.append(f"\n    {each}", "yellow")
    if wait.more:
        text.append(f"\n    and {wait.more} more", "yellow")
    if wait.note:
        text.append(f"\n    {wait.note}", "dim")
    text.append(f"\n    would unblock it: {wait.unblock}", "dim")
    return text


def _attention(status: MigrationStatus) -> Text:
    assert status.attention is not None
    text = Text("= A person is needed =\n", style="bold yellow")
    text.append(f"  {status.attention.diagnosis}\n", "default")
    text.append(f"  Next: {status.attention.remedy}\n", "default")
    text.append(f"  Then: {' or '.join(f'vcfm {each} {status.id}' for each in status.attention.choices)}", "default")
    return text
