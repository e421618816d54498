"""Renders the status of one migration for a terminal, in the style of `oc adm upgrade status`.

Sections with `= Titles =`, one fact per line, without facts that need no attention. Sections that need a person come
first, and what a small screen may cut off comes last. `render` and `report` are pure functions of a status, so that
every screen can be a golden file.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from migration.commands import Verb
from migration.concern import Category, Concern
from migration.phase import TABLE, number, row
from migration.run.gate import who_approves
from migration.run.status import (
    GRANTED,
    MachineView,
    MigrationStatus,
    MigrationSummary,
    PhaseRecord,
    PhaseState,
    State,
    Waiting,
)

_PHASE_STYLES = {
    PhaseState.RUNNING: "bold cyan",
    PhaseState.COMPLETED: "green",
    PhaseState.FAILED: "bold red",
    PhaseState.SKIPPED: "yellow",
    PhaseState.UNDOING: "bold cyan",
    PhaseState.UNDONE: "green",
}
_STATES = {
    State.COMPLETED: "bold green",
    State.FAILED: "bold red",
    State.NEEDS_ATTENTION: "bold yellow",
    State.RUNNING: "bold cyan",
}
_SHOWN = [Category.CRITICAL, Category.WARNING]
_GRADES = {Category.CRITICAL: "bold red", Category.WARNING: "yellow", Category.INFORMATION: "cyan"}
_MACHINES = 10
"""Maximum number of machine rows, as in `oc adm upgrade status`: hundreds would push other sections off the screen."""
_DECISIONS = 3
"""Number of decisions shown."""
_ANSWERS = (Verb.APPROVE, Verb.REJECT)


def render(status: MigrationStatus, *, now: datetime | None = None) -> RenderableType:
    """The screen of one migration."""
    now = now or datetime.now(UTC)
    sections = [_header(status, now), *_attention(status, now), *_gate(status, now), _phases(status, now)]
    sections += [
        *_waits(status.waiting, now),
        *_machines(status),
        *_decisions(status),
        *concerns(status.concerns, grades=_SHOWN),
        *_rollback(status),
    ]
    return Group(*_apart(sections))


def report(status: MigrationStatus) -> RenderableType:
    """The verification report: every claim, and below it what was read to check it."""
    held = sum(each.holds for each in status.report)
    lines: list[RenderableType] = [title(f"Verification report: {held} of {len(status.report)} claims hold")]
    for each in status.report:
        mark = Text("✔ ", "green") if each.holds else Text("✖ ", "bold red")
        lines += [_hanging(mark, Text(each.claim)), indented(Text(each.read, "dim" if each.holds else "red"), 4)]
    return Group(*lines)


def table(migrations: Iterable[MigrationSummary]) -> RenderableType:
    """The list of migrations, one line each; those that need a person are highlighted."""
    found = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    found.add_column("", width=1)
    found.add_column("ID", header_style="dim", overflow="fold")
    for column in ("STATE", "PHASE", "STARTED", "TOOK"):
        found.add_column(column, header_style="dim", no_wrap=True)
    waiting = []
    for each in migrations:
        took = duration(each.completed - each.started) if each.completed else ""
        state = Text(each.state, _STATES.get(each.state, "bold"))
        mark = Text("!" if each.needs_human else "", "bold yellow")
        found.add_row(mark, each.id, state, each.phase, f"{each.started:%Y-%m-%d %H:%MZ}", took)
        waiting += [each.id] if each.needs_human else []
    needs = [Text(f"! needs a person: `vcfm status {each}` shows why", "bold yellow") for each in waiting]
    return Group(found, *needs)


def duration(span: timedelta) -> str:
    """`8s`, `3m20s`, `1h05m`: two units at most."""
    seconds = max(0, int(span.total_seconds()))
    if seconds < 60:
        return f"{seconds}s"
    if seconds < 3600:
        return f"{seconds // 60}m{seconds % 60:02d}s"
    return f"{seconds // 3600}h{seconds % 3600 // 60:02d}m"


def _header(status: MigrationStatus, now: datetime) -> RenderableType:
    step = "" if status.state is State.COMPLETED else f", step {number(status.phase)} of {len(TABLE)}"
    facts: dict[str, RenderableType] = {
        "State:": Text(status.state, _STATES.get(status.state, "bold")),
        "From:": status.source,
        "To:": "\n".join(status.targets),
        "Asked by:": status.requested_by,
        "Completion:": f"{status.progress}%{step}",
        "Duration:": duration((status.completed or now) - status.started),
        "Now:": row(status.phase).title if status.state is State.RUNNING else "",
        "Message:": "" if _told_elsewhere(status) else status.message,
        "No return:": "" if status.state.final else status.point_of_no_return,
    }
    return Group(title(f"Migration {status.id}"), named(facts))


def _told_elsewhere(status: MigrationStatus) -> bool:
    return status.message in {row(status.phase).title, *([status.attention.diagnosis] if status.attention else [])}


def _gate(status: MigrationStatus, now: datetime) -> Iterator[RenderableType]:
    if status.gate is None:
        return
    gate = status.gate
    facts: dict[str, RenderableType] = {
        "What:": f"{gate.phase}: {gate.asks}",
        "Touches:": "\n".join(gate.blast_radius),
        "Rollback:": gate.rollback_readiness,
        "Takes:": gate.duration,
        "Who:": who_approves(status),
        "Answers:": f"approve: {gate.approve}; reject: {gate.reject}",
        "Then:": Text(" or ".join(f"vcfm {each} {status.id} --phase {gate.phase}" for each in _ANSWERS), "bold"),
    }
    since = duration(now - gate.since)
    yield Group(title(f"Approval needed, since {since}", "bold yellow"), indented(named(facts), 2))


def _attention(status: MigrationStatus, now: datetime) -> Iterator[RenderableType]:
    if status.attention is None:
        return
    facts: dict[str, RenderableType] = {
        "What:": f"{status.attention.phase}: {status.attention.diagnosis}",
        "Next:": status.attention.remedy,
        "Skip:": status.attention.skip,
        "Then:": Text(" or ".join(f"vcfm {each} {status.id}" for each in status.attention.choices), "bold"),
    }
    since = duration(now - status.attention.since)
    yield Group(title(f"A person is needed, since {since}", "bold yellow"), indented(named(facts), 2))


def named(facts: dict[str, RenderableType]) -> Table:
    """A table of names and values, without empty values; long words are folded, never cut."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts.items():
        if value:
            table.add_row(name, value)
    return table


def _phases(status: MigrationStatus, now: datetime) -> RenderableType:
    """Phases that have started, one line each, and the remaining ones in one line."""
    table = Table.grid(padding=(0, 1), expand=True)
    for justify in ("left", "left", "right"):
        table.add_column(no_wrap=True, justify=justify)
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    for each in status.phases:
        if each.state is not PhaseState.PENDING:
            style = _PHASE_STYLES[each.state]
            took = _took(each, status.completed or now)
            table.add_row(Text(each.state.mark, style), Text(each.phase, style), Text(took, "dim"), _message(each))
    to_come = [each.phase for each in status.phases if each.state is PhaseState.PENDING]
    when = "never began" if status.state.final else "to come"
    coming = [_hanging(Text("· ", "dim"), Text(f"{when}: {', '.join(to_come)}", "dim"))] if to_come else []
    return Group(title("Phases"), table, *coming)


def _took(record: PhaseRecord, now: datetime) -> str:
    return duration((record.completed or now) - record.started) if record.started else ""


def _message(record: PhaseRecord) -> Text:
    if record.state is PhaseState.RUNNING:
        again = f"attempt {record.attempts}: " if record.attempts > 1 else ""
        return Text(f"{again}{row(record.phase).title}")
    return Text(record.message or "; ".join(record.evidence), "dim")


def _waits(waits: list[Waiting], now: datetime) -> Iterator[RenderableType]:
    if waits:
        yield Group(title("Waiting for"), *(part for each in waits for part in _wait(each, now)))


def _wait(wait: Waiting, now: datetime) -> Iterator[RenderableType]:
    count = f" ({wait.done} of {wait.total})" if wait.total else ""
    limit = f" of at most {duration(wait.at_most)}" if wait.at_most is not None else ""
    spent = f", for {duration(now - wait.since)}{limit}"
    yield indented(Text.assemble(f"{wait.what}{count}", (spent, "dim")), 2)
    more = [f"and {wait.more} more"] if wait.more else []
    for each in [*wait.objects, *more]:
        yield indented(Text(each, "yellow"), 4)
    if wait.note:
        yield indented(Text(wait.note, "yellow"), 4)
    yield indented(Text(f"would unblock it: {wait.unblock}", "dim"), 4)


def _machines(status: MigrationStatus) -> Iterator[RenderableType]:
    """Counts of new and old machines, and at most `_MACHINES` rows: unready machines first."""
    if not status.nodes:
        return
    new = [each for each in status.nodes if each.server in status.targets]
    sides = [("new", new), ("old", [each for each in status.nodes if each not in new])]
    counts = [f"{sum(map(_fine, side))} of {len(side)} {name} ones Ready" for name, side in sides if side]
    listed = [each for each in status.nodes if not _fine(each) or each.note]
    if not status.state.final:
        listed += [each for each in status.nodes if each not in listed]
    shown = sorted(listed[:_MACHINES], key=lambda node: (node.role, node.server in status.targets, node.name))
    lines: list[RenderableType] = [title(f"Machines: {', '.join(counts)}")]
    if shown:
        lines += _nodes(shown, status.targets)
    if 0 < len(shown) < len(status.nodes):
        lines.append(Text(f"and {len(status.nodes) - len(shown)} more", "dim"))
    yield Group(*lines)


def _nodes(nodes: list[MachineView], targets: list[str]) -> Iterator[RenderableType]:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("NAME", header_style="dim", overflow="fold")
    for column in ("VCENTER", "PHASE", "NODE"):
        table.add_column(column, header_style="dim", no_wrap=True)
    for each in nodes:
        side = Text("new", "green") if each.server in targets else Text("old", "yellow")
        ready = Text("Ready", "green") if each.ready else Text("NotReady", "yellow")
        table.add_row(each.name, side, each.phase, ready)
    yield table
    for each in nodes:
        if each.note:
            yield indented(Text(f"{each.name}: {each.note}", "yellow"), 2)


def _fine(node: MachineView) -> bool:
    return node.ready and node.phase == "Running"


def _decisions(status: MigrationStatus) -> Iterator[RenderableType]:
    """The last decisions; the journal has all of them."""
    if not status.decisions:
        return
    lines: list[RenderableType] = [title("Last decisions")]
    for each in status.decisions[-_DECISIONS:]:
        style = "green" if each.outcome.startswith(GRANTED) else "bold yellow"
        by = f"{each.by or 'nobody named'} ({each.channel})"
        why = f": {each.reason}" if each.reason else ""
        lines.append(indented(Text(f"{each.at:%Y-%m-%d %H:%MZ} {each.verb} in {each.phase} by {by}{why}"), 2))
        lines.append(indented(Text(each.outcome, style), 4))
    if len(status.decisions) > _DECISIONS:
        lines.append(indented(Text(f"`vcfm journal --decisions {status.id}` shows all of them", "dim"), 2))
    yield Group(*lines)


def concerns(found: list[Concern], *, grades: list[Category]) -> Iterator[RenderableType]:
    """The concerns of these grades, in the order of the grades; nothing where there are none."""
    chosen = sorted((each for each in found if each.category in grades), key=lambda each: grades.index(each.category))
    if not chosen:
        return
    lines: list[RenderableType] = [title("Preflight")]
    for each in chosen:
        lines += [indented(Text.assemble((f"{each.category}: ", _GRADES[each.category]), (each.label, "bold")), 2)]
        lines += [indented(Text(each.assessment), 4)]
        lines += [indented(Text(f"Next: {each.remedy}", "dim"), 4)] if each.remedy else []
    yield Group(*lines)


def _rollback(status: MigrationStatus) -> Iterator[RenderableType]:
    """The steps that a rollback would take now, in order."""
    if status.compensations and not status.state.final:
        undone = [indented(Text(f"{each.phase}: {each.undo}"), 2) for each in reversed(status.compensations)]
        yield Group(title("A rollback would do now, in this order"), *undone)


def title(text: str, style: str = "bold") -> Text:
    """The title of a section."""
    return Text(f"= {text} =", style)


def indented(what: RenderableType, columns: int) -> Padding:
    """Every line indented by that many columns."""
    return Padding(what, (0, 0, 0, columns), expand=False)


def _hanging(mark: Text, what: Text) -> Table:
    """A mark and a text with a hanging indent."""
    grid = Table.grid()
    grid.add_column(no_wrap=True)
    grid.add_column()
    grid.add_row(mark, what)
    return grid


def _apart(sections: Iterable[RenderableType]) -> Iterator[RenderableType]:
    """The sections, with an empty line between them."""
    for index, each in enumerate(sections):
        if index:
            yield Text()
        yield each
