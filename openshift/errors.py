"""Every way a cluster can say no, on one page.

    OpenShiftError
    ├── Unreachable      nobody answered, or an API server that cannot answer now         retryable
    ├── Throttled        429, with the pause it asked for                                 retryable
    ├── Conflict         409, or a JSON patch whose `test` failed: the object moved       retryable: observe again
    ├── Gone             410: the resource version is too old                             retryable: list again
    ├── NotFound         the object is not there
    │   └── NotServed    the cluster does not know the kind at all
    ├── AlreadyExists    a create met an object of that name
    ├── Unauthorized     401: the credentials are not accepted
    ├── Forbidden        403 by RBAC: names verb and resource
    ├── Invalid          400, 422 and admission's refusals: causes, field by field
    ├── Unexpected       a document lacks what we rely on
    │   ├── CheckpointUnreadable  a checkpoint that cannot be relied on
    │   └── CheckpointMissing     no checkpoint that an update could be merged into
    ├── StillInUse       refused by us: something would be lost
    ├── Superseded       refused by us: another run has the cluster in hand
    └── Misconfigured    the kubeconfig does not lead to a cluster

Whether to try again is a property of the kind of refusal, not of the place where it is met; that is why it stands here.
A 5xx is always `Unreachable`: "etcdserver: leader changed", a webhook that is down while the control plane rolls and an
API server that shuts down all look permanent and are transient.
"""

import json
import re
from typing import Any, ClassVar


class OpenShiftError(Exception):
    """Something a cluster refused or could not do.

    Attributes:
        retryable: whether the same call can succeed later without anybody doing anything.
        remedy: the next step a person can take.
    """

    retryable: ClassVar[bool] = False
    usual_remedy: ClassVar[str] = ""

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy or self.usual_remedy

    def __str__(self) -> str:
        return f"{self.args[0]}. {self.remedy}" if self.remedy else str(self.args[0])


class Unreachable(OpenShiftError):
    """The API server did not answer, or answered that it cannot now. A mutating call may have worked nevertheless."""

    retryable = True
    usual_remedy = "Check that the API server answers (`oc get --raw /readyz`)"


class Throttled(OpenShiftError):
    """The API server asks for a pause of `retry_after` seconds."""

    retryable = True
    usual_remedy = "Nothing to do unless it lasts: then look for a client that floods the API server"

    def __init__(self, message: str, *, retry_after: float, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.retry_after = retry_after


class Conflict(OpenShiftError):
    """The object is not as it was observed: somebody else wrote it in between."""

    retryable = True
    usual_remedy = "The object is read again and the change is computed again"


class Gone(OpenShiftError):
    """The resource version has been compacted away."""

    retryable = True
    usual_remedy = "Everything is listed again"


class NotFound(OpenShiftError):
    """There is no such object."""

    usual_remedy = "Check that the object exists and was not deleted meanwhile"


class NotServed(NotFound):
    """The cluster does not serve the kind: its CRD is not installed."""

    usual_remedy = "Check that the cluster has the capability that brings this kind (`oc api-resources`)"


class AlreadyExists(OpenShiftError):
    """An object of that name exists."""

    usual_remedy = (
        "Look at the existing object: it is ours if it carries the migration's labels, else rename one of them"
    )


class Unauthorized(OpenShiftError):
    """The credentials were not accepted, also after reading them afresh."""

    usual_remedy = "Renew the token or certificate in the kubeconfig, then retry"


class Forbidden(OpenShiftError):
    """RBAC does not allow it; the message names verb and resource."""

    usual_remedy = "Apply deploy/rbac to the cluster (or bind the account to that ClusterRole), then retry"


class Invalid(OpenShiftError):
    """The API server or an admission rule evaluated the request and refused it.

    Attributes:
        causes: what is wrong, one line per field.
    """

    usual_remedy = "Correct the named fields; the same request will be refused again"

    def __init__(self, message: str, *, causes: tuple[str, ...] = (), remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.causes = causes


class Unexpected(OpenShiftError):
    """A document lacks something that every cluster of this kind has."""

    usual_remedy = "Compare the object with that of a healthy cluster and repair it, then retry"


class CheckpointUnreadable(Unexpected):
    """The checkpoint of a migration is damaged, or another version's."""


class CheckpointMissing(Unexpected):
    """What an update is to be merged into is not there: the checkpoint has to be written whole."""

    usual_remedy = "It is written anew; nothing to do"


class StillInUse(OpenShiftError):
    """We refuse to delete what others still hang on."""

    usual_remedy = "Let what uses it go first, then retry"


class Superseded(OpenShiftError):
    """The cluster's record says that another run acts on it, or that the migration is over."""

    usual_remedy = "Leave this run alone (`temporal workflow terminate` ends it), and follow the one that it names"


class Misconfigured(OpenShiftError):
    """No cluster can be reached with what was given."""

    usual_remedy = "Check the kubeconfig's path, context, certificates and exec plugin with `oc --kubeconfig … whoami`"


_RBAC = re.compile(r'User ".*" cannot (?P<what>\w+ resource ".*)', re.DOTALL)
# A document that does not decode is quoted whole by the API server; the beginning says what is wrong.
_LONGEST = 1000


def refusal(*, status: int, body: str, headers: dict[str, str], subject: str, confidential: bool) -> OpenShiftError:
    """An HTTP answer of 400 and more, as our error.

    `subject` says what was tried on which object. With `confidential` (Secrets) the server's own words are withheld,
    since decoding errors quote the bytes around the fault.
    """
    answer = _status_object(body)
    message = str(answer.get("message") or body.strip() or "no explanation")[:_LONGEST]
    reason = str(answer.get("reason") or "")
    details = answer.get("details") or {}
    causes = tuple(_cause(each, confidential=confidential) for each in details.get("causes") or [])
    said = f"{subject}: {reason or status}" if confidential else f"{subject}: {message}"
    if status == 429:
        return Throttled(said, retry_after=_retry_after(answer, headers))
    if status >= 500 or status == 408:
        return Unreachable(f"{said} (HTTP {status})")
    if status == 409:
        return AlreadyExists(said) if reason == "AlreadyExists" else Conflict(said)
    if status == 422 and answer and not details:
        # So, without a word of detail, a JSON patch is answered whose `test` failed or whose path is missing.
        return Conflict(f"{subject}: the object is not as the patch expects it")
    if status == 404:
        # A missing object is answered by a Status; a missing kind by the router's plain text.
        return NotFound(said) if answer else NotServed(said)
    if status == 403 and (denied := _RBAC.search(message)):
        return Forbidden(f"{subject}: the account must not {denied['what']}")
    if status in {401, 410}:
        return {401: Unauthorized, 410: Gone}[status](said)
    return Invalid(": ".join((said, *causes)) if confidential else said, causes=causes)


def watch_refusal(event: dict[str, Any], *, subject: str) -> OpenShiftError:
    """The Status inside a watch's ERROR event, as our error."""
    return refusal(
        status=int(event.get("code") or 500), body=json.dumps(event), headers={}, subject=subject, confidential=False
    )


def _status_object(body: str) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) and answer.get("kind") == "Status" else {}


def _cause(cause: dict[str, Any], *, confidential: bool) -> str:
    said = cause.get("reason", "") if confidential else cause.get("message") or cause.get("reason", "")
    return ": ".join(filter(None, (str(cause.get("field") or ""), str(said or "")[:_LONGEST])))


def _retry_after(answer: dict[str, Any], headers: dict[str, str]) -> float:
    """Seconds; the header is the server's last word, the Status its first, and one second the convention."""
    asked = headers.get("retry-after") or (answer.get("details") or {}).get("retryAfterSeconds")
    try:
        return max(0.0, float(asked or 1))
    except ValueError:
        return 1.0
