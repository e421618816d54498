"""What an API server answers, and what we make of it: texts as real ones send them."""

import json
from typing import Any

import pytest

from openshift.errors import (
    AlreadyExists,
    Conflict,
    Forbidden,
    Gone,
    Invalid,
    NotFound,
    NotServed,
    OpenShiftError,
    Throttled,
    Unauthorized,
    Unreachable,
    refusal,
)


def status(message: str = "", reason: str = "", **more: Any) -> str:
    return json.dumps({"kind": "Status", "status": "Failure", "message": message, "reason": reason} | more)


def judged(code: int, body: str, *, confidential: bool = False, **headers: str) -> OpenShiftError:
    return refusal(status=code, body=body, headers=headers, subject="patch Machine a/b", confidential=confidential)


@pytest.mark.parametrize(
    ("code", "body", "kind"),
    [
        (500, status("etcdserver: leader changed", "InternalError"), Unreachable),
        (500, status("rpc error: code = Unavailable desc = etcdserver: request timed out"), Unreachable),
        (500, status('failed calling webhook "default.machine": connection refused', "InternalError"), Unreachable),
        (503, "no healthy upstream", Unreachable),
        (504, status("the server was unable to return a response in the time allotted", "Timeout"), Unreachable),
        (429, status("too many requests", "TooManyRequests"), Throttled),
        (409, status("the object has been modified", "Conflict"), Conflict),
        (409, status('machines "b" already exists', "AlreadyExists"), AlreadyExists),
        (410, status("too old resource version: 1 (2)", "Expired"), Gone),
        (404, status('machines "b" not found', "NotFound"), NotFound),
        (404, "404 page not found\n", NotServed),
        (401, status("Unauthorized", "Unauthorized"), Unauthorized),
        (403, status('machines is forbidden: User "me" cannot list resource "machines" in API group "x"'), Forbidden),
        (403, status('admission webhook "x" denied the request: replicas is immutable', "Forbidden"), Invalid),
        (422, status("the server rejected our request", "Invalid", details={}), Conflict),
        (422, status("is invalid", "Invalid", details={"kind": "Machine", "causes": []}), Invalid),
        (400, status("the object provided is unrecognized", "BadRequest"), Invalid),
    ],
)
def test_each_refusal_has_one_meaning(code: int, body: str, kind: type[OpenShiftError]) -> None:
    error = judged(code, body)
    assert type(error) is kind
    assert "patch Machine a/b" in str(error)
    assert error.remedy


@pytest.mark.parametrize("kind", [Unreachable, Throttled, Conflict, Gone])
def test_weather_is_retried(kind: type[OpenShiftError]) -> None:
    assert kind.retryable


@pytest.mark.parametrize("kind", [NotFound, AlreadyExists, Unauthorized, Forbidden, Invalid])
def test_verdicts_are_not_retried(kind: type[OpenShiftError]) -> None:
    assert not kind.retryable


@pytest.mark.parametrize(
    ("headers", "details", "seconds"),
    [
        ({"retry-after": "7"}, {}, 7.0),
        ({"retry-after": "7"}, {"retryAfterSeconds": 3}, 7.0),
        ({}, {"retryAfterSeconds": 3}, 3.0),
        ({}, {}, 1.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, {}, 1.0),
    ],
)
def test_the_pause_that_was_asked_for(headers: dict[str, str], details: dict[str, int], seconds: float) -> None:
    error = judged(429, status("busy", "TooManyRequests", details=details), **headers)
    assert isinstance(error, Throttled)
    assert error.retry_after == seconds


def test_causes_are_told_field_by_field() -> None:
    causes = [{"field": "spec.a", "message": "too long", "reason": "FieldValueTooLong"}, {"message": "and more"}]
    error = judged(422, status("is invalid", "Invalid", details={"kind": "Machine", "causes": causes}))
    assert isinstance(error, Invalid)
    assert error.causes == ("spec.a: too long", "and more")


def test_a_confidential_refusal_keeps_the_field_and_withholds_the_words() -> None:
    causes = [{"field": "data[x]", "message": "Invalid value: hunter2", "reason": "FieldValueInvalid"}]
    body = status("hunter2 is invalid", "Invalid", details={"kind": "Secret", "causes": causes})
    error = judged(422, body, confidential=True)
    assert "hunter2" not in str(error)
    assert "data[x]: FieldValueInvalid" in str(error)
