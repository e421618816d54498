"""The commands of `vcfm`, with their arguments and options."""

from collections.abc import Iterator
from typing import Any

import typer

from cli.deferred import Deferred
from cli.errors import EXPLAINED
from cli.main import app
from reference.markdown import code, page, table


def text() -> str:
    """The page."""
    commands = typer.main.get_group(app).commands
    return page(
        "Commands",
        "`vcfm COMMAND --help` prints the same. Options of every process come from the [settings](settings.md).",
        EXPLAINED,
        *(part for name, command in commands.items() for part in _command(f"vcfm {name}", _loaded(command))),
    )


def _loaded(command: Any) -> Any:
    return command.loaded() if isinstance(command, Deferred) else command


def _command(title: str, command: Any) -> Iterator[str]:
    yield f"## `{title}`"
    yield " ".join((command.help or "").split())
    rows = [_parameter(each) for each in command.params if each.name != "help"]
    yield table(("argument or option", "default", "variable", "meaning"), rows) if rows else ""
    for name, each in getattr(command, "commands", {}).items():
        yield from (part.replace("## ", "### ", 1) for part in _command(f"{title} {name}", each))


def _parameter(parameter: Any) -> tuple[str, str, str, str]:
    option = parameter.param_type_name == "option"
    name = ", ".join(parameter.opts) if option else parameter.name.upper()
    told = (parameter.help or "") + (" Required." if parameter.required else "")
    return code(name), _default(parameter.default), code(parameter.envvar or ""), told.strip()


def _default(default: Any) -> str:
    return "" if default is None or isinstance(default, bool) or callable(default) else code(default)
