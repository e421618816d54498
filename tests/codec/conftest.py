"""The whole service with its payloads encrypted."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.client import Client

import temporal
from tests.codec.rings import line, written
from tests.support.serving import Serving, serving
from tests.workflows.world import World


@pytest.fixture
def payload_keys(tmp_path: Path) -> Path:
    return written(tmp_path, line("2026-11"), line("2025-11"))


@pytest.fixture
async def encrypted(temporal_client: Client, payload_keys: Path, tmp_path: Path) -> AsyncIterator[Serving]:
    """As the fixture `service`, over a client that has keys."""
    client = await Client.connect(
        temporal_client.service_client.config.target_host, data_converter=temporal.converter(payload_keys)
    )
    async with serving(client, World(), tmp_path) as running:
        yield running
