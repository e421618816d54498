"""Things that go wrong on real sites, for as long as a block lasts: `with fault(state_dir, "away", "target"): …`.

Each kind is made by the part that it befalls wherever possible (an API server that does not answer, a real disruption
budget, a vCenter's own fault type), so that whoever meets it here has met it. Whatever a kind does it undoes, also when
the block ends by an error. A killed block leaves its fault standing: a lab is cheap.
"""

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple

from lab.cluster import workloads
from lab.commands import LabError, admin_api, running
from lab.state import StateDir
from lab.vcenters.admin import VCenterAdmin

POLICY = "policy/v1", "PodDisruptionBudget"
WEBHOOK = "lab-webhook-down"


class Kind(NamedTuple):
    """One way to fail.

    Attributes:
        arguments: what it is told, as shown to people.
        meaning: what happens then.
    """

    arguments: tuple[str, ...]
    meaning: str
    make: Callable[..., AbstractContextManager[None]]


def fault(state_dir: Path, kind: str, *arguments: str) -> AbstractContextManager[None]:
    """Make something go wrong while the block lasts.

    Raises:
        LabError: no such kind, other arguments wanted, or no lab runs there.
    """
    state = running(state_dir)
    if kind not in KINDS:
        raise LabError(f"no fault {kind!r}: name one of {', '.join(sorted(KINDS))}")
    wanted = KINDS[kind].arguments
    if len(arguments) != len(wanted):
        raise LabError(f"{kind} wants {len(wanted)} arguments: {' '.join([kind, *wanted])}")
    return KINDS[kind].make(state, *arguments)


def _vcenter(state: StateDir, role: str) -> VCenterAdmin:
    endpoints = json.loads(state.private.read_text())
    if role not in endpoints:
        raise LabError(f"no vCenter {role!r}: name one of {', '.join(endpoints)}")
    return VCenterAdmin(**endpoints[role])


@contextmanager
def _away(state: StateDir, role: str) -> Iterator[None]:
    vcenter = _vcenter(state, role)
    vcenter.break_connections()
    try:
        yield
    finally:
        vcenter.mend()


@contextmanager
def _lost_answer(state: StateDir, role: str, request: str) -> Iterator[None]:
    vcenter = _vcenter(state, role)
    vcenter.lose_answers(request)
    try:
        yield
    finally:
        vcenter.mend()


def _refusing(method: str, fault_type: str, message: str) -> Callable[..., AbstractContextManager[None]]:
    @contextmanager
    def refuse(state: StateDir, role: str) -> Iterator[None]:
        vcenter = _vcenter(state, role)
        vcenter.inject({"method": method, "fault": fault_type, "message": message})
        try:
            yield
        finally:
            vcenter.clear_faults()

    return refuse


@contextmanager
def _hanging(state: StateDir, part: str) -> Iterator[None]:
    pid = int(_existing(state.pids / part, state).read_text())
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@contextmanager
def _stopped(state: StateDir, part: str) -> Iterator[None]:
    if part.startswith("vcenter-"):
        raise LabError("a vCenter keeps its inventory in memory: use `away` or `hanging` for it")
    wanted = _existing(state.processes / f"{part}.json", state)
    aside = wanted.with_suffix(".aside")
    wanted.rename(aside)
    try:
        yield
    finally:
        aside.rename(wanted)


def _existing(file: Path, state: StateDir) -> Path:
    if not file.exists():
        known = sorted(each.stem for each in state.processes.glob("*.json"))
        raise LabError(f"no part {file.stem!r}: name one of {', '.join(known)}")
    return file


@contextmanager
def _no_eviction(state: StateDir) -> Iterator[None]:
    """Every user workload insists on all its pods, so that no drain can end."""
    with admin_api(state) as api:
        budgets = api.objects(*POLICY, workloads.NAMESPACE)
        for each in budgets:
            patch = {"spec": {"minAvailable": "100%"}}
            api.request("PATCH", api.path(_named(each)), body=patch, kind="application/merge-patch+json")
    try:
        yield
    finally:
        with admin_api(state) as api:
            for each in budgets:
                patch = {"spec": {"minAvailable": each["spec"]["minAvailable"]}}
                api.request("PATCH", api.path(_named(each)), body=patch, kind="application/merge-patch+json")


def _named(item: dict[str, object]) -> dict[str, object]:
    """An item of a list, with the version and kind that lists leave out."""
    version, kind = POLICY
    return item | {"apiVersion": version, "kind": kind}


@contextmanager
def _webhook_down(state: StateDir) -> Iterator[None]:
    """A webhook that judges Machines and MachineSets, must be asked, and does not answer."""
    rule = {
        "apiGroups": ["machine.openshift.io"],
        "apiVersions": ["*"],
        "operations": ["CREATE", "UPDATE"],
        "resources": ["machines", "machinesets"],
    }
    document = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": WEBHOOK},
        "webhooks": [
            {
                "name": "validation.machine.machine.openshift.io",
                "clientConfig": {"url": "https://127.0.0.1:9/validate"},  # the discard port: nobody listens
                "rules": [rule],
                "failurePolicy": "Fail",
                "sideEffects": "None",
                "admissionReviewVersions": ["v1"],
            }
        ],
    }
    with admin_api(state) as api:
        api.apply(document)
    try:
        yield
    finally:
        with admin_api(state) as api:
            api.request("DELETE", api.path(document))


KINDS = {
    "away": Kind(("ROLE",), "every connection to the vCenter breaks", _away),
    "lost-answer": Kind(("ROLE", "REQUEST"), "the next such request works, but is never answered", _lost_answer),
    "hanging": Kind(("PART",), "a part of the lab stops answering without closing anything", _hanging),
    "stopped": Kind(("PART",), "a part of the lab is not there", _stopped),
    "no-eviction": Kind((), "disruption budgets forbid every eviction of the users' pods", _no_eviction),
    "webhook-down": Kind((), "Machines and MachineSets cannot be written", _webhook_down),
    "session-expired": Kind(
        ("ROLE",),
        "the vCenter knows no session, and gives none",
        _refusing("*", "NotAuthenticated", "The session is not authenticated."),
    ),
    "privilege-missing": Kind(
        ("ROLE",),
        "folders cannot be created",
        _refusing("CreateFolder", "NoPermission", "Permission to perform this operation was denied."),
    ),
    "datastore-full": Kind(
        ("ROLE",),
        "machines cannot be cloned",
        _refusing("CloneVM_Task", "NoDiskSpace", "Insufficient disk space on datastore."),
    ),
    "template-gone": Kind(
        ("ROLE",),
        "machines cannot be cloned",
        _refusing("CloneVM_Task", "ManagedObjectNotFound", "The object has already been deleted."),
    ),
}
