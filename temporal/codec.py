"""What Temporal stores of a migration, encrypted: its database, its backups and its UI then see no names and messages.

Credentials never travel at all; what does (inventory paths, host names, diagnoses) is still a map of somebody's
infrastructure. AES-256-GCM under a ring of named keys: the name stands beside each payload, so that keys can be
rotated while migrations are under way, and payloads written before encryption was switched on stay readable. Envelope
encryption by a key service was left out: a migration has to go on while the cluster, and maybe that service, is away.

What is no payload stays in clear: workflow ids and search attributes, with no more than a cluster's name, update ids
(`<uid of the resource>/…`), and the reason of a Cancel, which holds the requester, reason and channel.

A signal that cannot be decrypted holds up its migration until it can. To let the workflow refuse it would make history
depend on the keys that a worker has: with the missing one added, the replay would grant what was refused.
"""

import base64
import binascii
import os
from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec

ENCODING = b"binary/encrypted"
KEY_ID = "encryption-key-id"
_NONCE = 12
"""Bytes, as GCM wants. Random ones are safe for 2^32 payloads of one key; a migration writes thousands."""


class CodecError(Exception):
    """A payload or the keys cannot be used; the message says what to do, and never holds a key."""


class InvalidKeys(CodecError):
    """The file of keys is not one."""


class UnknownKey(CodecError):
    """A payload was encrypted with a key that this process does not have."""


class Tampered(CodecError):
    """A payload is not what was encrypted, or a key has another's name."""


class KeyRing:
    """Named AES-256 keys: the first one encodes, every one decodes."""

    def __init__(self, keys: dict[str, bytes]) -> None:
        """`keys` are 32 bytes each, by name, and at least one; in order."""
        self._ciphers = {name: AESGCM(key) for name, key in keys.items()}
        self._first = next(iter(keys))

    def __repr__(self) -> str:
        return f"KeyRing({', '.join(self._ciphers)})"

    @classmethod
    def read(cls, file: Path) -> "KeyRing":
        """The ring in a file of `name: base64 of 32 bytes` lines; empty lines and `# …` are skipped.

        Raises:
            InvalidKeys: it cannot be read, or a line is no key; the line is named, never quoted.
        """
        try:
            lines = file.read_text().splitlines()
        except (OSError, UnicodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "not text"
            raise InvalidKeys(
                f"the payload keys in {file} cannot be read ({why}): fix VCFM_PAYLOAD_KEYS_FILE"
            ) from error
        keys: dict[str, bytes] = {}
        for number, line in enumerate(lines, start=1):
            if line.strip() and not line.lstrip().startswith("#"):
                name, _, key = (part.strip() for part in line.partition(":"))
                if not name or name in keys or len(_bytes(key)) != 32:
                    raise InvalidKeys(
                        f"{file}, line {number}: expected `name: key` with a name of its own and 32 bytes in base64 "
                        "(`openssl rand -base64 32` makes them)"
                    )
                keys[name] = _bytes(key)
        if not keys:
            raise InvalidKeys(f"{file} holds no key: add a line `name: key` (`openssl rand -base64 32` makes a key)")
        return cls(keys)

    def encrypt(self, plain: bytes) -> tuple[str, bytes]:
        """The encoding key's name, and nonce and cipher text in one."""
        nonce = os.urandom(_NONCE)
        return self._first, nonce + self._ciphers[self._first].encrypt(nonce, plain, self._first.encode())

    def decrypt(self, name: str, data: bytes) -> bytes:
        """What was encrypted with the key of that name.

        Raises:
            UnknownKey: there is no such key.
            Tampered: the data is not what that key encrypted.
        """
        cipher = self._ciphers.get(name)
        if cipher is None:
            raise UnknownKey(
                f"a payload is encrypted with the key {name!r}, which this process does not have (it has: "
                f"{', '.join(self._ciphers)}): add its line to VCFM_PAYLOAD_KEYS_FILE, below the first, and restart"
            )
        try:
            return cipher.decrypt(data[:_NONCE], data[_NONCE:], name.encode())
        except (InvalidTag, ValueError) as error:
            raise Tampered(
                f"a payload is not what the key {name!r} encrypted: somebody changed it, or this process has another "
                "key under that name; compare VCFM_PAYLOAD_KEYS_FILE with the process that wrote it"
            ) from error


class Encryption(PayloadCodec):
    """Whole payloads, metadata and all, encrypted one by one."""

    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Each under the first key."""
        return [self._encrypted(each) for each in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Each under the key it names; what is not encrypted passes.

        Raises:
            UnknownKey: a key is missing.
            Tampered: a payload is not what was encrypted.
        """
        return [self._decrypted(each) for each in payloads]

    def _encrypted(self, payload: Payload) -> Payload:
        name, data = self._keys.encrypt(payload.SerializeToString())
        return Payload(metadata={"encoding": ENCODING, KEY_ID: name.encode()}, data=data)

    def _decrypted(self, payload: Payload) -> Payload:
        if payload.metadata.get("encoding") != ENCODING:
            return payload
        name = payload.metadata.get(KEY_ID, b"").decode(errors="replace")
        return Payload.FromString(self._keys.decrypt(name, payload.data))


def _bytes(text: str) -> bytes:
    """Decoded base64; nothing where it is none."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
