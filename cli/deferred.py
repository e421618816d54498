"""Commands whose module is imported only when they are invoked, not for `vcfm --help` or another command.

A command that only calls the service must start in a fraction of a second; the service's own processes import
Temporal's SDK, FastAPI, the Kubernetes and vSphere clients and SQLAlchemy. The lab is not installed with the service.
"""

import importlib
from types import ModuleType
from typing import Any

import typer
from typer.core import TyperCommand

EXPECTED = "cli.expected"
"""Where the context holds the errors that the invoked command's module expects (its `EXPECTED`)."""


class NotInstalled(Exception):
    """The command needs a part that only the source tree has; the message says how to get it."""


class Deferred(TyperCommand):
    """A command with name and help only; when invoked, it runs the command of that name in its module's `app`."""

    def __init__(self, name: str, *, module: str, help: str) -> None:  # noqa: A002  the framework's word
        super().__init__(name, help=help)
        self._module = module

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Import the module, and parse the command line with its command.

        Raises:
            NotInstalled: the command needs the lab, which is not installed.
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
                f"`vcfm {self.name}` needs the lab, which is not part of the installed service: run it in the source "
                f"tree of vcf-migration (`make setup`, then `.venv/bin/vcfm {self.name}`)"
            ) from error
