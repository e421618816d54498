"""What has been proven so far: one row per cell in a JSON file, so that an interrupted proof goes on, and a table."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass(kw_only=True)
class Cell:
    """One thing that was proven, or was not.

    Attributes:
        ended: how it ended, in the product's own word.
        wrong: everything that was not as it has to be, a sentence each; a cell without any is proven.
        figures: what was measured, by the table's column.
    """

    name: str
    seed: int
    ended: str = ""
    wrong: list[str] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)

    @property
    def proven(self) -> bool:
        """Whether nothing was wrong."""
        return bool(self.ended) and not self.wrong


class Results:
    """The file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.cells: dict[str, Cell] = {}
        if file.exists():
            self.cells = {each["name"]: Cell(**each) for each in json.loads(file.read_text())}

    def add(self, cell: Cell) -> None:
        """A cell is done; kept at once."""
        self.cells[cell.name] = cell
        self._file.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._file.with_suffix(".new")
        fresh.write_text(json.dumps([asdict(each) for each in self.cells.values()], indent=1))
        fresh.replace(self._file)

    def show(self, names: list[str], *, title: str, console: Console) -> int:
        """The table of these cells; how many of them are not proven."""
        found = [self.cells[each] for each in names if each in self.cells]
        columns = list(dict.fromkeys(column for each in found for column in each.figures))
        table = Table(title=title, title_justify="left", box=None)
        for column in ("cell", "ended", *columns, "proven"):
            table.add_column(column, justify="left" if column in {"cell", "ended"} else "right", overflow="fold")
        for each in found:
            figures = (str(each.figures.get(column, "")) for column in columns)
            table.add_row(each.name, each.ended, *figures, "yes" if each.proven else "NO")
        console.print(table)
        for each in found:
            for sentence in each.wrong:
                console.print(f"{each.name}: {sentence}", style="red", highlight=False, soft_wrap=True)
        proven = sum(each.proven for each in found)
        console.print(f"{proven} of {len(names)} cells proven", highlight=False)
        return len(names) - proven
