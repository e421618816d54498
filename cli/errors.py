"""How `vcfm` ends: an exit code that a script can read, and for every expected error one plain message.

What is expected is listed here, or by the module of a deferred command (`EXPECTED`); anything else is a bug, and keeps
its stack trace. A command line that is not
understood ends with 64 (EX_USAGE of sysexits.h) rather than the usual 2, which is a migration that awaits approval.
"""

import errno
from typing import Any

import typer
from pydantic import ValidationError
from rich.console import Console
from typer.core import TyperGroup

from cli.deferred import EXPECTED, NotInstalled
from cli.rest import ServiceError
from cli.submission import Unreadable
from migration.run.status import State

EXIT_CODES = {State.AWAITING_APPROVAL: 2, State.ROLLED_BACK: 3, State.FAILED: 4, State.NEEDS_ATTENTION: 5}
"""By the state of the migration that a command shows; any other state is 0."""

EXPLAINED = (
    "Exit codes: 0 done, or on its way; 1 an error, said on standard error; 2 awaits approval; 3 rolled back; "
    "4 failed; 5 needs a person; 64 the command line was not understood; 130 interrupted, the migration goes on."
)

_NOT_UNDERSTOOD = 64
_EXPECTED = (ServiceError, Unreadable, NotInstalled, LookupError, OSError)


class Commands(TyperGroup):
    """The commands, with their errors said."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Writes the first paragraph of each; the framework would end it with its line."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, (each.help or "").partition("\n\n")[0]) for name, each in self.commands.items()])

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        """Reads what stands before the command."""
        try:
            return super().make_context(*args, **kwargs)
        except typer.TyperException as error:
            raise _misunderstood(error) from error

    def invoke(self, ctx: Any) -> Any:
        """Reads the rest, and runs the command."""
        try:
            return super().invoke(ctx)
        except typer.TyperException as error:
            raise _misunderstood(error) from error
        except (KeyError, IndexError):
            raise  # a bug of ours, unlike the other lookups that fail (a scenario's name)
        except ValidationError as error:
            raise _said(_lines(error)) from error
        except Exception as error:
            if not isinstance(error, (*_EXPECTED, *ctx.meta.get(EXPECTED, ()))):
                raise
            if isinstance(error, OSError) and error.errno == errno.EPIPE:
                raise  # whoever read our output has seen enough (`vcfm list | head`)
            raise _said(str(error)) from error


def _misunderstood(error: typer.TyperException) -> typer.TyperException:
    error.exit_code = _NOT_UNDERSTOOD  # where typer reads it
    return error


def _said(message: str) -> typer.Exit:
    Console(stderr=True).print(message, style="red", soft_wrap=True, highlight=False, markup=False)
    return typer.Exit(1)


def _lines(error: ValidationError) -> str:
    """A setting is named as the environment spells it, anything else by where it stands."""
    lines = []
    for each in error.errors():
        field = ".".join(map(str, each["loc"]))
        lines.append(f"{f'VCFM_{field.upper()}' if error.title == 'Settings' else field}: {each['msg']}")
    return "\n".join(lines)
