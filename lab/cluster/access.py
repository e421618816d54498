"""Ways into the lab's cluster: the administrator's kubeconfig, and the service accounts' with the shipped RBAC."""

from base64 import b64encode
from pathlib import Path
from typing import Any

import yaml

from lab.certificates import Pair
from lab.cluster.api_server import ApiServer, Document
from lab.state import StateDir, write_private

SERVICE_ACCOUNT = "vcf-migration"
_DEPLOY = Path(__file__).parents[2] / "deploy"
SHIPPED, CUSTOM_RESOURCE = (_DEPLOY / each / "kustomization.yaml" for each in ("rbac", "crd"))
BRIDGE_ACCOUNT = "vcf-migration-bridge"
SHIPPED_NAMESPACE = "openshift-vcf-migration"
TOKEN_LIFETIME = 7 * 24 * 3600  # seconds; longer than any lab stands


def write_admin_kubeconfig(state: StateDir, *, url: str, admin: Pair) -> None:
    user = {"client-certificate-data": _encoded(admin.certificate), "client-key-data": _encoded(admin.key)}
    write_private(state.kubeconfig, _kubeconfig(state, url=url, name="admin", user=user))


def write_service_kubeconfigs(state: StateDir, api: ApiServer, *, url: str, namespace: str) -> str:
    """Apply what `deploy/rbac` and `deploy/crd` say, write kubeconfigs of their accounts; says what was bound.

    The service's account does for `vcfm serve`; the bridge has one that may do nothing else.
    """
    for document in [*(shipped() or _administrator(namespace)), *custom_resource()]:
        api.apply(_moved(document, namespace))
    accounts = {SERVICE_ACCOUNT: state.kubeconfig_service}
    accounts |= {BRIDGE_ACCOUNT: state.kubeconfig_bridge} if CUSTOM_RESOURCE.exists() else {}
    for name, path in accounts.items():
        token = _token(api, namespace, name)
        write_private(path, _kubeconfig(state, url=url, name=name, user={"token": token}))
    return "the shipped RBAC" if SHIPPED.exists() else "cluster-admin, since no deploy/rbac is beside this package"


def shipped() -> list[Document]:
    """The very documents that `oc apply -k deploy/rbac` applies; none where this package stands alone."""
    return _documents(SHIPPED)


def custom_resource() -> list[Document]:
    """The very documents that `oc apply -k deploy/crd` applies; none where this package stands alone."""
    return _documents(CUSTOM_RESOURCE)


def _documents(kustomization: Path) -> list[Document]:
    if not kustomization.exists():
        return []
    documents: list[Document] = []
    for name in yaml.safe_load(kustomization.read_text())["resources"]:
        path = kustomization.parent / name
        documents += _documents(path / "kustomization.yaml") if path.is_dir() else yaml.safe_load_all(path.read_text())
    return documents


def _token(api: ApiServer, namespace: str, account: str) -> str:
    request = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"expirationSeconds": TOKEN_LIFETIME},
    }
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
    token: str = api.request("POST", path, body=request)["status"]["token"]
    return token


def _moved(document: Document, namespace: str) -> Document:
    """The shipped documents name one namespace; a scenario may name another."""
    key = "name" if document["kind"] == "Namespace" else "namespace"
    if document["metadata"].get(key) == SHIPPED_NAMESPACE:
        document["metadata"][key] = namespace
    for subject in document.get("subjects", []):
        if subject.get("namespace") == SHIPPED_NAMESPACE:
            subject["namespace"] = namespace
    return document


def _administrator(namespace: str) -> list[Document]:
    account = {"name": SERVICE_ACCOUNT, "namespace": namespace}
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": SERVICE_ACCOUNT},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "ServiceAccount", **account}],
    }
    return [{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account}, binding]


def _kubeconfig(state: StateDir, *, url: str, name: str, user: dict[str, Any]) -> str:
    cluster = {"server": url, "certificate-authority-data": _encoded(state.authority)}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "lab", "cluster": cluster}],
        "users": [{"name": name, "user": user}],
        "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": name}}],
        "current-context": "lab",
    }
    return yaml.safe_dump(document, sort_keys=False)


def _encoded(path: Path) -> str:
    return b64encode(path.read_bytes()).decode()
