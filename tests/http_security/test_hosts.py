"""The allow-list for `Host`: loopback, where the server listens, and what the operator lists."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from config.settings import Settings
from http_security.hosts import AllowedHosts, is_host, normal

LOOPBACK = ["localhost", "localhost:8080", "LocalHost:1", "localhost.", "127.0.0.1", "127.0.0.1:8080", "127.8.8.8", "[::1]", "[::1]:8080"]  # fmt: skip
FOREIGN = ["evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example", "evil.localhost", "api.svc.evil.example"]  # fmt: skip
MALFORMED = ["", " ", "localhost:8080:1", "localhost:http", "user@localhost", "localhost/x", "[::1", "::1", "localhost,evil.example", "[localhost]", "loc\xe4l"]  # fmt: skip
ADDRESSES = ["10.1.2.3:8081", "[fd00::7]:8081", "0.0.0.0:8080"]
SERVICE = "vcf-migration-api.openshift-vcf-migration.svc"


@pytest.mark.parametrize("bound", ["127.0.0.1", "localhost", "::1", "10.1.2.3", "0.0.0.0", "::", "vcfm.example.com"])
def test_whatever_it_listens_on(bound: str) -> None:
    hosts = AllowedHosts.of(bound, [SERVICE])
    own = f"[{bound}]" if ":" in bound else bound
    for each in [*LOOPBACK, own, f"{own}:8080", SERVICE, f"{SERVICE.upper()}.:80"]:
        assert hosts.allow(each), each
    for each in [*FOREIGN, *MALFORMED]:
        assert not hosts.allow(each), each


@pytest.mark.parametrize(
    ("bound", "any_address", "allowed"),
    [
        ("127.0.0.1", False, []),
        ("localhost", False, []),
        ("10.1.2.3", False, ["10.1.2.3:8081"]),
        ("fd00::7", False, ["[fd00::7]:8081"]),
        ("0.0.0.0", False, ADDRESSES),
        ("::", False, ADDRESSES),
        ("127.0.0.1", True, ADDRESSES),
    ],
)
def test_addresses_are_allowed_where_the_server_listens_on_all_or_only_tells(
    bound: str, any_address: bool, allowed: list[str]
) -> None:
    hosts = AllowedHosts.of(bound, [], any_address=any_address)
    assert [each for each in ADDRESSES if hosts.allow(each)] == allowed


@given(st.text(st.characters(max_codepoint=255)))
def test_any_header_gets_an_answer(header: str) -> None:
    """Whatever is allowed is one of the names, with at most a port."""
    hosts = AllowedHosts.of("127.0.0.1", ["vcfm.example.com"])
    name = normal(header.partition(":")[0]) if not header.startswith("[") else header
    assert not hosts.allow(header) or name in {"localhost", "vcfm.example.com"} or name.startswith(("127.", "[::1]"))


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("", ()),
        ("vcfm.example.com", ("vcfm.example.com",)),
        (f"vcf-migration-api, {SERVICE} ,", ("vcf-migration-api", SERVICE)),
        ("10.0.0.7,fd00::7", ("10.0.0.7", "fd00::7")),
    ],
)
def test_the_setting_is_a_list_with_commas(monkeypatch: pytest.MonkeyPatch, text: str, hosts: tuple[str, ...]) -> None:
    monkeypatch.setenv("VCFM_API_ALLOWED_HOSTS", text)
    assert Settings().api_allowed_hosts == hosts


@pytest.mark.parametrize(
    "text", ["https://vcfm.example.com", "vcfm.example.com:8080", "*.example.com", "*", "a b", "vcfm/x", "[::1]", "a:b"]
)
def test_what_is_no_host_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    assert not is_host(text)
    monkeypatch.setenv("VCFM_API_ALLOWED_HOSTS", f"good.example.com,{text}")
    with pytest.raises(ValidationError, match="without scheme, port, path"):
        Settings()
