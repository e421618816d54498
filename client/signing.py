"""Signing of approvals with the private key, which never leaves the process that read it.

Only clients import this. The workflow knows the public key alone, from its request.
"""

import secrets
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from migration.commands import Instruction
from migration.run.approval import SignedInstruction, Subject, public_text, sign


class ApprovalKeyError(Exception):
    """`VCFM_APPROVAL_KEY_FILE` holds no usable key; the message names the fix and never the file's content."""


class Signer:
    """Signs instructions with one Ed25519 key."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public = public_text(key)

    def __repr__(self) -> str:
        return f"Signer({self.public})"

    @classmethod
    def read(cls, file: Path) -> "Signer":
        """Read the key from a PEM file, as `openssl genpkey -algorithm ed25519` writes it.

        Raises:
            ApprovalKeyError: the file cannot be read or holds no such key.
        """
        try:
            key = load_pem_private_key(file.read_bytes(), password=None)
        except OSError as error:
            raise ApprovalKeyError(
                f"the approval key in {file} cannot be read ({error.strerror}): fix VCFM_APPROVAL_KEY_FILE"
            ) from error
        except (ValueError, TypeError, UnsupportedAlgorithm):
            key = None
        if not isinstance(key, Ed25519PrivateKey):
            raise ApprovalKeyError(
                f"{file} holds no Ed25519 private key in PEM without a passphrase: "
                "`openssl genpkey -algorithm ed25519 -out FILE` makes one"
            )
        return cls(key)

    def sign(self, subject: Subject, instruction: Instruction) -> SignedInstruction:
        """The signed instruction, with a new nonce on each call."""
        return sign(self._key, subject, instruction, nonce=secrets.token_hex(16))
