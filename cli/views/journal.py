"""Renders the journal for a terminal: one line per call, mutating calls highlighted, bodies only with `-o json`.

Pure functions of REST answers, so that every screen can be a golden file.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import groupby

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from cli.views.status import duration, indented, title
from migration.audit.journal_views import DecisionEntry, JournalEntry


def draw(entries: Iterable[JournalEntry] | Iterable[DecisionEntry]) -> Iterator[RenderableType]:
    """The entries in order, under a title for each phase or run; a generator, since there may be thousands."""
    some = False
    for heading, group in groupby(entries, key=_heading):
        some = True
        yield title(heading)
        for each in group:
            yield from _call(each) if isinstance(each, JournalEntry) else _decision(each)
    if not some:
        yield Text("The journal has no such entries.", "dim")


def _heading(entry: JournalEntry | DecisionEntry) -> str:
    return (entry.phase or "no phase") if isinstance(entry, JournalEntry) else f"Run {entry.run}"


def _call(entry: JournalEntry) -> Iterator[RenderableType]:
    line = Table.grid(padding=(0, 1))
    line.add_column(width=9)
    line.add_column(width=6, justify="right")
    line.add_column(width=1)
    line.add_column(overflow="fold")
    fine = entry.outcome == "ok" or entry.outcome.startswith("2")
    what = Text.assemble(
        (entry.method, "bold" if entry.mutating else ""),
        " ",
        (entry.outcome, "green" if fine else "bold red"),
        f" {entry.server} ",
        (entry.target, "dim"),
    )
    line.add_row(f"{entry.at:%H:%M:%S}Z", Text(_took(entry.seconds), "dim"), "✎" if entry.mutating else "", what)
    yield line


def _took(seconds: float) -> str:
    """Milliseconds up to 10 s, then as in the status."""
    return f"{seconds * 1000:.0f}ms" if seconds < 10 else duration(timedelta(seconds=seconds))


def _decision(entry: DecisionEntry) -> Iterator[RenderableType]:
    by = f"{entry.by or 'nobody named'} ({entry.channel})"
    style = "green" if entry.outcome.startswith("granted") else "bold yellow"
    line = Text.assemble(f"{entry.at:%Y-%m-%d %H:%M:%S}Z  ", (entry.verb, "bold"), f" in {entry.phase} by {by}")
    yield indented(line, 2)
    if entry.reason:
        yield indented(Text(f"“{entry.reason}”"), 6)
    yield indented(Text(entry.outcome, style), 6)
