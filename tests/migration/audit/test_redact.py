"""What must not be written down, as a table of the places where it has been seen, and as a property over all of them."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration.audit.redact import LIMIT, REMOVED, body, line
from migration.spec.model import MigrationSpec, SecretReference

CANARY = "c4n4ry+s3cret"
ENCODED = base64.b64encode(CANARY.encode()).decode()
KEY = f"-----BEGIN EC PRIVATE KEY-----\n{CANARY}\n-----END EC PRIVATE KEY-----"
SECRETS = "/api/v1/namespaces/kube-system/secrets/vsphere-creds"

SECRET = {
    "kind": "Secret",
    "metadata": {"name": "vsphere-creds"},
    "data": {"vc.example.password": ENCODED, "x": CANARY},
}

HIDING_PLACES: dict[str, tuple[Any, str]] = {
    "a Secret": (SECRET, ""),
    "a Secret's stringData": ({"kind": "Secret", "stringData": {"any": CANARY}}, ""),
    "a list of Secrets, whose items have no kind": ({"kind": "SecretList", "items": [{"data": {"any": CANARY}}]}, ""),
    "a mixed list": ({"kind": "List", "items": [{"kind": "ConfigMap", "data": {"a": "b"}}, SECRET]}, ""),
    "a watch event": ({"type": "MODIFIED", "object": SECRET}, ""),
    "a JSON patch of one key": ([{"op": "add", "path": "/data/vc.example.password", "value": ENCODED}], ""),
    "a JSON patch of a plain key": ([{"op": "test", "path": "/data/any", "value": ENCODED}], ""),
    "a JSON patch of all keys": ([{"op": "replace", "path": "/stringData", "value": {"any": CANARY}}], ""),
    "a JSON patch of the whole": ([{"op": "replace", "path": "", "value": {"data": {"any": CANARY}}}], SECRETS),
    "a merge patch": ({"data": {"any": ENCODED}}, SECRETS),
    "a merge patch of a list": ({"items": [{"data": {"any": ENCODED}}]}, "/api/v1/secrets?limit=500"),
    "an annotation of kubectl": (
        {"metadata": {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": json.dumps(SECRET)}}},
        "",
    ),
    "a patch of that annotation": (
        [
            {
                "op": "add",
                "path": "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration",
                "value": CANARY,
            }
        ],
        "",
    ),
    "a key": ({"password": CANARY}, ""),
    "a number": ({"password": [CANARY]}, ""),
    "a nested key": ({"a": [{"b": {"adminPassword": {"value": CANARY}}}]}, ""),
    "keys of vsphere-creds outside of a Secret": ({"vc.example.password": CANARY}, ""),
    "a token": ({"status": {"token": CANARY, "expirationTimestamp": "…"}}, ""),
    "a header": ({"headers": {"Authorization": f"Basic {ENCODED}"}}, ""),
    "a header of no known scheme": ({"headers": {"authorization": CANARY}}, ""),
    "a cookie": ({"Set-Cookie": CANARY}, ""),
    "a bearer": ({"bearer": CANARY}, ""),
    "a kubeconfig of any form": ({"kubeconfig": ENCODED}, ""),
    "a session header": ({"vmware-api-session-id": CANARY}, ""),
    "a service locator": ({"service": {"credential": {"username": "u", "password": CANARY}}}, ""),
    "a kubeconfig as text": ({"kubeconfig": f"users:\n- user:\n    token: {CANARY}\n"}, ""),
    "a kubeconfig as a document": ({"users": [{"user": {"client-key-data": ENCODED}}]}, ""),
    "a pull secret": ({".dockerconfigjson": json.dumps({"auths": {"r": {"auth": ENCODED}}})}, ""),
    "an environment variable": ({"env": [{"name": "GOVC_PASSWORD", "value": CANARY}]}, ""),
    "ignition in a VM's extra configuration": ([{"key": "guestinfo.ignition.config.data", "value": ENCODED}], ""),
    "a collected property": ({"name": "config.privateKey", "val": CANARY}, ""),
    "user data": ({"userData": ENCODED}, ""),
    "a private key in a text": ({"message": f"cannot read {KEY}"}, ""),
    "half a private key": ({"message": KEY[:60]}, ""),
    "a URL": ({"url": f"https://user:{CANARY}@vc.example/sdk"}, ""),
    "an INI file": ({"config": f'[Global]\npassword = "{CANARY}"\nport = 443\n'}, ""),
    "a YAML file": ({"config": f"global:\n  password: {CANARY}\n  port: 443\n"}, ""),
    "a YAML block": ({"config": f"password: |\n  first\n  {CANARY}\nport: 443\n"}, ""),
    "JSON in a text": ({"config": json.dumps({"password": CANARY})}, ""),
    "JSON in JSON in a text": ({"config": json.dumps(json.dumps({"password": 'a"' + CANARY}))}, ""),
    "SOAP": ("<Login><userName>u</userName><password>" + CANARY + "</password></Login>", ""),
    "a bearer token in an error": ({"message": f"refused: Bearer {ENCODED}"}, ""),
    "a web token": ({"message": f"eyJhbGciOiJ9.{ENCODED.replace('+', '-').replace('=', '')}.c2ln"}, ""),
    "a data URL": ({"source": f"data:text/plain;base64,{ENCODED}"}, ""),
    "an object that is no document": (type("Odd", (), {"__repr__": lambda _: CANARY})(), ""),
    "bytes": ({"body": CANARY.encode()}, ""),
}


@pytest.mark.parametrize("place", HIDING_PLACES)
def test_no_secret_is_written(place: str) -> None:
    document, target = HIDING_PLACES[place]
    text = body(document, target=target)
    json.loads(text)
    for secret in (CANARY, ENCODED, ENCODED.replace("=", "")):
        assert secret not in text


@pytest.mark.parametrize("place", HIDING_PLACES)
def test_every_hiding_place_would_show_it(place: str) -> None:
    document, _ = HIDING_PLACES[place]
    shown = repr(document)
    assert any(each in shown for each in (CANARY, ENCODED[:12], "first"))


@pytest.mark.parametrize(
    ("document", "text"),
    [
        (None, ""),
        ({}, "{}"),
        ({"replicas": 3, "paused": True, "none": None}, '{"replicas":3,"paused":true,"none":null}'),
        (
            {"kind": "Secret", "data": {"vc.password": "eA=="}},
            f'{{"kind":"Secret","data":{{"vc.password":"{REMOVED}"}}}}',
        ),
        ({"kind": "ConfigMap", "data": {"a": "b"}}, '{"kind":"ConfigMap","data":{"a":"b"}}'),
        (
            {"credentialsSecret": {"name": "vsphere-cloud-credentials"}},
            '{"credentialsSecret":{"name":"vsphere-cloud-credentials"}}',
        ),
        ({"userDataSecret": {"name": "worker-user-data"}}, '{"userDataSecret":{"name":"worker-user-data"}}'),
        ({"secretName": "x", "tokenSecretRef": "y"}, '{"secretName":"x","tokenSecretRef":"y"}'),
        ({"automountServiceAccountToken": False}, '{"automountServiceAccountToken":false}'),
        ({"password": None}, '{"password":null}'),
        ({"password": 1234}, f'{{"password":"{REMOVED}"}}'),
        ({"key": "node-role", "value": "master"}, '{"key":"node-role","value":"master"}'),
        (
            [{"op": "replace", "path": "/spec/replicas", "value": 0}],
            '[{"op":"replace","path":"/spec/replicas","value":0}]',
        ),
        ({"at": datetime(2026, 1, 2, tzinfo=UTC)}, '{"at":"2026-01-02T00:00:00+00:00"}'),
        ({"url": "https://vc.example:443/sdk"}, '{"url":"https://vc.example:443/sdk"}'),
        (list(range(25)), json.dumps([*range(20), "(5 more)"], separators=(",", ":"))),
        (SecretReference(name="a", namespace="b"), '{"name":"a","namespace":"b"}'),
    ],
)
def test_what_is_written(document: Any, text: str) -> None:
    assert body(document) == text


def test_a_spec_keeps_its_references() -> None:
    spec = MigrationSpec.model_validate(
        {
            "targetVCenterCredentialsSecret": {"name": "target", "namespace": "kube-system"},
            "failureDomains": [
                {
                    "name": "a",
                    "region": "r",
                    "zone": "z",
                    "server": "vc.example",
                    "topology": {
                        "datacenter": "dc",
                        "computeCluster": "/dc/host/c",
                        "datastore": "/dc/datastore/d",
                        "networks": ["n"],
                    },
                }
            ],
        }
    )
    assert json.loads(body(spec))["targetVCenterCredentialsSecret"] == {"name": "target", "namespace": "kube-system"}


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("/api/v1/namespaces/kube-system/secrets/vsphere-creds",) * 2,
        ("VirtualMachine:vm-42",) * 2,
        ("https://user:pw@vc/sdk", f"https://{REMOVED}@vc/sdk"),
        ("password: pw", f"password: {REMOVED}"),
        ("port = 443", "port = 443"),
        ("the password is in the Secret", "the password is in the Secret"),
    ],
)
def test_lines(text: str, written: str) -> None:
    assert line(text) == written


def test_the_rest_of_a_configuration_stays_readable() -> None:
    config = 'global:\n  port: 443\n  password: "pw"\n  insecureFlag: false\n'
    assert json.loads(body({"config": config}))["config"] == (
        f"global:\n  port: 443\n  password: {REMOVED}\n  insecureFlag: false\n"
    )


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=30) | st.dictionaries(st.text(max_size=20), inner, max_size=8),
    max_leaves=60,
)


@given(plain)
def test_any_document_becomes_bounded_json(document: Any) -> None:
    text = body(document)
    assert len(text.encode()) <= LIMIT
    assert not text or isinstance(json.loads(text), dict | list | str | int | float | bool | None)


@given(plain, st.sampled_from(sorted(HIDING_PLACES)), st.lists(st.text("abcdef", min_size=1), max_size=5))
def test_a_secret_is_found_wherever_it_lies(neighbour: Any, place: str, way: list[str]) -> None:
    document, target = HIDING_PLACES[place]
    for step in way:
        document = {"neighbour": neighbour, step: [document]}
    text = body(document, target=target)
    assert CANARY not in text
    assert ENCODED not in text


def test_a_huge_answer_is_cut_and_still_json() -> None:
    pods = {
        "kind": "PodList",
        "items": [{"metadata": {"name": f"pod-{number}", "labels": {"a": "ü" * 200}}} for number in range(2000)],
    }
    text = body(pods)
    assert len(text) <= LIMIT
    assert json.loads(text)["beginning"].startswith('{"kind":"PodList","items":[{"metadata":{"name":"pod-0"')
