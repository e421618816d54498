"""The parts' builder refuses early and says what to do."""

import sys
from pathlib import Path

import pytest

from lab.binaries import build
from lab.binaries.build import BuildError, Built, find_go


def test_without_any_go_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(BuildError, match=r"go1\.26\.x.*no go found.*pip install"):
        find_go()


def test_a_go_of_another_series_is_passed_over_for_the_environments_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    elsewhere, environment = tmp_path / "usr", tmp_path / "venv"
    for folder, version in ((elsewhere, "go1.27.1"), (environment, "go1.26.6")):
        folder.mkdir()
        (folder / "go").write_text(f"#!/bin/sh\necho go version {version} linux/amd64\n")
        (folder / "go").chmod(0o755)
    monkeypatch.setenv("PATH", str(elsewhere))
    monkeypatch.setattr(sys, "executable", str(environment / "python"))
    assert find_go() == environment / "go"
    (environment / "go").unlink()
    with pytest.raises(BuildError, match=r"is go1\.27\.1"):
        find_go()


def test_assets_of_the_field_override_two_parts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "etcd").touch()
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    built = Built(tmp_path / "cache")
    assert built.binary("etcd") == tmp_path / "etcd"
    assert built.binary("kube-apiserver").is_relative_to(tmp_path / "cache")
    assert built.binary("vcenter").is_relative_to(tmp_path / "cache")


def test_a_broken_part_is_reported_with_the_compilers_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "go.mod").write_text("module broken\n\ngo 1.26\n")
    (tmp_path / "broken" / "main.go").write_text("package main\n\nfunc main() { missing() }\n")
    monkeypatch.setattr(build, "MODULES", tmp_path)
    monkeypatch.setattr(build, "PARTS", (build.Part("broken", "broken", "."),))
    monkeypatch.setenv("VCFM_LAB_CACHE", str(tmp_path / "cache"))
    with pytest.raises(BuildError, match="undefined: missing"):
        build.build(report=lambda _: None)


@pytest.mark.lab
def test_definitions_from_a_module_that_is_not_the_pinned_one_are_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    forged = build.DEFINITIONS[-1]._replace(checksum="h1:somebody-elses")
    monkeypatch.setattr(build, "DEFINITIONS", (forged,))
    monkeypatch.setattr(build, "PARTS", ())
    monkeypatch.setenv("VCFM_LAB_CACHE", str(tmp_path))
    with pytest.raises(BuildError, match="do not trust"):
        build.build(report=lambda _: None)
