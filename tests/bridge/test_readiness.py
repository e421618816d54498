"""A bridge is ready while it follows a cluster, and says why when it follows none."""

import asyncio
import signal
from pathlib import Path

import pytest

from bridge import main, watching
from bridge.main import bridging
from monitoring.endpoint import Lacks
from tests.bridge.bridged import Bridged
from tests.openshift.real_control_plane import GUEST, ControlPlane
from tests.support.timeouts import EVENT_SECONDS


async def until(lacks: Lacks, wanted: str) -> None:
    """What it lacks becomes that; nothing, if that is empty."""
    async with asyncio.timeout(EVENT_SECONDS):
        while wanted not in lacks() or (lacks() and not wanted):
            await asyncio.sleep(0.05)


async def test_ready_once_the_cluster_is_followed(bridged: Bridged) -> None:
    async with bridging(bridged.service.client, bridged.settings) as lacks:
        assert "not connected yet" in lacks()
        await until(lacks, "")


async def test_one_cluster_that_cannot_be_reached_says_why(bridged: Bridged, tmp_path: Path) -> None:
    missing = bridged.settings.model_copy(update={"kubeconfig": tmp_path / "missing"})
    async with bridging(bridged.service.client, missing) as lacks:
        await until(lacks, str(tmp_path / "missing"))


async def test_one_of_two_clusters_is_enough(bridged: Bridged, tmp_path: Path) -> None:
    (tmp_path / "clusters").mkdir()
    (tmp_path / "clusters" / "east.yaml").write_text(bridged.account.read_text())
    (tmp_path / "clusters" / "west.yaml").write_text("nonsense")
    both = bridged.settings.model_copy(update={"kubeconfig": None, "kubeconfig_directory": tmp_path / "clusters"})
    async with bridging(bridged.service.client, both) as lacks:
        await until(lacks, "")


async def test_kubeconfigs_come_and_go(bridged: Bridged, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main, "LOOK_AGAIN", 0.1)
    (tmp_path / "clusters").mkdir()
    none = bridged.settings.model_copy(update={"kubeconfig": None, "kubeconfig_directory": tmp_path / "clusters"})
    async with bridging(bridged.service.client, none) as lacks:
        assert "no kubeconfig is configured" in lacks()
        (tmp_path / "clusters" / "east.yaml").write_text(bridged.account.read_text())
        await until(lacks, "")
        (tmp_path / "clusters" / "east.yaml").unlink()
        await until(lacks, "no kubeconfig is configured")


async def test_whoever_hears_nothing_any_more_says_so_until_it_does(
    bridged: Bridged, installed: ControlPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "STALE", 0.5)
    async with bridging(bridged.service.client, bridged.settings) as lacks:
        await until(lacks, "")
        installed.signal_api(signal.SIGKILL)
        try:
            await until(lacks, "the watch fails: ")
        finally:
            await asyncio.to_thread(installed.start_api)
        await until(lacks, "")


async def test_without_rights_it_says_what_brings_them(bridged: Bridged, installed: ControlPlane) -> None:
    guest = bridged.settings.model_copy(update={"kubeconfig": installed.kubeconfig(token=GUEST)})
    async with bridging(bridged.service.client, guest) as lacks:
        await until(lacks, "`oc apply -k deploy/crd` installs the definition and the rights")
