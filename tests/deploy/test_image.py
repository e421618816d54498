"""The Dockerfile: judged by hadolint, and held against what the processes and deploy/ rely on."""

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from fnmatch import fnmatch
from pathlib import Path

from tests.deploy.rendering import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text()
SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]


def test_hadolint_has_nothing_to_say() -> None:
    hadolint = Path(sys.executable).parent / "hadolint"
    judged = subprocess.run([hadolint, ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (judged.returncode, judged.stdout) == (0, "")


def test_it_runs_vcfm_as_a_user_by_number_without_a_shell() -> None:
    final = DOCKERFILE.rpartition("\nFROM ")[2]
    assert re.search(r"^USER [1-9]\d*:0$", final, re.MULTILINE), "a kubelet cannot tell that a name is not root"
    assert 'ENTRYPOINT ["vcfm"]' in final
    assert not re.search(r"^(ADD|COPY(?! --from=build))", final, re.MULTILINE), "the source stays behind"


def test_every_installation_is_locked() -> None:
    for line in re.findall(r"pip (?:--\S+ \S+ )?(?:install|wheel)[^\n&]*", DOCKERFILE):
        assert "--require-hashes" in line or "--no-deps" in line, line
    locked = (ROOT / "requirements/build.txt").read_text()
    for wanted in tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]:
        assert f"{re.split('[><=]', wanted)[0]}==" in locked


def test_what_is_built_is_not_left_out() -> None:
    ignored = [each for each in (ROOT / ".dockerignore").read_text().splitlines() if each and each[0] != "#"]
    wanted = {each.partition(".")[0] for each in SETUPTOOLS["packages"]} | {
        "README.md",
        "LICENSE",
        "pyproject.toml",
        "requirements",
    }
    assert not [(name, each) for name in wanted for each in ignored if fnmatch(name, each)]
    assert {".*", "lab", "reference", "tests"} <= set(ignored)


def test_the_wheel_is_the_service_without_the_lab(tmp_path: Path) -> None:
    """Built from the whole tree, as by somebody without the image."""
    tree = tmp_path / "tree"
    shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(".*", "*.egg-info", "__pycache__", "build", "tests"))
    wheel = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*wheel, "--wheel-dir", tmp_path, tree], check=True, timeout=300)
    (built,) = tmp_path.glob("*.whl")
    found = {each.partition("/")[0] for each in zipfile.ZipFile(built).namelist()}
    packages = {each.partition(".")[0] for each in SETUPTOOLS["packages"]}
    assert not {"lab", "reference"} & found
    assert packages == {each for each in found if ".dist" not in each}
