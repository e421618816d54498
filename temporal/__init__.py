"""How this product speaks to Temporal: connection, payload converter, and the names that are contract.

The connection follows Temporal's environment configuration, so that a setting which works for the `temporal` command
works here. One converter serves client, worker, replayer and tests, so that they cannot drift.

The SDK retries the client's own calls, and those of a bare service (`client.operator_service`, …) only if they say so.
A call that nobody repeats must: Temporal closes every connection after five minutes
(`frontend.keepAliveMaxConnectionAge`), and one that meets that moment is else cancelled.
"""

import asyncio
import dataclasses
from pathlib import Path

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.common import SearchAttributeKey
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DataConverter, DefaultFailureConverterWithEncodedAttributes
from temporalio.envconfig import ClientConfig
from temporalio.runtime import LoggingConfig, LoggingFormat, PrometheusConfig, Runtime, TelemetryConfig
from temporalio.service import RPCError, RPCStatusCode

from config.settings import Settings
from temporal.codec import Encryption, InvalidKeys, KeyRing

CLUSTER = SearchAttributeKey.for_keyword("VcfmCluster")
PHASE = SearchAttributeKey.for_keyword("VcfmPhase")
STATE = SearchAttributeKey.for_keyword("VcfmState")
NEEDS_HUMAN = SearchAttributeKey.for_bool("VcfmNeedsHuman")

_TYPES = {
    CLUSTER.name: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    PHASE.name: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    STATE.name: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    NEEDS_HUMAN.name: IndexedValueType.INDEXED_VALUE_TYPE_BOOL,
}


class TemporalUnavailable(Exception):
    """Temporal cannot be used as configured; the message says what to do."""


def converter(payload_keys: Path | None) -> DataConverter:
    """How values become payloads and back: pydantic's JSON, encrypted if there is a file of keys.

    With keys, the message and the stack of a failure are a payload too; without, Temporal keeps both in clear.

    Raises:
        TemporalUnavailable: the file holds no usable keys.
    """
    if payload_keys is None:
        return pydantic_data_converter
    return dataclasses.replace(
        pydantic_data_converter,
        payload_codec=encryption(payload_keys),
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )


def encryption(payload_keys: Path) -> Encryption:
    """The codec over the keys in a file.

    Raises:
        TemporalUnavailable: the file holds no usable keys.
    """
    try:
        return Encryption(KeyRing.read(payload_keys))
    except InvalidKeys as error:
        raise TemporalUnavailable(str(error)) from error


async def connect() -> Client:
    """A client for the configured Temporal (default `localhost:7233`, namespace `default`).

    The keys are read here and not handed in: no process may forget them and write in clear what others encrypt.

    Raises:
        TemporalUnavailable: nothing answers there, or it refuses us, or the payload keys are not usable.
    """
    config = ClientConfig.load_client_connect_config()
    config.setdefault("target_host", "localhost:7233")
    settings = Settings()
    try:
        return await Client.connect(
            **config, data_converter=converter(settings.payload_keys_file), runtime=_runtime(settings)
        )
    except (RuntimeError, RPCError) as error:
        raise TemporalUnavailable(
            f"Temporal at {config['target_host']} does not answer ({error}). Start it (`vcfm serve --dev` brings its "
            "own), or set TEMPORAL_ADDRESS to one that runs."
        ) from error


def _runtime(settings: Settings) -> Runtime:
    """What the SDK runs on: it logs in the form that everything else does, and serves its own metrics if it is to."""
    form = LoggingFormat.JSON if settings.log_json else LoggingFormat.COMPACT
    logging = LoggingConfig(filter=LoggingConfig.default.filter, format=form)
    telemetry = TelemetryConfig(logging=logging)
    if settings.temporal_metrics_port is None:
        return Runtime(telemetry=telemetry)
    address = f"{settings.health_host}:{settings.temporal_metrics_port}"
    metrics = PrometheusConfig(
        bind_address=address, counters_total_suffix=True, unit_suffix=True, durations_as_seconds=True
    )
    try:
        return Runtime(telemetry=dataclasses.replace(telemetry, metrics=metrics))
    except ValueError as error:
        raise TemporalUnavailable(f"VCFM_TEMPORAL_METRICS_PORT: cannot listen on {address} ({error})") from error


async def ensure_search_attributes(client: Client) -> None:
    """Register the product's search attributes in the client's namespace; safe to repeat and to race.

    Raises:
        TemporalUnavailable: they are missing and we may not add them.
    """
    for _ in range(100):
        listed = await client.operator_service.list_search_attributes(
            ListSearchAttributesRequest(namespace=client.namespace), retry=True
        )
        missing = {name: kind for name, kind in _TYPES.items() if name not in listed.custom_attributes}
        if not missing:
            return
        try:
            await client.operator_service.add_search_attributes(
                AddSearchAttributesRequest(namespace=client.namespace, search_attributes=missing), retry=True
            )
        except RPCError as error:
            if error.status is RPCStatusCode.ALREADY_EXISTS:  # another worker was first
                continue
            if error.status is RPCStatusCode.PERMISSION_DENIED:
                raise TemporalUnavailable(
                    f"namespace {client.namespace!r} lacks the search attributes {', '.join(sorted(missing))}, and "
                    "this identity may not add them: ask its administrator to, as Keyword (VcfmNeedsHuman: Bool)"
                ) from error
            raise
        # Registration is eventually consistent: a workflow that uses an attribute too early is stuck until it is known.
        await asyncio.sleep(0.1)
    raise TemporalUnavailable(f"search attributes did not appear in namespace {client.namespace!r} within 10 s")
