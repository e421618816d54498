"""Signed approvals, for sites where more people can write to Temporal than may approve.

A service that holds a private key pins its public half in the request of every migration it starts. From then on an
instruction that lets the migration go *forward* must carry a signature, which only that service's clients can make; the
workflow verifies it from values alone, so that a replay is deterministic. Verbs that stop or roll back need no
signature: everybody who sees harm must be able to stop it, and Temporal's own Cancel does the same anyway.

Ed25519 signs one text with everything that was decided: migration and run, verb and phase, by whom, why, the channel,
and a nonce. So a signature is valid for nothing else, and only once.
"""

import base64
import binascii
import json
from typing import Annotated

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import Field

from migration.commands import Instruction, Verb
from migration.frozen_model import FrozenModel

FORWARD = frozenset({Verb.APPROVE, Verb.RESUME, Verb.RETRY, Verb.SKIP})
"""Verbs that need a signature where a key is pinned."""


class Signature(FrozenModel):
    """An Ed25519 signature (64 bytes in base64) over an instruction and a nonce."""

    nonce: Annotated[str, Field(min_length=16, max_length=64)]
    value: Annotated[str, Field(max_length=100)]


class SignedInstruction(Instruction):
    """An instruction as it is sent to the workflow, with its signature if there is one."""

    signature: Signature | None = None


class Subject(FrozenModel):
    """What an instruction is about, besides what it says itself."""

    migration: str
    run: str
    verb: Verb


def sign(key: Ed25519PrivateKey, subject: Subject, instruction: Instruction, *, nonce: str) -> SignedInstruction:
    """The instruction with its signature; `nonce` must be another each time."""
    value = base64.b64encode(key.sign(_text(subject, instruction, nonce))).decode()
    return SignedInstruction(**dict(instruction), signature=Signature(nonce=nonce, value=value))


def is_genuine(public: str, subject: Subject, instruction: SignedInstruction) -> bool:
    """Whether the key's owner signed exactly this; `public` as `public_text` gives it."""
    if instruction.signature is None:
        return False
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public, validate=True))
        value = base64.b64decode(instruction.signature.value, validate=True)
        key.verify(value, _text(subject, instruction, instruction.signature.nonce))
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def public_text(key: Ed25519PrivateKey) -> str:
    """The public half: 32 bytes in base64."""
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


def _text(subject: Subject, instruction: Instruction, nonce: str) -> bytes:
    """What is signed: a JSON list, so that no two decisions are one text; its first item names its shape."""
    parts = [
        "vcfm approval 1",
        subject.migration,
        subject.run,
        subject.verb,
        instruction.phase or "",
        instruction.by,
        instruction.reason,
        instruction.channel,
        nonce,
    ]
    return json.dumps(parts, ensure_ascii=True).encode()
