"""Sessions with a real vCenter (the lab's) over verified TLS: made once, renewed once, refused once, never leaked."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from lab.certificates import Authority
from migration.audit.call import Call
from tests.vsphere.real_vcenter import RealVCenter
from vsphere.api import rest, soap
from vsphere.api.certificates import trust
from vsphere.api.session import VCenter
from vsphere.errors import (
    Busy,
    CertificateRejected,
    CredentialsRejected,
    NotFound,
    NotPermitted,
    Refused,
    SessionLost,
    Unreachable,
    VSphereError,
)
from vsphere.inventory import Inventory, Place
from vsphere.tags import TagService

Own = Callable[..., RealVCenter]


def methods(calls: list[Call]) -> list[str]:
    return [each.method for each in calls]


def logins(calls: list[Call]) -> int:
    return methods(calls).count("Login")


def terminate(vcenter: VCenter, by: RealVCenter) -> None:
    """What an administrator does with Terminate Session, and what idling does by itself."""
    with by.session(lambda _: None) as administrator:
        administrator.soap.login()
        administrator.content.sessionManager.TerminateSession([vcenter.soap.session_key])


def test_nothing_is_sent_before_the_first_call(vcenter: VCenter, calls: list[Call]) -> None:
    assert not calls


def test_a_vcenter_says_who_it_is(vcenter: VCenter, calls: list[Call]) -> None:
    about = vcenter.verify()
    assert about.instance_uuid
    assert about.version
    assert methods(calls) == ["RetrieveServiceContent", "Login", "POST", "POST"]
    assert {each.system for each in calls} == {"vsphere-soap", "vsphere-rest"}
    assert vcenter.about() == about


def test_ten_threads_share_one_session(vcenter: VCenter, calls: list[Call]) -> None:
    start = threading.Barrier(10)

    def look(number: int) -> int:
        start.wait()
        Inventory(vcenter).datacenters()
        TagService(vcenter).categories([f"none-{number}"])
        return number

    with ThreadPoolExecutor(10) as threads:
        assert list(threads.map(look, range(10))) == list(range(10))
    assert logins(calls) == 1
    assert [each.target for each in calls].count("/rest/com/vmware/cis/session") == 1


def test_an_expired_session_is_renewed_once_per_call(vcenter: VCenter, shared: RealVCenter, calls: list[Call]) -> None:
    before = Inventory(vcenter).datacenters()
    terminate(vcenter, shared)
    calls.clear()
    assert Inventory(vcenter).datacenters() == before
    assert [each.outcome for each in calls if each.outcome != "ok"] == ["NotAuthenticated"]
    assert logins(calls) == 1


def test_ten_threads_renew_an_expired_session_without_a_storm(
    vcenter: VCenter, shared: RealVCenter, calls: list[Call]
) -> None:
    inventory = Inventory(vcenter)
    before = inventory.datacenters()
    terminate(vcenter, shared)
    calls.clear()
    with ThreadPoolExecutor(10) as threads:
        assert list(threads.map(lambda _: inventory.datacenters(), range(10))) == [before] * 10
    assert logins(calls) == 1


def test_a_late_refusal_does_not_overwrite_a_new_session(vcenter: VCenter, calls: list[Call]) -> None:
    before = Inventory(vcenter).datacenters()
    vcenter.soap.cookie = 'vmware_soap_session="handed-out-with-a-refusal"'  # as pyVmomi does with every answer's
    assert Inventory(vcenter).datacenters() == before
    assert logins(calls) == 1


@pytest.mark.parametrize("fails", [True, False])
def test_what_was_read_across_two_sessions_is_read_again(vcenter: VCenter, *, fails: bool) -> None:
    reads: list[int] = []

    def read() -> int:
        reads.append(len(reads))
        if len(reads) == 1:
            vcenter.soap.login(vcenter.soap.logins)  # half-way, the session expires and is renewed
            if fails:
                raise NotFound("the view is gone")
        return len(reads)

    assert vcenter.in_one_session(read) == 2


def test_a_session_that_never_holds_is_an_error_and_not_a_loop(
    vcenter: VCenter, shared: RealVCenter, calls: list[Call]
) -> None:
    shared.admin.inject({"method": "FindByInventoryPath", "fault": "NotAuthenticated"})
    with pytest.raises(SessionLost):
        Inventory(vcenter).require(Place(kind="Datacenter", path="/dc-source"))
    assert methods(calls).count("FindByInventoryPath") == 2
    assert logins(calls) == 2


def test_an_expired_rest_session_is_renewed(vcenter: VCenter, shared: RealVCenter, calls: list[Call]) -> None:
    tags = TagService(vcenter)
    before = tags.categories(["openshift-region"])
    url = f"https://{shared.endpoint().name}/rest/com/vmware/cis/session"
    session = {"vmware-api-session-id": vcenter.rest.login()}
    httpx.request("DELETE", url, headers=session, verify=trust(str(shared.ca_file)), trust_env=False)
    calls.clear()
    assert TagService(vcenter).categories(["openshift-region"]) == before
    assert [each.outcome for each in calls][:4] == ["401", "404", "ok", "ok"]


def test_a_wrong_password_is_tried_once_by_everybody_together(shared: RealVCenter, calls: list[Call]) -> None:
    with shared.session(calls.append, password="wrong-password") as vcenter:
        for attempt in (vcenter.soap.login, vcenter.rest.login, Inventory(vcenter).datacenters, vcenter.verify):
            with pytest.raises(CredentialsRejected) as refused:
                attempt()
            assert not refused.value.retryable
            assert "Secret" in refused.value.remedy
    assert logins(calls) == 1
    assert not [each for each in calls if each.system == "vsphere-rest"]


def test_a_wrong_password_is_recognised_over_rest_too(shared: RealVCenter, calls: list[Call]) -> None:
    with shared.session(calls.append, password="wrong-password") as vcenter:
        for _ in range(2):
            with pytest.raises(CredentialsRejected):
                TagService(vcenter).categories(["any"])
    assert [each.outcome for each in calls] == ["404", "401"]


def test_an_untrusted_certificate_is_named(shared: RealVCenter, calls: list[Call], tmp_path: Path) -> None:
    other = tmp_path / "other-ca.pem"
    Authority(other)
    with shared.session(calls.append, ca_file=str(other)) as vcenter:
        for attempt in (vcenter.soap.login, vcenter.rest.login):
            with pytest.raises(CertificateRejected) as rejected:
                attempt()
            said = str(rejected.value)
            assert "issuer 'commonName=vcf-migration lab'" in said
            assert "subject 'commonName=vcenter'" in said
            assert "SHA-256 " in said
            assert "VCFM_VCENTER_CA_FILE" in said
            assert not rejected.value.retryable


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_an_unusable_ca_file_is_said_at_once(shared: RealVCenter, tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(CertificateRejected, match="must name a readable PEM file"):
        shared.session(lambda _: None, ca_file=str(file))


def test_a_vcenter_that_is_down_is_unreachable(own: Own, calls: list[Call]) -> None:
    real = own()
    real.stop()
    with real.session(calls.append) as vcenter:
        for attempt in (vcenter.soap.login, vcenter.rest.login):
            with pytest.raises(Unreachable, match=r"ConnectionRefusedError|ConnectError") as away:
                attempt()
            assert away.value.retryable


def test_a_vcenter_that_does_not_answer_is_given_up(own: Own, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soap, "ANSWER_SECONDS", 1.0)
    monkeypatch.setattr(soap, "CONNECT_SECONDS", 1.0)
    monkeypatch.setattr(rest, "TIMEOUT", httpx.Timeout(1.0))
    real = own()
    with real.session(lambda _: None) as vcenter:
        vcenter.verify()
        real.freeze()
        with pytest.raises(Unreachable, match="TimeoutError"):
            Inventory(vcenter).datacenters()
        with pytest.raises(Unreachable, match="ReadTimeout"):
            TagService(vcenter).categories(["any"])


def test_a_restarted_vcenter_is_not_even_noticed(own: Own, calls: list[Call]) -> None:
    real = own()
    with real.session(calls.append) as vcenter:
        before = Inventory(vcenter).datacenters()
        real.stop()
        real.start()
        calls.clear()
        assert [each.path for each in Inventory(vcenter).datacenters()] == [each.path for each in before]
        assert "ok" not in {each.outcome for each in calls[:1]}


@pytest.mark.parametrize(
    ("fault", "error", "retryable", "said"),
    [
        ("NoPermission", NotPermitted, False, "lacks privilege"),
        ("ConcurrentAccess", Busy, True, "ConcurrentAccess"),
        ("HostCommunication", Unreachable, True, "HostCommunication"),
        ("InsufficientResourcesFault", Refused, False, "InsufficientResourcesFault"),
        ("TaskInProgress", Unreachable, True, "none that a vCenter gives"),  # the lab leaves out its required task
    ],
)
def test_faults_of_the_server(
    vcenter: VCenter, shared: RealVCenter, *, fault: str, error: type[VSphereError], retryable: bool, said: str
) -> None:
    shared.admin.inject({"method": "FindByInventoryPath", "fault": fault, "message": "as injected"})
    with pytest.raises(error, match=said) as raised:
        Inventory(vcenter).require(Place(kind="Datacenter", path="/dc-source"))
    assert type(raised.value) is error
    assert raised.value.retryable is retryable
    assert raised.value.remedy in str(raised.value)
    assert f"FindByInventoryPath on SearchIndex:SearchIndex on {shared.endpoint().name}" in str(raised.value)


def test_an_object_that_is_gone_is_named(vcenter: VCenter) -> None:
    with pytest.raises(NotFound, match=r"CreateFolder on Folder:group-0 on .*: Folder:group-0 is gone"):
        vcenter.managed("Folder:group-0").CreateFolder("any")


def test_no_secret_is_ever_recorded(shared: RealVCenter, calls: list[Call]) -> None:
    with shared.session(calls.append) as vcenter:
        vcenter.verify()
        Inventory(vcenter).vms("Folder:group-d1")
        secrets = [shared.site.password, str(vcenter.soap.session_key), vcenter.rest.login(), vcenter.soap.cookie]
    written = repr(calls) + repr(vcenter.endpoint)
    assert calls[-1].method == "DELETE"
    for secret in secrets:
        assert secret
        assert secret not in written


def test_closing_logs_out_for_good(shared: RealVCenter, calls: list[Call]) -> None:
    vcenter = shared.session(calls.append)
    vcenter.verify()
    calls.clear()
    vcenter.close()
    vcenter.close()
    for attempt in (Inventory(vcenter).datacenters, lambda: TagService(vcenter).categories(["any"])):
        with pytest.raises(SessionLost, match="was closed here"):
            attempt()
    assert [(each.method, each.outcome) for each in calls] == [("Logout", "ok"), ("DELETE", "ok")]


def test_what_changes_something_is_marked(vcenter: VCenter, shared: RealVCenter, calls: list[Call]) -> None:
    inventory = Inventory(vcenter)
    place = Place(kind="Folder", path="/dc-source/vm")
    vcenter.managed(inventory.require(place)).CreateFolder("marked")
    vcenter.managed(inventory.require(Place(kind="Folder", path="/dc-source/vm/marked"))).Destroy()
    assert [each.method for each in calls if each.mutating] == ["CreateFolder", "Destroy_Task"]
    made = next(each for each in calls if each.method == "CreateFolder")
    assert made.request == {"name": "marked"}
    assert str(made.response).startswith("Folder:")
