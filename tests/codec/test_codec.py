"""Encrypted payloads: they come back, keys rotate, and whatever cannot be read is said with what to do."""

import base64
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.exceptions import ApplicationError

import temporal
from temporal.codec import ENCODING, KEY_ID, Encryption, InvalidKeys, KeyRing, Tampered, UnknownKey
from tests.codec.rings import codec, line, written

PLAIN = Payload(metadata={"encoding": b"json/plain"}, data=b'"vc-new.example.com"')
KEY = base64.b64encode(os.urandom(32)).decode()


async def test_what_is_encrypted_comes_back_and_shows_nothing(tmp_path: Path) -> None:
    both = codec(tmp_path, line("2026-11"))
    first, second = await both.encode([PLAIN, PLAIN])
    assert await both.decode([first, second]) == [PLAIN, PLAIN]
    assert dict(first.metadata) == {"encoding": ENCODING, KEY_ID: b"2026-11"}
    assert b"example.com" not in first.SerializeToString()
    assert first.data[:12] != second.data[:12], "a nonce is used once"
    assert len(first.data) == 12 + len(PLAIN.SerializeToString()) + 16


async def test_what_was_written_before_there_were_keys_stays_readable(tmp_path: Path) -> None:
    assert await codec(tmp_path, line("a")).decode([PLAIN]) == [PLAIN]


async def test_keys_rotate_while_migrations_are_under_way(tmp_path: Path) -> None:
    old, new = line("old"), line("new")
    written_before = await codec(tmp_path, old).encode([PLAIN])
    rotated = codec(tmp_path, new, old)
    assert await rotated.decode(written_before) == [PLAIN]
    assert (await rotated.encode([PLAIN]))[0].metadata[KEY_ID] == b"new"


async def test_an_unknown_key_is_named_with_the_remedy(tmp_path: Path) -> None:
    written_elsewhere = await codec(tmp_path, line("theirs")).encode([PLAIN])
    with pytest.raises(UnknownKey) as refused:
        await codec(tmp_path, line("ours"), line("older")).decode(written_elsewhere)
    for said in ("'theirs'", "ours, older", "VCFM_PAYLOAD_KEYS_FILE"):
        assert said in str(refused.value)


def flipped(payload: Payload, index: int) -> Payload:
    data = bytearray(payload.data)
    data[index] ^= 1
    return Payload(metadata=payload.metadata, data=bytes(data))


def renamed(payload: Payload) -> Payload:
    return Payload(metadata={**payload.metadata, KEY_ID: b"twin"}, data=payload.data)


TAMPERED: dict[str, Callable[[Payload], Payload]] = {
    "nonce": lambda each: flipped(each, 0),
    "cipher text": lambda each: flipped(each, 20),
    "tag": lambda each: flipped(each, -1),
    "cut short": lambda each: Payload(metadata=each.metadata, data=each.data[:20]),
    "empty": lambda each: Payload(metadata=each.metadata),
    "under another name of the same key": renamed,
}


@pytest.mark.parametrize("changed", TAMPERED.values(), ids=TAMPERED)
async def test_tampering_is_refused(tmp_path: Path, changed: Callable[[Payload], Payload]) -> None:
    ring = codec(tmp_path, f"a: {KEY}", f"twin: {KEY}")
    (payload,) = await ring.encode([PLAIN])
    with pytest.raises(Tampered, match="VCFM_PAYLOAD_KEYS_FILE"):
        await ring.decode([changed(payload)])


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], "holds no key"),
        (["a"], "line 3"),
        ([f": {KEY}"], "line 3"),
        ([f"a: {KEY}", f"b: {KEY[:-5]}"], "line 4"),
        (["a: c2hvcnQ="], "line 3"),
        (["a: ÄÖÜ"], "line 3"),
        ([f"a: {KEY}", f"a: {KEY}"], "line 4"),
    ],
)
def test_a_file_that_holds_no_keys_is_refused_without_quoting_it(tmp_path: Path, lines: list[str], said: str) -> None:
    with pytest.raises(InvalidKeys) as refused:
        KeyRing.read(written(tmp_path, *lines))
    assert said in str(refused.value)
    assert "openssl rand -base64 32" in str(refused.value)
    assert KEY[:8] not in str(refused.value)


def test_a_file_that_is_not_there_stops_the_process_with_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(temporal.TemporalUnavailable, match=r"cannot be read .*VCFM_PAYLOAD_KEYS_FILE"):
        temporal.converter(tmp_path / "none")


def test_a_ring_shows_names_and_no_keys(tmp_path: Path) -> None:
    assert repr(KeyRing.read(written(tmp_path, f"a: {KEY}", line("b")))) == "KeyRing(a, b)"


async def test_the_message_of_a_failure_is_a_payload_too(tmp_path: Path) -> None:
    converter = temporal.converter(written(tmp_path, line("a")))
    failure = Failure()
    await converter.encode_failure(ApplicationError("vc-new refuses", "rename vc-new", type="Refused"), failure)
    assert b"vc-new" not in failure.SerializeToString()
    error = await converter.decode_failure(failure)
    assert isinstance(error, ApplicationError)
    assert (error.message, list(error.details), error.type) == ("vc-new refuses", ["rename vc-new"], "Refused")


def test_without_keys_nothing_is_encrypted() -> None:
    assert temporal.converter(None).payload_codec is None


def test_one_file_serves_every_process(tmp_path: Path) -> None:
    assert isinstance(temporal.converter(written(tmp_path, line("a"))).payload_codec, Encryption)
