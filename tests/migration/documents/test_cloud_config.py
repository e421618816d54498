"""The cloud config in both syntaxes: the official operator's cases, what it loses, and byte-for-byte inverses."""

import configparser

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from migration.documents.cloud_config import CloudConfigError, add, remove, servers
from migration.documents.infrastructure import VCenterEntry
from migration.spec.failure_domain import FailureDomain

OLD, NEW = "vc-old.example.com", "vc-new.example.com"

INSTALLER = """\
global:
  user: ""
  password: ""
  server: ""
  port: 0
  insecureFlag: true
  datacenters: []
  soapRoundtripCount: 0
  caFile: ""
  thumbprint: ""
  secretName: vsphere-creds
  secretNamespace: kube-system
  secretsDirectory: ""
  apiDisable: false
  apiBinding: ""
  ipFamily: []
vcenter:
  vc-old.example.com:
    user: ""
    password: ""
    tenantref: ""
    server: vc-old.example.com
    port: 443
    insecureFlag: true
    datacenters:
    - dc-old
    soapRoundtripCount: 0
    caFile: ""
    thumbprint: ""
    secretref: ""
    secretName: ""
    secretNamespace: ""
    ipFamily: []
labels:
  zone: ""
  region: ""
"""

BY_HAND = """\
# owner: platform team
global: {insecureFlag: false, secretName: 'custom-secret', secretNamespace: custom-ns}

vcenter:   # all of them
    "vc-old.example.com":
        server:   'vc-old.example.com'   # the old one
        port: 443
        datacenters:
          - dc-old
          - "dc second"
        caFile: /etc/ca.pem

    # nothing below

nodes:
  internalNetworkSubnetCidr: 10.0.0.0/16
  excludeInternalNetworkSubnetCidr: >-
    10.0.9.0/24,
    10.0.8.0/24
loadBalancer: {size: small}
labels: {zone: openshift-zone, region: openshift-region}"""

OLD_INI = """\
; written by the installer of 4.10
[Global]
secret-name = "vsphere-creds"
secret-namespace = "kube-system"
insecure-flag = "1"

[Workspace]
server = "vc-old.example.com"
datacenter = "dc-old"
default-datastore = "vsan-1"
folder = "/dc-old/vm/ocp1-x7x2g"

[VirtualCenter "vc-old.example.com"]
datacenters = "dc-old"   # more to come

[Labels]
region = "openshift-region"
zone = openshift-zone
"""

TEXTS = {"installer": INSTALLER, "by hand": BY_HAND, "ini": OLD_INI}


def entry(text: str, server: str = NEW) -> dict[str, object]:
    """The entry as an independent reader sees it."""
    if text.lstrip("; \n").startswith(("[", "written")):
        parser = configparser.ConfigParser(inline_comment_prefixes=("#", ";"), delimiters="=")
        parser.read_string(text)
        return {key: value.strip('"') for key, value in parser[f'VirtualCenter "{server}"'].items()}
    found = yaml.safe_load(text)["vcenter"][server]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_servers(text: str) -> None:
    assert servers(text) == [OLD]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (INSTALLER, {"server": NEW, "port": 8443, "datacenters": ["dc-new", "dc 2"], "insecureFlag": True}),
        (BY_HAND, {"server": NEW, "port": 8443, "datacenters": ["dc-new", "dc 2"], "caFile": "/etc/ca.pem"}),
        (OLD_INI, {"port": "8443", "datacenters": "dc-new, dc 2"}),
    ],
    ids=TEXTS,
)
def test_a_new_entry_says_no_more_than_it_must(text: str, expected: dict[str, object]) -> None:
    after = add(text, VCenterEntry(server=NEW, port=8443, datacenters=["dc-new", "dc 2"]))
    found = entry(after)
    found.pop("soapRoundtripCount", None)
    assert found == expected
    assert servers(after) == [OLD, NEW]


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("line_break", ["\n", "\r\n"])
@pytest.mark.parametrize("end", ["", "\n", "\n\n  \n"])
def test_added_and_removed_again_is_as_before(text: str, line_break: str, end: str) -> None:
    text = (text.rstrip("\n") + end).replace("\n", line_break)
    after = add(text, VCenterEntry(server=NEW, datacenters=["dc-new"]))
    assert after != text
    assert all(line in after.splitlines() for line in text.splitlines())
    assert remove(after, server=NEW) == text


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_twice_is_once(text: str) -> None:
    vcenter = VCenterEntry(server=NEW, datacenters=["dc-new"])
    once = add(text, vcenter)
    assert add(once, vcenter) == once
    assert remove(text, server=NEW) == text


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_known_vcenter_gains_datacenters_only(text: str) -> None:
    after = add(text, VCenterEntry(server=OLD, port=9999, datacenters=["dc-old", "dc-2"]))
    found, before = entry(after, OLD), entry(text, OLD)
    listed = before.pop("datacenters")
    assert found.pop("datacenters") == (f"{listed}, dc-2" if isinstance(listed, str) else [*listed, "dc-2"])  # type: ignore[misc]
    assert found == before


def test_a_list_of_datacenters_on_one_line_stays_on_one_line() -> None:
    text = "vcenter:\n  vc:\n    server: vc\n    datacenters: [a]\n"
    assert add(text, VCenterEntry(server="vc", datacenters=["b c"])) == text.replace("[a]", '[a, "b c"]')
    empty = text.replace("[a]", "[]")
    assert add(empty, VCenterEntry(server="vc", datacenters=["b"])) == text.replace("[a]", "[b]")


def test_sections_that_the_official_operator_loses_stay() -> None:
    after = remove(add(BY_HAND, VCenterEntry(server=NEW, datacenters=["dc-new"])), server=OLD)
    assert servers(after) == [NEW]
    before = yaml.safe_load(BY_HAND)
    found = yaml.safe_load(after)
    assert {key: found[key] for key in ("global", "nodes", "loadBalancer", "labels")} == {
        key: before[key] for key in ("global", "nodes", "loadBalancer", "labels")
    }
    assert "# owner: platform team" in after


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({"a": "true"}, True),
        ({"a": "false"}, False),
        ({"a": "true", "b": "false"}, None),
        ({"a": "true", "b": None}, None),
        ({"a": None}, None),
    ],
)
def test_insecure_only_where_every_sibling_is(flags: dict[str, str | None], expected: object) -> None:
    lines = ["vcenter:"]
    for name, flag in flags.items():
        lines += [f"  {name}:", f"    server: {name}", *([f"    insecureFlag: {flag}"] if flag else [])]
    assert entry(add("\n".join(lines), VCenterEntry(server=NEW, datacenters=["dc"]))).get("insecureFlag") is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("global: {}\nvcenter:\n  a:\n    server: a\n", "vsphere-creds"),
        ("global:\n  secretName: x\n  secretNamespace: y\nvcenter:\n  a:\n    server: a\n", None),
        ("vcenter:\n  a:\n    server: a\n    secretName: own\n    secretNamespace: z\n", "own"),
        ("global:\n  user: u\n  password: p\n  server: a\n", "vsphere-creds"),
        ("global:\n  secretsDirectory: /etc/x\n  server: a\n", None),
    ],
)
def test_a_new_entry_always_knows_where_credentials_are(text: str, expected: str | None) -> None:
    assert entry(add(text, VCenterEntry(server=NEW, datacenters=["dc"]))).get("secretName") == expected


@pytest.mark.parametrize("section", ["", "vcenter: {}\n", "vcenter:\n", "vcenter: null\n", "vcenter: {}  # none\n"])
def test_a_config_with_no_entries_yet(section: str) -> None:
    text = f"global:\n  server: {OLD}\n  secretName: s\n{section}labels:\n  zone: z\n"
    after = add(text, VCenterEntry(server=NEW, datacenters=["dc"]))
    assert servers(after) == [NEW, OLD]
    assert yaml.safe_load(after)["labels"] == {"zone": "z"}
    back = remove(after, server=NEW)
    assert servers(back) == [OLD]
    assert back == text.replace(section, "")


def test_the_global_server_is_emptied_with_its_vcenter() -> None:
    text = INSTALLER.replace('server: ""', f"server: {OLD}")
    after = remove(add(text, VCenterEntry(server=NEW, datacenters=["dc"])), server=OLD)
    assert OLD not in after
    assert yaml.safe_load(after)["global"]["server"] == ""


def test_the_ini_workspace_moves_to_the_replacement(target: FailureDomain) -> None:
    both = add(OLD_INI, VCenterEntry(server=NEW, datacenters=["dc-new"]))
    with pytest.raises(CloudConfigError, match=r"\[Workspace\] says vc-old.example.com: say which failure domain"):
        remove(both, server=OLD)
    after = remove(both, server=OLD, replacement=target)
    assert OLD not in after
    assert "dc-old" not in after
    parser = configparser.ConfigParser()
    parser.read_string(after.split("\n", 1)[1])
    assert dict(parser["Workspace"]) == {
        "server": f'"{NEW}"',
        "datacenter": '"dc-new"',
        "default-datastore": '"vsan-1"',
        "folder": '"/dc-new/vm/ocp1-x7x2g"',
    }


def test_a_datastore_by_path_stays_a_path(target: FailureDomain) -> None:
    text = OLD_INI.replace('"vsan-1"', '"/dc-old/datastore/vsan-1"')
    after = remove(add(text, VCenterEntry(server=NEW, datacenters=["dc-new"])), server=OLD, replacement=target)
    assert 'default-datastore = "/dc-new/datastore/vsan-1"' in after


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_the_last_vcenter_is_never_removed(text: str) -> None:
    with pytest.raises(CloudConfigError, match="only vCenter"):
        remove(text, server=OLD)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (None, "empty"),
        ("", "empty"),
        ("# nothing\n", "empty"),
        (":::invalid", "neither INI nor a YAML mapping"),
        ("- a\n- b\n", "neither INI nor a YAML mapping"),
        ('{"vcenter": {}}', "neither INI nor a YAML mapping"),
        ("global:\n\tpassword: hunter2\n", "line 2 is neither YAML nor INI"),
        ("a: 1\n---\nb: 2\n", "neither YAML nor INI"),
        ("vcenter: [a]\n", "no mapping of vCenters"),
        ("vcenter: {a: {server: a}}\n", "flow style"),
        ("vcenter:\n  a: {server: a}\n", "one field per line"),
        ("x: &x\n  a:\n    server: a\nvcenter: *x\n", "vcenter is a YAML alias"),
        ("global:\n  thumbprint: AB:CD\nvcenter:\n  a:\n    server: a\n", "global.thumbprint pins"),
        ('[Global]\nthumbprint = "AB"\n[VirtualCenter "a"]\n', r"\[Global\] thumbprint pins"),
        ("[Global]\npassword hunter2\n", "line 2 is neither a section"),
        ("[Global\n", "line 1 is neither a section"),
        ('[Global]\nfolder = "a" b\n', "line 2"),
    ],
)
def test_odd_input_is_named_and_never_quoted(text: str | None, problem: str) -> None:
    with pytest.raises(CloudConfigError, match=problem) as caught:
        add(text, VCenterEntry(server=NEW, datacenters=["dc"]))
    assert (
        "hunter2"
        not in f"{caught.value}{caught.value.__cause__}{caught.value.__context__ if not caught.value.__suppress_context__ else ''}"
    )


@pytest.mark.parametrize("text", ["vcenter:\n  a:\n    server: a\n", '[VirtualCenter "a"]\nport = "443"\n'])
def test_an_entry_that_inherits_its_datacenters_is_not_narrowed(text: str) -> None:
    with pytest.raises(CloudConfigError, match="give it"):
        add(text, VCenterEntry(server="a", datacenters=["dc"]))


ODD = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=12)
HOST = st.from_regex(r"[a-z0-9][a-z0-9-]{0,8}(\.[a-z][a-z0-9]{0,4}){0,2}", fullmatch=True)
NOISE = st.sampled_from(["", "  ", "# note", "   # deeper note"])


@st.composite
def yaml_configs(draw: st.DrawFn) -> str:
    step = " " * draw(st.integers(1, 4))
    lines = ["global:", f"{step}secretName: 's'"]
    others = [["nodes:", f"{step}internalNetworkSubnetCidr: 10.0.0.0/16"], ["labels: {zone: z}"]]
    section = ["vcenter:"]
    for host in draw(st.lists(HOST, min_size=1, max_size=3, unique=True)):
        dash = draw(st.sampled_from(["", " ", "  "]))
        section += [f'{step}"{host}":', f'{step * 2}server: "{host}"  # dial', f"{step * 2}datacenters:"]
        section += [f"{step * 2}{dash}- {_json(each)}" for each in draw(st.lists(ODD, min_size=1, max_size=2))]
        section.append(draw(NOISE))
    for block in draw(st.permutations([section, *others])):
        lines += [draw(NOISE), *block]
    return _joined(draw, lines)


@st.composite
def ini_configs(draw: st.DrawFn) -> str:
    lines = [draw(st.sampled_from(["; by hand", "", "[Disk]"])), "[Global]", 'secret-name="s"']
    for host in draw(st.lists(HOST, min_size=1, max_size=3, unique=True)):
        lines += [draw(NOISE), f'[VirtualCenter "{host}"]', draw(st.sampled_from(["  port = 443 ; std", 'port="1"']))]
        lines += [f"datacenters = {_json(draw(ODD.filter(lambda text: ',' not in text)))}", draw(NOISE)]
    lines += draw(st.sampled_from([[], ["[Labels]", "zone = z"]]))
    return _joined(draw, lines)


def _json(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _joined(draw: st.DrawFn, lines: list[str]) -> str:
    return draw(st.sampled_from(["\n", "\r\n"])).join(lines) + draw(st.sampled_from(["", "\n", "\n\n"]))


@given(text=st.one_of(yaml_configs(), ini_configs()), datacenters=st.lists(ODD, min_size=1, max_size=3, unique=True))
def test_add_and_remove_are_inverses(text: str, datacenters: list[str]) -> None:
    new = VCenterEntry(server="target.internal", datacenters=datacenters)
    before = servers(text)
    after = add(text, new)
    assert set(servers(after)) == {*before, new.server}
    assert remove(after, server=new.server) == text
    if "vcenter:" in text:
        assert yaml.safe_load(after)["vcenter"][new.server]["datacenters"] == datacenters
    for each in before:
        assert set(servers(remove(after, server=each))) == {*before, new.server} - {each}
