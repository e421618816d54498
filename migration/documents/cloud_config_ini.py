"""Cloud config as INI, as older clusters have it: `[Global]`, `[VirtualCenter "x"]`, `[Workspace]`, `[Labels]`.

The dialect is gcfg's (git's): section and key names in any case, values bare or in double quotes with escapes, comments
after `;` or `#`. Python's configparser reads another dialect and keeps no positions.
"""

import re
from dataclasses import dataclass, field

from migration.documents.cloud_config_error import CloudConfigError
from migration.documents.infrastructure import VCenterEntry
from migration.documents.text_edit import TextEdit, apply_edits, cut_lines, insert_lines, start_of_line
from migration.openshift_names import CREDENTIALS_NAME, CREDENTIALS_NAMESPACE
from migration.spec.failure_domain import FailureDomain

_QUOTED = r'"(?:[^"\\]|\\.)*"'
_HEADER = re.compile(rf"\[\s*(?P<name>[A-Za-z][-.\w]*)\s*(?P<of>{_QUOTED})?\s*\]\s*(?:[;#].*)?")
_KEY = re.compile(rf"(?P<name>[A-Za-z][-\w]*)\s*(?:=\s*(?P<value>{_QUOTED}|[^;#\"\\]*?)\s*)?(?:[;#].*)?")

_INHERITED = ("insecure-flag", "soap-roundtrip-count", "ca-file", "secret-name", "secret-namespace", "ip-family")
"""As in the YAML syntax: what a new entry takes over when all its siblings have the same."""


@dataclass(frozen=True, kw_only=True)
class _Key:
    value: str
    start: int
    """Where the value begins as it is written, quotes included."""
    end: int


@dataclass(frozen=True, kw_only=True)
class _Section:
    name: str
    of: str
    start: int
    keys: dict[str, _Key] = field(default_factory=dict)

    @property
    def last(self) -> int:
        """A position on its last line that says something."""
        return max((key.start for key in self.keys.values()), default=self.start)

    @property
    def server(self) -> str:
        return self.value("server") or (self.of if self.name == "virtualcenter" else "")

    def value(self, key: str) -> str:
        return self.keys[key].value if key in self.keys else ""


def servers(text: str) -> list[str]:
    """The vCenters, those of `[Global]` and `[Workspace]` last where they have no section of their own."""
    sections = _parsed(text)
    named = [each.server for each in sections if each.name == "virtualcenter"]
    alone = [each.server for each in sections if each.name in {"global", "workspace"}]
    return list(dict.fromkeys(filter(None, [*named, *alone])))


def add(text: str, vcenter: VCenterEntry) -> str:
    sections = _parsed(text)
    siblings = [each for each in sections if each.name == "virtualcenter"]
    for each in siblings:
        if each.server.lower() == vcenter.server.lower():
            return apply_edits(text, _datacenters(each, vcenter))
    shared = {name: key for each in sections if each.name == "global" for name, key in each.keys.items()}
    if "thumbprint" in shared and shared["thumbprint"].value:
        raise CloudConfigError(
            "[Global] thumbprint pins one certificate for every vCenter: move it into the section of the one it is of"
        )
    lines = [
        "",
        f"[VirtualCenter {_quoted(vcenter.server)}]",
        f'port = "{vcenter.port}"',
        f"datacenters = {_quoted(', '.join(vcenter.datacenters))}",
        *(f"{name} = {_quoted(value)}" for name, value in _inherited(shared, siblings).items()),
    ]
    return apply_edits(text, [insert_lines(text, lines, after=(siblings or sections)[-1].last)])


def remove(text: str, *, server: str, replacement: FailureDomain | None) -> str:
    changes = []
    for section in _parsed(text):
        if section.server.lower() != server.lower():
            continue
        if section.name == "virtualcenter":
            changes.append(cut_lines(text, first=_first(text, section), last=section.last))
        elif section.name == "global":
            changes.append(_replaced(section.keys["server"], ""))
        elif section.name == "workspace":
            if replacement is None:
                raise CloudConfigError(f"[Workspace] says {server}: say which failure domain takes its place")
            changes.extend(_bequeathed(section, replacement))
    return apply_edits(text, changes)


def _parsed(text: str) -> list[_Section]:
    sections: list[_Section] = []
    at = 0
    for number, whole in enumerate(text.split("\n"), start=1):
        line = whole.strip()
        start = at + len(whole) - len(whole.lstrip())
        at += len(whole) + 1
        if not line or line[0] in ";#":
            continue
        if header := _HEADER.fullmatch(line):
            of = _unquoted(header["of"] or "")
            sections.append(_Section(name=header["name"].lower(), of=of, start=start))
        elif sections and (key := _KEY.fullmatch(line)):
            written = key["value"] or ""
            begin = start + (key.start("value") if key["value"] is not None else key.end("name"))
            sections[-1].keys[key["name"].lower()] = _Key(
                value=_unquoted(written), start=begin, end=begin + len(written)
            )
        else:
            raise CloudConfigError(f'line {number} is neither a section, a `key = "value"` nor a comment')
    return sections


def _first(text: str, section: _Section) -> int:
    """Where to cut from: the blank line before the header goes with it, as `add` put one there."""
    begin = start_of_line(text, section.start)
    before = start_of_line(text, begin - 1) if begin else 0
    return before if begin and not text[before:begin].strip() else section.start


def _inherited(shared: dict[str, _Key], siblings: list[_Section]) -> dict[str, str]:
    found = {}
    for name in _INHERITED:
        values = {each.value(name) for each in siblings}
        if len(values) == 1 and (value := values.pop()):
            found[name] = value
    says_where = any(name in shared and shared[name].value for name in ("secret-name", "secrets-directory"))
    if "secret-name" not in found and not says_where:
        # Without this the provider would use the source's user and password, or refuse the whole configuration.
        found |= {"secret-name": CREDENTIALS_NAME, "secret-namespace": CREDENTIALS_NAMESPACE}
    return found


def _datacenters(section: _Section, vcenter: VCenterEntry) -> list[TextEdit]:
    listed = [each.strip() for each in section.value("datacenters").split(",") if each.strip()]
    missing = [each for each in vcenter.datacenters if each not in listed]
    if not missing:
        return []
    if not listed:
        raise CloudConfigError(f"the section of {vcenter.server} has no datacenters: give it some")
    return [_replaced(section.keys["datacenters"], ", ".join([*listed, *missing]))]


def _bequeathed(workspace: _Section, replacement: FailureDomain) -> list[TextEdit]:
    """`[Workspace]` on another failure domain; keys that it does not have are not introduced."""
    place = replacement.topology
    old_datastore = workspace.value("default-datastore")
    by_path = old_datastore.startswith("/")
    values = {
        "server": replacement.server,
        "datacenter": place.datacenter,
        "default-datastore": place.datastore if by_path else place.datastore.rsplit("/", 1)[-1],
        "folder": place.folder or "",
        "resourcepool-path": place.resource_pool or "",
    }
    return [_replaced(key, values[name]) for name, key in workspace.keys.items() if name in values]


def _replaced(key: _Key, value: str) -> TextEdit:
    return TextEdit(start=key.start, end=key.end, text=_quoted(value))


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _unquoted(written: str) -> str:
    return re.sub(r"\\(.)", r"\1", written[1:-1]) if written.startswith('"') else written
