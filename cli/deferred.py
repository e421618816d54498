"""Commands whose module is imported when they are invoked, and not by `vcfm --help` or by any other command.

A command that only talks to the service starts in a fraction of a second; the service's own processes import Temporal's
SDK, FastAPI, the Kubernetes and vSphere clients and SQLAlchemy, and the lab is not even there where the service is
installed.
"""

import importlib
from types import ModuleType
from typing import Any

import typer
from typer.core import TyperCommand

EXPECTED = "cli.expected"
"""Where the context holds the errors that the invoked command's module expects (its `EXPECTED`)."""


class NotInstalled(Exception):
    """The command needs what is in the source tree alone; the message says how to get it."""


class Deferred(TyperCommand):
    """A command by its name and its help, until it is invoked: then the one of that name in its module's `app`."""

    def __init__(self, name: str, *, module: str, help: str) -> None:  # noqa: A002  the framework's word
        super().__init__(name, help=help)
        self._module = module

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Imports the module, and reads the command line as its command does.

        Raises:
            NotInstalled: it needs the lab, which is not here.
        """
        module = self._imported()
        if parent is not None:
            parent.meta[EXPECTED] = module.EXPECTED
        return self._command(module).make_context(info_name, args, parent=parent, **extra)

    def loaded(self) -> Any:
        """The command itself, for whoever describes it.

        Raises:
            NotInstalled: it needs the lab, which is not here.
        """
        return self._command(self._imported())

    def _command(self, module: ModuleType) -> Any:
        command = typer.main.get_group(module.app).commands[str(self.name)]
        command.help = self.help
        return command

    def _imported(self) -> ModuleType:
        try:
            return importlib.import_module(self._module)
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] != "lab":
                raise
            raise NotInstalled(
                f"`vcfm {self.name}` needs the lab, which is no part of the installed service: run it in the source "
                f"tree of vcf-migration (`make setup`, then `.venv/bin/vcfm {self.name}`)"
            ) from error
