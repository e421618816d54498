"""Signed approvals and separation of duties through the client: what people do, and what Temporal never gets to see."""

import base64
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from temporalio.client import Client

from client.errors import CommandRefused, RequesterRequired
from client.signing import ApprovalKeyError, Signer
from migration.commands import Instruction, Verb
from migration.phase import PhaseName
from migration.run.status import MigrationStatus, State
from tests.support.serving import Serving, serving
from tests.support.timeouts import EVENT_SECONDS
from tests.workflows.answers import request
from tests.workflows.control.test_control import refused, until
from tests.workflows.world import World

SPEC = request(gates=[PhaseName.CLEANUP]).spec
BODY = {"spec": SPEC.model_dump(mode="json", exclude={"state"}, exclude_none=True)}


def pem(key: Ed25519PrivateKey | X25519PrivateKey, encryption: KeySerializationEncryption | None = None) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption())


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    file = tmp_path / "approval.pem"
    file.write_bytes(pem(Ed25519PrivateKey.generate()))
    return file


@pytest.fixture
async def signing(temporal_client: Client, tmp_path: Path, key_file: Path) -> AsyncIterator[Serving]:
    """A service with a key, where somebody else must approve, behind a proxy that names the user."""
    async with serving(
        temporal_client,
        World(),
        tmp_path,
        approval_key_file=key_file,
        separate_approver=True,
        api_user_header="X-Forwarded-User",
    ) as running:
        yield running


def speaking(service: Serving, *names: str) -> httpx.AsyncClient:
    """A client whose proxy says these names."""
    headers = [("x-forwarded-user", each) for each in names]
    return httpx.AsyncClient(base_url=service.url, headers=headers, timeout=EVENT_SECONDS)


async def test_one_person_asks_and_another_approves_and_temporal_never_sees_the_key(
    signing: Serving, key_file: Path
) -> None:
    path = f"/api/v1/migrations/{signing.migration}"
    handle = signing.client.get_workflow_handle(signing.migration)
    async with speaking(signing, "kim") as kim, speaking(signing, "ann") as ann:
        started = await kim.post("/api/v1/migrations", json=BODY | {"requestedBy": "somebody else"})
        assert started.status_code == 201
        status = await until(handle, State.AWAITING_APPROVAL)
        assert (status.requested_by, status.signed, status.separate_approver) == ("kim", True, True)
        own = await kim.post(f"{path}/approve", json={"by": "ann"})
        assert own.status_code == 409
        assert own.json()["detail"] == (
            "kim asked for this migration, and another person must approve it; cleanup is AwaitingApproval"
        )
        assert "must be signed" in await refused(handle, "approve", {"by": "ann", "channel": "rest"})
        answer = await ann.post(f"{path}/approve", json={"by": "kim", "reason": "CHG-1"})
        assert answer.json() == {"answer": "cleanup begins"}
        result: MigrationStatus = MigrationStatus.model_validate(await handle.result())
        found = (await ann.get(f"{path}/decisions")).json()
    assert result.state is State.COMPLETED
    assert [(each["by"], each["channel"], each["outcome"]) for each in found] == [("ann", "rest", "granted, signed")]
    history = (await handle.fetch_history()).to_json()
    secret = b"".join(key_file.read_bytes().splitlines()[1:-1])
    raw = base64.b64decode(secret)[-32:]
    written = history.encode() + b"".join(_payloads(history)) + str(found).encode()
    for form in (secret, raw, base64.b64encode(raw), raw.hex().encode()):
        assert form not in written
    assert Signer.read(key_file).public.encode() in written


def _payloads(history: str) -> list[bytes]:
    found = [part.split('"')[0] for part in history.split('"data": "')[1:]]
    return [base64.b64decode(each) for each in found]


@pytest.mark.parametrize("names", [[], [""], ["kim", "ann"], ["x" * 101]])
async def test_without_one_name_nothing_is_answered_but_health(signing: Serving, names: list[str]) -> None:
    async with speaking(signing, *names) as client:
        for path in ("/api/v1/migrations", "/docs", "/openapi.json", "/api/v1/nothing"):
            answer = await client.get(path)
            assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
            assert "X-Forwarded-User" in answer.json()["detail"]
            assert answer.headers["www-authenticate"]
        posted = await client.post("/api/v1/migrations", json=BODY)
        assert posted.status_code == 401
        for path in ("/healthz", "/readyz"):
            assert (await client.get(path)).status_code == 200
    assert signing.world.calls == []


async def test_the_contract_names_the_401(signing: Serving) -> None:
    async with speaking(signing, "kim") as client:
        paths = (await client.get("/openapi.json")).json()["paths"]
    for path, operations in paths.items():
        for operation in operations.values():
            assert ("401" in operation["responses"]) == path.startswith("/api/")


async def test_a_start_without_a_name_is_refused_where_another_must_approve(
    temporal_client: Client, tmp_path: Path
) -> None:
    async with (
        serving(temporal_client, World(), tmp_path, separate_approver=True) as service,
        httpx.AsyncClient(base_url=service.url, timeout=EVENT_SECONDS) as http,
    ):
        answer = await http.post("/api/v1/migrations", json=BODY)
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
        assert "`--by NAME`" in answer.json()["remedy"]
        with pytest.raises(RequesterRequired):
            await service.migrations.start(cluster="", spec=SPEC, requested_by=" ")
        assert service.world.calls == []
        assert (await http.post("/api/v1/migrations", json=BODY | {"requestedBy": "kim"})).status_code == 201
        handle = service.client.get_workflow_handle(service.migration)
        await until(handle, State.AWAITING_APPROVAL)
        with pytest.raises(CommandRefused, match="say who approves"):
            await service.migrations.steer(service.migration, Verb.APPROVE, Instruction())
        await service.migrations.steer(service.migration, Verb.APPROVE, Instruction(by="ann", channel="cr"))
        assert MigrationStatus.model_validate(await handle.result()).decisions[-1].channel == "cr"


def test_a_key_made_by_openssl_is_read(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", str(file)], check=True)
    assert len(base64.b64decode(Signer.read(file).public)) == 32


@pytest.mark.parametrize(
    "content",
    [
        None,
        b"",
        b"hunter2",
        b"-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n",
        pem(X25519PrivateKey.generate()),
        pem(Ed25519PrivateKey.generate(), BestAvailableEncryption(b"hunter2")),
    ],
)
def test_what_is_no_key_is_said_and_not_shown(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "key.pem"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ApprovalKeyError, match=r"key\.pem") as refused:
        Signer.read(file)
    assert "hunter2" not in str(refused.value)


def test_a_signer_does_not_show_its_key(key_file: Path) -> None:
    signer = Signer.read(key_file)
    assert repr(signer) == f"Signer({signer.public})"
