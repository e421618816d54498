"""Every request to the API server as a `Call`, without the content of Secrets.

The journal redacts what it stores, but it knows a patch only as a list of values; here the resource is known. So values
of Secrets never leave this room: keys stay (they are diagnosis), values become a mark.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from time import monotonic
from typing import Any

from migration.audit.call import Call, Recorder
from openshift.api.resources import Resource

HIDDEN = "(hidden)"


class Stopwatch:
    """Times one call and hands it over once it is known what came of it."""

    def __init__(self, *, recorder: Recorder, server: str, method: str, target: str, mutating: bool) -> None:
        self._recorder = recorder
        self._server = server
        self._method = method
        self._target = target
        self._mutating = mutating
        self._started = datetime.now(UTC)
        self._from = monotonic()

    def stop(self, *, outcome: str, request: Any = None, response: Any = None) -> None:
        self._recorder(
            Call(
                system="kubernetes",
                server=self._server,
                method=self._method,
                target=self._target,
                mutating=self._mutating,
                started=self._started,
                seconds=monotonic() - self._from,
                outcome=outcome,
                request=request,
                response=response,
            )
        )


def recordable(resource: Resource, body: Any) -> Any:
    """The body as it may be recorded: a document, a list of documents or a JSON patch."""
    return _hide(body) if resource.confidential else body


def _hide(body: Any) -> Any:
    if isinstance(body, list):
        return [each | {"value": HIDDEN} if "value" in each else each for each in body]
    if not isinstance(body, dict):
        return HIDDEN if body else body
    if isinstance(body.get("items"), list):
        return body | {"items": [_hide(each) for each in body["items"]]}
    rules: dict[str, Callable[[Any], Any]] = {"data": _mark, "stringData": _mark, "metadata": _bare}
    return {key: rules.get(key, lambda kept: kept)(value) for key, value in body.items()}


def _mark(values: Any) -> Any:
    return dict.fromkeys(values, HIDDEN) if isinstance(values, dict) else HIDDEN


def _bare(metadata: Any) -> Any:
    """Metadata without annotations: `kubectl apply` keeps the whole Secret in one of them."""
    return {key: value for key, value in metadata.items() if key != "annotations"} if metadata else metadata


def discard(_: Call) -> None:
    """The recorder of those who keep no journal."""
