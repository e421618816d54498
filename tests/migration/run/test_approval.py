"""A signature is good for exactly what was signed."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from migration.commands import Instruction, Verb
from migration.phase import PhaseName
from migration.run.approval import SignedInstruction, Subject, is_genuine, public_text, sign

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = public_text(KEY)
SUBJECT = Subject(migration="vcfm-a", run="run-1", verb=Verb.APPROVE)
SAID = Instruction(phase=PhaseName.CLEANUP, by="kim", reason="CHG-1", channel="rest")
SIGNED = sign(KEY, SUBJECT, SAID, nonce="n" * 32)


def test_what_was_signed_is_genuine_also_after_its_journey() -> None:
    assert is_genuine(PUBLIC, SUBJECT, SIGNED)
    assert is_genuine(PUBLIC, SUBJECT, SignedInstruction.model_validate_json(SIGNED.model_dump_json()))


@pytest.mark.parametrize(
    "change",
    [{"phase": PhaseName.SCALE_OLD}, {"phase": None}, {"by": "ann"}, {"reason": ""}, {"channel": "cli"}, {"signature": None}],
)  # fmt: skip
def test_an_instruction_that_was_changed_is_not(change: dict[str, Any]) -> None:
    assert not is_genuine(PUBLIC, SUBJECT, SIGNED.model_copy(update=change))


@pytest.mark.parametrize("change", [{"migration": "vcfm-b"}, {"run": "run-2"}, {"verb": Verb.SKIP}])
def test_a_signature_for_something_else_is_not(change: dict[str, Any]) -> None:
    assert not is_genuine(PUBLIC, SUBJECT.model_copy(update=change), SIGNED)


@pytest.mark.parametrize(
    "change", [{"nonce": "m" * 32}, {"value": ""}, {"value": "AAAA"}, {"value": "no base64!"}, {"value": "é"}]
)
def test_a_signature_that_was_changed_is_not(change: dict[str, Any]) -> None:
    assert SIGNED.signature is not None
    other = SIGNED.model_copy(update={"signature": SIGNED.signature.model_copy(update=change)})
    assert not is_genuine(PUBLIC, SUBJECT, other)


@pytest.mark.parametrize("public", ["", "AAAA", "no key", public_text(Ed25519PrivateKey.from_private_bytes(b"x" * 32))])
def test_another_key_did_not_sign_it(public: str) -> None:
    assert not is_genuine(public, SUBJECT, SIGNED)


def test_no_two_decisions_are_one_text() -> None:
    left = sign(KEY, SUBJECT, SAID.model_copy(update={"by": "a", "reason": "b c"}), nonce="n" * 32)
    moved = left.model_copy(update={"by": 'a", "b', "reason": "c"})
    assert not is_genuine(PUBLIC, SUBJECT, moved)
