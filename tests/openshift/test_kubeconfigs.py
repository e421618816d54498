"""Which kubeconfig is meant by which name."""

from pathlib import Path

import pytest

from config.settings import Settings
from openshift.api.kubeconfigs import clusters, kubeconfig_of
from openshift.errors import Misconfigured


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """As Kubernetes mounts a Secret with the keys `east.yaml` and `west`."""
    version = tmp_path / "..2026_01_01"
    version.mkdir()
    (tmp_path / "..data").symlink_to(version)
    for each in ("east.yaml", "west"):
        (version / each).write_text("")
        (tmp_path / each).symlink_to(Path("..data") / each)
    return tmp_path


def settings(**given: Path | None) -> Settings:
    return Settings(**({"kubeconfig": None, "kubeconfig_directory": None} | given), _env_file=None)  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "file"), [("east", "east.yaml"), ("west", "west")])
def test_a_name_is_the_stem_of_a_file(directory: Path, name: str, file: str) -> None:
    assert kubeconfig_of(name, settings=settings(kubeconfig_directory=directory)) == directory / file


def test_no_name_means_the_one_kubeconfig_or_wherever_the_process_runs(directory: Path) -> None:
    one = directory / "one"
    assert kubeconfig_of("", settings=settings(kubeconfig=one)) == one
    assert kubeconfig_of("", settings=settings(kubeconfig=one, kubeconfig_directory=directory)) == one
    assert kubeconfig_of("", settings=settings()) is None


def test_no_name_means_the_only_one_of_a_directory(directory: Path) -> None:
    (directory / "west").unlink()
    assert kubeconfig_of("", settings=settings(kubeconfig_directory=directory)) == directory / "east.yaml"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("", r"no cluster is named \(there are: east, west\)"),
        ("north", r"no cluster 'north' is configured \(there are: east, west\)"),
        ("..data", "no cluster '..data' is configured"),
    ],
)
def test_what_is_not_there_is_answered_with_what_is(directory: Path, name: str, told: str) -> None:
    with pytest.raises(Misconfigured, match=told) as error:
        kubeconfig_of(name, settings=settings(kubeconfig_directory=directory))
    assert "VCFM_KUBECONFIG_DIRECTORY" in error.value.remedy


def test_a_name_without_a_directory(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"there are: none by name"):
        kubeconfig_of("east", settings=settings(kubeconfig=tmp_path / "one"))


def test_a_directory_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="cannot be read") as error:
        kubeconfig_of("east", settings=settings(kubeconfig_directory=tmp_path / "none"))
    assert "VCFM_KUBECONFIG_DIRECTORY" in error.value.remedy


def test_every_configured_cluster_is_named(directory: Path) -> None:
    assert clusters(settings()) == [""]
    assert clusters(settings(kubeconfig=directory / "one")) == [""]
    assert clusters(settings(kubeconfig_directory=directory)) == ["east", "west"]
    assert clusters(settings(kubeconfig=directory / "one", kubeconfig_directory=directory)) == ["", "east", "west"]
