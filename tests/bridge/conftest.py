"""A real API server with the custom resource installed, and the bridge's own account on it: no test has more rights."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.crd.definition import NAME
from lab.cluster.access import custom_resource
from migration.frozen_model import KubeObject
from openshift.api.client import Cluster
from openshift.api.documents import conditions
from openshift.api.resources import CUSTOM_RESOURCE_DEFINITION, MIGRATION, NAMESPACE, Resource
from openshift.errors import NotFound
from tests.bridge.bridged import Bridged
from tests.bridge.resources import ELSEWHERE, SPACE
from tests.openshift.conftest import built, control_plane  # noqa: F401 - fixtures of tests/openshift
from tests.openshift.real_control_plane import ControlPlane
from tests.support.serving import Serving
from tests.support.timeouts import EVENT_SECONDS

DEPLOY = Path(__file__).parents[2] / "deploy"
_RBAC = {
    each: Resource(
        group="rbac.authorization.k8s.io",
        version="v1",
        plural=f"{each.lower()}s",
        kind=each,
        namespaced=not each.startswith("Cluster"),
    )
    for each in ("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")
}
SERVICE_ACCOUNT = Resource(group="", version="v1", plural="serviceaccounts", kind="ServiceAccount")
KINDS = _RBAC | {each.kind: each for each in (SERVICE_ACCOUNT, CUSTOM_RESOURCE_DEFINITION)}


@pytest.fixture(scope="package")
async def installed(control_plane: ControlPlane) -> ControlPlane:  # noqa: F811 - the fixture
    """The API server, with the definition, the bridge's rights, and the namespaces."""
    async with Cluster.connect(kubeconfig=control_plane.kubeconfig()) as admin:
        for namespace in (SPACE, ELSEWHERE):
            await admin.apply(NAMESPACE, {"metadata": {"name": namespace}})
        for document in custom_resource():
            await admin.apply(KINDS[document["kind"]], document, force=True)
        async with asyncio.timeout(EVENT_SECONDS):
            while not _established(await admin.get(CUSTOM_RESOURCE_DEFINITION, NAME)):
                await asyncio.sleep(0.1)
    return control_plane


@pytest.fixture
async def admin(installed: ControlPlane) -> AsyncIterator[Cluster]:
    """The API server as people reach it."""
    async with Cluster.connect(kubeconfig=installed.kubeconfig()) as cluster:
        yield cluster


@pytest.fixture(scope="package")
async def account(installed: ControlPlane) -> Path:
    """A kubeconfig of the bridge's service account, with exactly the shipped rights."""
    async with Cluster.connect(kubeconfig=installed.kubeconfig()) as admin:
        answer = await admin._api.call(
            "POST",
            SERVICE_ACCOUNT,
            name="vcf-migration-bridge",
            namespace=SPACE,
            subresource="token",
            body={"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "metadata": {}, "spec": {}},
        )
    path = installed.kubeconfig().with_name("kubeconfig-bridge")
    document = json.loads(installed.kubeconfig().read_text())
    document["users"][0]["user"] = {"token": answer["status"]["token"]}
    path.write_text(json.dumps(document))
    return path


def _established(definition: KubeObject) -> bool:
    found = conditions(definition).get("Established")
    return found is not None and found.status == "True"


@pytest.fixture
async def bare(admin: Cluster) -> None:
    """No custom resource anywhere: what an earlier test left is none of this one's business."""
    for each in await admin.list(MIGRATION):
        name, namespace = each["metadata"]["name"], each["metadata"]["namespace"]
        await admin.patch_merge(MIGRATION, name, {"metadata": {"finalizers": None}}, namespace=namespace)
        with contextlib.suppress(NotFound):
            await admin.delete(MIGRATION, name, namespace=namespace)


@pytest.fixture
def bridged(bare: None, admin: Cluster, account: Path, service: Serving, tmp_path: Path) -> Bridged:
    """The service over a fake world, for a bridge of its own account; no bridge runs yet."""
    return Bridged(service=service, cluster=admin, account=account, directory=tmp_path)


@pytest.fixture
async def bridge(bridged: Bridged) -> AsyncIterator[Bridged]:
    """With one bridge running."""
    async with bridged.bridge():
        yield bridged
