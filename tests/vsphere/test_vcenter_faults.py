"""Which error a fault, an HTTP answer or a broken wire becomes: a table, since somebody will be woken up by it."""

import http.client
from typing import Any
from xml.parsers.expat import ExpatError

import httpx
import pytest
from pyVmomi import vim, vmodl

from vsphere.api import faults
from vsphere.api.endpoint import Endpoint
from vsphere.errors import (
    AlreadyExists,
    Busy,
    CollectorLost,
    CredentialsRejected,
    Incompatible,
    NotFound,
    NotPermitted,
    Refused,
    SessionLost,
    Unreachable,
    VSphereError,
)

ENDPOINT = Endpoint(server="vc.example", username="u", password="canary", port=8443)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (vim.fault.NotAuthenticated(), SessionLost),
        (vim.fault.NoPermission(privilegeId="Folder.Create"), NotPermitted),
        (vim.fault.InvalidLogin(), CredentialsRejected),
        (vim.fault.InvalidLocale(), Refused),
        (vim.fault.DuplicateName(), AlreadyExists),
        (vim.fault.AlreadyExists(), AlreadyExists),
        (vim.fault.NotFound(), NotFound),
        (vmodl.fault.ManagedObjectNotFound(obj=vim.Folder("group-1")), NotFound),
        (vim.fault.TaskInProgress(), Busy),
        (vim.fault.ConcurrentAccess(), Busy),
        (vim.fault.ResourceInUse(), Busy),
        (vim.fault.Timedout(), Unreachable),
        (vmodl.fault.HostCommunication(), Unreachable),
        (vmodl.fault.HostNotReachable(), Unreachable),
        (vmodl.query.InvalidCollectorVersion(), CollectorLost),
        (vim.fault.InsufficientResourcesFault(), Refused),
        (vmodl.fault.InvalidArgument(), Refused),
        (vmodl.fault.SystemError(reason="vpxd is confused"), Refused),
    ],
)
def test_soap_faults(fault: Any, error: type[VSphereError]) -> None:
    found = faults.soap(fault, endpoint=ENDPOINT, call="CreateFolder on Folder:group-1")
    assert type(found) is error
    assert "CreateFolder on Folder:group-1 on vc.example:8443" in str(found)
    assert found.remedy in str(found)


def test_a_missing_privilege_is_named_with_its_object() -> None:
    fault = vim.fault.NoPermission(privilegeId="Folder.Create", object=vim.Folder("group-1"))
    found = faults.soap(fault, endpoint=ENDPOINT, call="CreateFolder")
    assert "lacks privilege Folder.Create on Folder:group-1" in str(found)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, {"error_type": "ALREADY_EXISTS"}, AlreadyExists),
        (400, {"type": "com.vmware.vapi.std.errors.already_exists", "value": {"messages": []}}, AlreadyExists),
        (404, {"error_type": "NOT_FOUND"}, NotFound),
        (404, None, NotFound),
        (401, None, SessionLost),
        (400, {"error_type": "UNAUTHENTICATED"}, SessionLost),
        (403, None, NotPermitted),
        (403, {"error_type": "UNAUTHORIZED"}, NotPermitted),
        (400, {"type": "com.vmware.vapi.std.errors.unauthorized"}, NotPermitted),
        (400, {"error_type": "RESOURCE_IN_USE"}, Busy),
        (400, {"error_type": "NOT_ALLOWED_IN_CURRENT_STATE"}, Incompatible),
        (400, {"error_type": "INVALID_ARGUMENT"}, Refused),
        (400, ["not", "a", "document"], Refused),
        (429, None, Unreachable),
        (503, {"error_type": "SERVICE_UNAVAILABLE"}, Unreachable),
        (502, None, Unreachable),
    ],
)
def test_rest_answers(status: int, body: Any, error: type[VSphereError]) -> None:
    response = httpx.Response(status, json=body) if body is not None else httpx.Response(status, text="<html>")
    assert type(faults.rest(response, endpoint=ENDPOINT, call="GET /api/cis/tagging/tag")) is error


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"error_type": "NOT_FOUND", "messages": [{"default_message": "No tag"}]}, "HTTP 404 not_found No tag."),
        ({"type": "a.not_found", "value": {"messages": [{"default_message": "No tag"}]}}, "HTTP 404 not_found No tag."),
    ],
)
def test_what_the_server_says_is_passed_on(body: Any, said: str) -> None:
    assert said in str(faults.rest(httpx.Response(404, json=body), endpoint=ENDPOINT, call="GET /x"))


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError(111, "Connection refused"),
        ConnectionResetError(104, "Connection reset by peer"),
        TimeoutError("timed out"),
        http.client.HTTPException("503 Service Unavailable"),
        http.client.HTTPException("404 Not Found"),
        ExpatError("syntax error"),
        KeyError("urn:vim25 Unheard"),
        httpx.ReadTimeout("The read operation timed out"),
    ],
)
def test_a_broken_wire_may_be_tried_again(error: Exception) -> None:
    found = faults.wire(error, endpoint=ENDPOINT, call="Login on SessionManager:SessionManager")
    assert type(found) is Unreachable
    assert found.retryable
    assert type(error).__name__ in str(found)


def test_a_password_is_in_no_representation() -> None:
    assert "canary" not in repr(ENDPOINT)
