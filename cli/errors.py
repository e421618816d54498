"""Exit codes of `vcfm`, and one message without a stack trace for every expected error.

Expected errors are listed here or by the module of a deferred command (`EXPECTED`); any other error is a bug, and keeps
its stack trace. A command line that cannot be parsed exits with 64 (EX_USAGE of sysexits.h) instead of the usual 2,
which here is a migration that awaits approval.
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
"""Exit code by the state of the shown migration; 0 for any other state."""

EXPLAINED = (
    "Exit codes: 0 completed or in progress; 1 error, see standard error; 2 awaits approval; 3 rolled back; "
    "4 failed; 5 needs attention; 64 invalid command line; 130 interrupted, the migration continues."
)

_NOT_UNDERSTOOD = 64
_EXPECTED = (ServiceError, Unreadable, NotInstalled, LookupError, OSError)


class Commands(TyperGroup):
    """A group of commands that reports expected errors without a stack trace."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the first paragraph of each command's help; the framework would write the first line only."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, (each.help or "").partition("\n\n")[0]) for name, each in self.commands.items()])

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        """Parse the options before the command."""
        try:
            return super().make_context(*args, **kwargs)
        except typer.TyperException as error:
            raise _usage_error(error) from error

    def invoke(self, ctx: Any) -> Any:
        """Parse the rest, and run the command."""
        try:
            return super().invoke(ctx)
        except typer.TyperException as error:
            raise _usage_error(error) from error
        except (KeyError, IndexError):
            raise  # a bug, unlike other lookup errors (an unknown scenario's name)
        except ValidationError as error:
            raise _exit(_lines(error)) from error
        except Exception as error:
            if not isinstance(error, (*_EXPECTED, *ctx.meta.get(EXPECTED, ()))):
                raise
            if isinstance(error, OSError) and error.errno == errno.EPIPE:
                raise  # the reader of the pipe has exited (`vcfm list | head`)
            raise _exit(str(error)) from error


def _usage_error(error: typer.TyperException) -> typer.TyperException:
    error.exit_code = _NOT_UNDERSTOOD  # where typer reads it
    return error


def _exit(message: str) -> typer.Exit:
    Console(stderr=True).print(message, style="red", soft_wrap=True, highlight=False, markup=False)
    return typer.Exit(1)


def _lines(error: ValidationError) -> str:
    """One line for each problem: a setting by its environment variable, any other field by its path."""
    lines = []
    for each in error.errors():
        field = ".".join(map(str, each["loc"]))
        lines.append(f"{f'VCFM_{field.upper()}' if error.title == 'Settings' else field}: {each['msg']}")
    return "\n".join(lines)
