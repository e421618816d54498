"""What a command imports: those that only talk to the service nothing of what the service needs, and no lab."""

import asyncio
import os
import subprocess
import sys
import tomllib
from importlib.abc import MetaPathFinder

import pytest
from typer.main import get_group
from typer.testing import CliRunner

from cli.deferred import Deferred
from cli.main import app
from tests.deploy.rendering import ROOT
from tests.support.serving import Serving

CONTRACT = next(
    each
    for each in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    if "cli.main" in each.get("source_modules", ())
)
RUN = """
import sys
from cli.main import run

try:
    run()
finally:
    print("IMPORTED", *{each.partition(".")[0] for each in sys.modules})
"""


def imported(*args: str, url: str) -> set[str]:
    ran = subprocess.run(
        [sys.executable, "-c", RUN, *args],
        env=os.environ | {"VCFM_API": url},
        input="failureDomains: []",
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert "Traceback" not in ran.stderr
    return set(ran.stdout.rpartition("IMPORTED")[2].split())


ASKS = {"start": ["-f", "-"], "preflight": ["-f", "-"], "journal": ["m"], "status": ["m"], "list": [], "adopt": []}


async def test_commands_of_the_service_import_nothing_that_the_service_needs(idle: Serving) -> None:
    light = [name for name, each in get_group(app).commands.items() if not isinstance(each, Deferred)]
    assert {*ASKS, "approve", "cancel"} <= set(light)
    nowhere = "http://127.0.0.1:1"
    for args, url in [(["--help"], nowhere), (["list"], idle.url)] + [
        ([each, *ASKS.get(each, ["m"])], nowhere) for each in light
    ]:
        found = await asyncio.to_thread(imported, *args, url=url)
        assert "pydantic" in found, args
        assert not found & set(CONTRACT["forbidden_modules"]), args


@pytest.mark.parametrize("name", ["demo", "lab", "serve", "api", "worker", "bridge"])
def test_a_deferred_command_is_its_modules_and_keeps_its_help(name: str) -> None:
    shown = CliRunner().invoke(app, [name, "--help"])
    assert shown.exit_code == 0, shown.output
    assert f"Usage: vcfm {name}" in shown.output.replace("root", "vcfm", 1)
    assert str(get_group(app).commands[name].help) in " ".join(shown.output.split())


class Without(MetaPathFinder):
    """An installation without the lab."""

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> None:
        del path, target
        if fullname.partition(".")[0] == "lab":
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)


@pytest.mark.parametrize("args", [["lab", "up"], ["demo"]])
def test_without_the_lab_a_command_says_where_it_is(args: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for each in [each for each in sys.modules if each.partition(".")[0] == "lab" or each in {"cli.lab", "cli.demo"}]:
        monkeypatch.delitem(sys.modules, each)
    monkeypatch.setattr(sys, "meta_path", [Without(), *sys.meta_path])
    ended = CliRunner().invoke(app, args)
    assert ended.exit_code == 1, ended.output
    assert f"`vcfm {args[0]}` needs the lab" in ended.output
    assert "source tree" in " ".join(ended.output.split())
