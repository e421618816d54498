"""One call to the API server: sent, classified, recorded, and retried where that is safe and short.

Sent twice are a read whose connection broke (once, on a fresh connection), what was throttled (429 means: not done) for
a few seconds, and what met stale credentials (401 means the same). Everything longer is the activity's business, where
people see it. Recorded is every attempt, also one that was cancelled half-way: it may have worked.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from migration.audit.call import Recorder
from migration.frozen_model import KubeObject
from openshift.api.recording import Stopwatch, recordable
from openshift.api.resources import Resource
from openshift.api.transport import Answer, Request, Transport, parse
from openshift.errors import OpenShiftError, Throttled, Unauthorized, Unreachable, refusal

THROTTLE_PATIENCE = 10.0  # seconds of Retry-After in all; longer is reported, so that people see it

_VERBS = {"GET": "read", "POST": "create", "PATCH": "patch", "DELETE": "delete"}


class ApiClient:
    """Makes calls over one transport and hands each to the recorder."""

    def __init__(self, transport: Transport, *, recorder: Recorder) -> None:
        self._transport = transport
        self._recorder = recorder

    @property
    def server(self) -> str:
        """Host and port of the API server."""
        return self._transport.server

    async def call(
        self,
        method: str,
        resource: Resource,
        *,
        name: str | None = None,
        namespace: str | None = None,
        subresource: str | None = None,
        query: dict[str, str] | None = None,
        body: Any = None,
        content_type: str = "application/json",
    ) -> KubeObject:
        """Send, with retries, until the answer is final; returns the document that the API server answers."""
        request = Request(
            method=method,
            path=resource.path(name=name, namespace=namespace, subresource=subresource),
            query=query or {},
            body=body,
            content_type=content_type,
        )
        called = name or (body["metadata"].get("name") if method == "POST" else None)
        subject = f"{_VERBS[method]} {resource.describe(name=called, namespace=namespace)}"
        reconnected = reauthenticated = False
        patience = THROTTLE_PATIENCE
        while True:
            try:
                return await self._send(request, resource=resource, subject=subject)
            except Unreachable as error:
                broken = error.__cause__ is not None  # as opposed to an answer of 5xx
                if request.method != "GET" or reconnected or not broken:
                    raise
                reconnected = True
            except Unauthorized:
                if reauthenticated:
                    raise
                await self._transport.authenticate()
                reauthenticated = True
            except Throttled as error:
                wait = max(error.retry_after, 0.1)
                patience -= wait
                if patience < 0:
                    raise
                await asyncio.sleep(wait)

    @asynccontextmanager
    async def stream(
        self, resource: Resource, *, namespace: str | None, query: dict[str, str], silence: float
    ) -> AsyncIterator[AsyncIterator[KubeObject]]:
        """The documents of an answer that goes on, one per line. Recorded twice: when opened, when closed."""
        request = Request(method="GET", path=resource.path(namespace=namespace), query=query)
        opening = self._stopwatch("WATCH", request.path, mutating=False)
        lifetime = self._stopwatch("WATCH CLOSED", request.path, mutating=False)
        outcome, opened = "left", False
        try:
            async with self._transport.stream(request, silence=silence) as (answer, lines):
                opened = True
                opening.stop(outcome=_outcome(answer), request=query)
                if answer.status >= 400:
                    raise _refusal(answer, subject=f"watch {resource.describe(namespace=namespace)}", resource=resource)
                yield _documents(lines)
                outcome = "ended"
        except OpenShiftError as error:
            outcome = type(error).__name__
            raise
        finally:
            if opened:
                lifetime.stop(outcome=outcome)
            else:
                opening.stop(outcome=outcome, request=query)

    async def _send(self, request: Request, *, resource: Resource, subject: str) -> KubeObject:
        mutating = request.method != "GET" and "dryRun" not in request.query
        stopwatch = self._stopwatch(request.method, request.path, mutating=mutating)
        outcome, answered = "cancelled", None
        try:
            answer = await self._transport.send(request)
            outcome = _outcome(answer)
            if answer.status >= 400:
                refused = _refusal(answer, subject=subject, resource=resource)
                answered = str(refused)
                raise refused
            document = parse(answer.text)
            answered = recordable(resource, document)
        except Unreachable as error:
            outcome = type(error).__name__ if error.__cause__ else outcome
            raise
        finally:
            asked = recordable(resource, request.body) if request.body is not None else request.query or None
            stopwatch.stop(outcome=outcome, request=asked, response=answered)
        return document

    def _stopwatch(self, method: str, target: str, *, mutating: bool) -> Stopwatch:
        return Stopwatch(recorder=self._recorder, server=self.server, method=method, target=target, mutating=mutating)


def _refusal(answer: Answer, *, subject: str, resource: Resource) -> OpenShiftError:
    return refusal(
        status=answer.status,
        body=answer.text,
        headers=answer.headers,
        subject=subject,
        confidential=resource.confidential,
    )


def _outcome(answer: Answer) -> str:
    return "ok" if answer.status < 400 else str(answer.status)


async def _documents(lines: AsyncIterator[str]) -> AsyncIterator[KubeObject]:
    async for line in lines:
        yield parse(line)
