"""Cloud config as YAML: `global`, `vcenter.<server>`, `labels`, and whatever else its owner put there.

Shapes and defaults are those of the cloud provider's own reader (k8s.io/cloud-provider-vsphere, pkg/common/config):
the key of an entry is a name, `server` inside it is what is dialled; `global.server` alone makes an entry too;
credentials come from the entry's Secret, else from the global one.
"""

import json
import re
from collections.abc import Iterator

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from migration.documents.cloud_config_error import CloudConfigError
from migration.documents.infrastructure import VCenterEntry
from migration.documents.text_edit import TextEdit, apply_edits, cut_lines, insert_lines
from migration.openshift_names import CREDENTIALS_NAME, CREDENTIALS_NAMESPACE
from migration.spec.failure_domain import FailureDomain

_INHERITED = ("insecureFlag", "soapRoundtripCount", "caFile", "secretName", "secretNamespace", "ipFamily")
"""Settings of an entry that a new sibling takes over when all have the same; never user, password or thumbprint."""


def servers(text: str) -> list[str]:
    """The vCenters, `global.server` last where it has no entry of its own."""
    root = _parsed(text)
    named = [server for server, _, _ in _entries(root)]
    alone = _said(_fields(_field(root, "global")).get("server"))
    return list(dict.fromkeys([*named, *([alone] if alone else [])]))


def add(text: str, vcenter: VCenterEntry) -> str:
    root = _parsed(text)
    entries = list(_entries(root))
    for server, _, entry in entries:
        if server.lower() == vcenter.server.lower():
            return apply_edits(text, _datacenters(text, entry, vcenter))
    shared = _fields(_field(root, "global"))
    if _said(shared.get("thumbprint")):
        raise CloudConfigError(
            "global.thumbprint pins one certificate for every vCenter: move it into the entry of the vCenter it is of"
        )
    inherited = _inherited(text, shared, [entry for _, _, entry in entries])
    if entries:
        _, key, entry = entries[-1]
        outer = key.start_mark.column
        inner = entry.value[0][0].start_mark.column if entry.value else outer + 2
        lines = _entry(vcenter, inherited, outer=outer, inner=inner)
        return apply_edits(text, [insert_lines(text, lines, after=_last(text, key, entry))])
    lines = ["vcenter:", *_entry(vcenter, inherited, outer=2, inner=4)]
    after = max(_last(text, key, value) for key, value in root.value)
    changes = [insert_lines(text, lines, after=after)]
    for key, value in root.value:
        if key.value == "vcenter":
            changes.append(cut_lines(text, first=key.start_mark.index, last=_last(text, key, value)))
    return apply_edits(text, changes)


def remove(text: str, *, server: str, replacement: FailureDomain | None) -> str:  # noqa: ARG001 - only INI has a default place
    root = _parsed(text)
    entries = list(_entries(root))
    doomed: list[tuple[Node, Node]] = [(key, entry) for name, key, entry in entries if name.lower() == server.lower()]
    if doomed and len(doomed) == len(entries):
        doomed = [(key, value) for key, value in root.value if key.value == "vcenter"]
    changes = [cut_lines(text, first=key.start_mark.index, last=_last(text, key, value)) for key, value in doomed]
    alone = _fields(_field(root, "global")).get("server")
    if alone is not None and _said(alone).lower() == server.lower():
        changes.append(TextEdit(start=alone.start_mark.index, end=alone.end_mark.index, text='""'))
    return apply_edits(text, changes)


def _parsed(text: str) -> MappingNode:
    try:
        root = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        # Not `from error`: its message quotes the text.
        raise CloudConfigError(f"line {line} is neither YAML nor INI ({error.problem})") from None
    except YAMLError:
        raise CloudConfigError("it is neither YAML nor INI") from None
    if not isinstance(root, MappingNode) or root.flow_style:
        raise CloudConfigError("it is neither INI nor a YAML mapping with one section per line, such as `global:`")
    return root


def _fields(node: Node | None) -> dict[str, Node]:
    """The fields of a mapping; of anything else (absent, empty) none."""
    if not isinstance(node, MappingNode):
        return {}
    for key, value in node.value:
        if value.start_mark.index < key.start_mark.index:
            raise CloudConfigError(f"{key.value} is a YAML alias: write its value out")
    return {key.value: value for key, value in node.value}


def _field(root: MappingNode, name: str) -> Node | None:
    return _fields(root).get(name)


def _said(node: Node | None) -> str:
    """The value of a scalar; empty for null, for "" and for what is no scalar."""
    value = str(node.value) if isinstance(node, ScalarNode) else ""
    return "" if isinstance(node, ScalarNode) and node.style is None and value in {"null", "~"} else value


def _entries(root: MappingNode) -> Iterator[tuple[str, Node, MappingNode]]:
    """(server, key, entry) of every vCenter."""
    section = _field(root, "vcenter")
    if _said(section) or isinstance(section, SequenceNode):
        raise CloudConfigError("`vcenter` is no mapping of vCenters")
    if not isinstance(section, MappingNode) or not _fields(section):
        return
    if section.flow_style:
        raise CloudConfigError("`vcenter: {...}` is in flow style: write one vCenter per line")
    for key, entry in section.value:
        if not isinstance(entry, MappingNode) or entry.flow_style:
            raise CloudConfigError(f"the entry of {key.value} is no mapping with one field per line")
        yield _said(_fields(entry).get("server")) or str(key.value), key, entry


def _last(text: str, key: Node, value: Node) -> int:
    """The position behind the last character of a field that is not space, comment or line break."""
    if isinstance(value, MappingNode | SequenceNode) and not value.flow_style:
        pairs = value.value if isinstance(value, MappingNode) else [(item, item) for item in value.value]
        return max(_last(text, *pair) for pair in pairs)
    end: int = max(value.end_mark.index, key.end_mark.index)
    return len(text[:end].rstrip())


def _inherited(text: str, shared: dict[str, Node], siblings: list[MappingNode]) -> dict[str, str]:
    found = {}
    for field in _INHERITED:
        values = {_source(text, _fields(each).get(field)) for each in siblings}
        if len(values) == 1 and (value := values.pop()):
            found[field] = value
    if "secretName" not in found and not any(_said(shared.get(field)) for field in ("secretName", "secretsDirectory")):
        # Without this the provider would use the source's user and password, or refuse the whole configuration.
        found |= {"secretName": CREDENTIALS_NAME, "secretNamespace": CREDENTIALS_NAMESPACE}
    return found


def _source(text: str, node: Node | None) -> str:
    """A value as it is written, quotes included, a list of such on one line; empty where it says nothing."""
    if isinstance(node, SequenceNode) and node.value:
        return f"[{', '.join(_source(text, each) for each in node.value)}]"
    return text[node.start_mark.index : node.end_mark.index] if node and _said(node) else ""


def _entry(vcenter: VCenterEntry, inherited: dict[str, str], *, outer: int, inner: int) -> list[str]:
    pad = " " * inner
    return [
        f"{' ' * outer}{_scalar(vcenter.server)}:",
        f"{pad}server: {_scalar(vcenter.server)}",
        f"{pad}port: {vcenter.port}",
        f"{pad}datacenters:",
        *(f"{pad}- {_scalar(each)}" for each in vcenter.datacenters),
        *(f"{pad}{field}: {value}" for field, value in inherited.items()),
    ]


def _scalar(value: str) -> str:
    """Plain where no reader of YAML 1.1 or 1.2 takes it for anything but a string; else in double quotes."""
    plain = re.fullmatch(r"[A-Za-z][-\w.]*|\d+\.\d+\.\d+\.\d+", value, re.ASCII)
    word = value.lower() in {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}
    return value if plain and not word else json.dumps(value, ensure_ascii=False)


def _datacenters(text: str, entry: MappingNode, vcenter: VCenterEntry) -> list[TextEdit]:
    listed = _fields(entry).get("datacenters")
    if not isinstance(listed, SequenceNode):
        raise CloudConfigError(f"the entry of {vcenter.server} has no list of datacenters: give it one")
    missing = [each for each in vcenter.datacenters if each not in [str(item.value) for item in listed.value]]
    if not missing:
        return []
    if listed.flow_style:
        at = listed.end_mark.index - 1
        added = ", ".join(map(_scalar, missing))
        return [TextEdit(start=at, end=at, text=f", {added}" if listed.value else added)]
    pad = " " * listed.start_mark.column
    return [insert_lines(text, [f"{pad}- {_scalar(each)}" for each in missing], after=_last(text, listed, listed))]
