"""A Temporal that was there, and has gone."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from temporalio.client import Client
from temporalio.service import RetryConfig

from cli.dev_server import dev_server


@pytest.fixture
def departed(tmp_path: Path) -> Callable[[], Awaitable[Client]]:
    """Makes a client whose server ends as soon as it is connected."""

    async def connect() -> Client:
        log = tmp_path / "temporal.log"
        async with dev_server(database=tmp_path / "temporal.db", port=0, ui_port=0, log=log) as server:
            return await Client.connect(server.address, retry_config=RetryConfig(max_elapsed_time_millis=1000))

    return connect
