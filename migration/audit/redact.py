"""What may be written down of a request or an answer: bounded JSON text without secrets.

Three layers, because each has holes: what a Secret holds (by kind, or by the path of the request), what a key says of
its value (`password`, `token`, …), and what a text itself looks like (PEM keys, `user:password@`, bearer tokens).
Whole values are replaced, never hashed or shortened: half a password is a hint. When in doubt it is removed; the
journal proves what was done, and a value that is missing there can be looked up where it lives.

The work is bounded as well as the text, since it is done while the caller waits: a list of 2,000 pods is looked at
until there is enough of it.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

LIMIT = 4096
"""Bytes of a body; a Machine or an Infrastructure fits."""
NODES = 400
"""Values looked at; 4 KiB of JSON hold fewer."""
ITEMS = 20
DEPTH = 16
CHARACTERS = 16_384
"""Of one text; far more than is kept, so that what is cut off in the middle of a secret is not kept either."""

REMOVED = "(removed)"

_SECRET_KEY = re.compile(
    r"pass(word|wd|phrase|code)|(?<![a-z])pwd|token|secret.?(value|key|access|data)|client.?secret|pull.?secret"
    r"|bearer|authorization|cookie|session.?(id|key)|ticket|kube.?config|credential|docker.?(config|cfg)"
    r"|(private|access|api|ssh|encryption|client|tls|signing).?key|id_rsa|^auths?$|last-applied-configuration"
    r"|ignition|user.?data|cloud.?init",
    re.IGNORECASE,
)
_REFERENCE = re.compile(r"(name|namespace|ref|file|path)$", re.IGNORECASE)
"""Keys that only point at a secret; where a secret is may be known."""
_NAMING = ("key", "name", "path")
"""In `{"key": "guestinfo.ignition.config.data", "value": …}` and `{"name": "PGPASSWORD", "value": …}`."""

_TEXTS: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(-----END [A-Z0-9 ]*PRIVATE KEY-----|\Z)", re.DOTALL),
        REMOVED,
    ),
    (re.compile(r"""(?<=://)[^\s"'<>:@/]*:[^\s"'<>]*@"""), f"{REMOVED}@"),
    (re.compile(r"\b(bearer|basic|sign)\s+[\w+/=.~-]{6,}", re.IGNORECASE), rf"\1 {REMOVED}"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), REMOVED),
    (re.compile(r"(?<=;base64,)[\w+/=-]+"), REMOVED),
    (re.compile(r"(<[\w:]*(?:password|token|sessionid)[^>]*>)[^<]*", re.IGNORECASE), rf"\1{REMOVED}"),
    # `password = …` in INI, YAML or JSON inside a text: to the end of the line, since where a value ends depends on
    # how often it was quoted; and to the end of the block where YAML opens one.
    (
        re.compile(
            r"""((?:pass(?:word|wd|phrase)|token|client.?secret|secret.?(?:key|value)|(?:api|access|private).?key"""
            r"""|client-key-data|session.?id)[\w.-]*\\*["']?\s*[:=]\s*)"""
            r"""(?:[|>][-+\d]*[ \t]*\n(?:[ \t]+[^\n]*\n?)*|[^\n]*)""",
            re.IGNORECASE,
        ),
        rf"\1{REMOVED}",
    ),
)


@dataclass
class _Budget:
    nodes: int = NODES
    characters: int = 4 * CHARACTERS

    def cut(self, text: str) -> str:
        text = text[: min(CHARACTERS, max(self.characters, 0))]
        self.characters -= len(text)
        return text


def body(document: Any, *, target: str = "", limit: int = LIMIT) -> str:
    """A document as JSON text of at most `limit` bytes, without secrets; empty for no document.

    `target` is what the document was sent to or came from: a body of `…/secrets/…` is a Secret even where it does not
    say so (patches, items of a list). Always valid JSON: what is too long becomes `{"beginning": "…"}`.
    """
    if document is None:
        return ""
    clean = _clean(document, secret=_is_secret_path(target), budget=_Budget(), depth=DEPTH)
    text = json.dumps(clean, separators=(",", ":"))
    return text if len(text) <= limit else _beginning(text, limit)


def line(text: str) -> str:
    """One line of text (a target, an outcome) without what looks like a secret."""
    for pattern, instead in _TEXTS:
        text = pattern.sub(instead, text)
    return text


def _beginning(text: str, limit: int) -> str:
    """The first part as a JSON text again; quoting may make it longer than it was, so it is cut until it fits."""
    kept = limit
    while len(found := json.dumps({"beginning": text[:kept]})) > limit:
        kept -= max(1, (len(found) - limit) // 2)
    return found


def _clean(value: Any, *, secret: bool, budget: _Budget, depth: int) -> Any:
    budget.nodes -= 1
    if budget.nodes <= 0 or depth == 0:
        return "…"
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return line(budget.cut(value))
        case Mapping():
            return _mapping(value, secret=secret, budget=budget, depth=depth)
        case list() | tuple() | set() | frozenset():
            shown = list(value)[:ITEMS]
            some = [_clean(each, secret=secret, budget=budget, depth=depth - 1) for each in shown]
            return [*some, f"({len(value) - ITEMS} more)"] if len(value) > ITEMS else some
        case date():
            return value.isoformat()
        case bytes() | bytearray():
            return f"({len(value)} bytes)"
        case _ if hasattr(value, "model_dump"):
            return _clean(value.model_dump(by_alias=True), secret=secret, budget=budget, depth=depth)
        case _:
            return f"({type(value).__name__})"  # its repr is nobody's promise


def _mapping(value: Mapping[Any, Any], *, secret: bool, budget: _Budget, depth: int) -> dict[str, Any]:
    secret = secret or value.get("kind") in {"Secret", "SecretList"}  # the items of a list do not say what they are
    named = [str(value[each]) for each in _NAMING if isinstance(value.get(each), str)]
    points_at_secret = any(_names_secret(each) for each in named) or _is_secret_pointer(value)
    clean = dict[str, Any]()
    for key, held in value.items():
        if budget.nodes <= 0:
            clean["…"] = f"({len(value) - len(clean)} more)"
            break
        clean[line(str(key))] = _entry(
            str(key), held, secret=secret, named=points_at_secret, budget=budget, depth=depth
        )
    return clean


def _entry(key: str, held: Any, *, secret: bool, named: bool, budget: _Budget, depth: int) -> Any:
    if secret and key in {"data", "stringData"}:
        return {str(each): REMOVED for each in held} if isinstance(held, Mapping) else REMOVED
    if (named and key in {"value", "val"}) or _is_secret_entry(key, held):
        return held if held is None or isinstance(held, bool) else REMOVED
    return _clean(held, secret=secret, budget=budget, depth=depth - 1)


def _is_secret_entry(key: str, held: Any) -> bool:
    """A key that names a secret, unless it only points at one: `tokenSecretName`, or `credentialsSecret: {name, …}`."""
    if not _names_secret(key):
        return False
    return not (isinstance(held, Mapping) and set(held) <= {"name", "namespace", "key", "optional", "kind", "apiGroup"})


def _names_secret(key: str) -> bool:
    last = key.rsplit("/", 1)[-1]
    return bool(_SECRET_KEY.search(last)) and not _REFERENCE.search(last)


def _is_secret_pointer(operation: Mapping[Any, Any]) -> bool:
    """A JSON patch operation on what a Secret holds; ConfigMaps share the path, and hold credentials often enough."""
    path = operation.get("path")
    return isinstance(path, str) and "op" in operation and bool(re.match(r"/(data|stringData)(/|$)", path))


def _is_secret_path(target: str) -> bool:
    return bool(re.search(r"(^|/)secrets(/|\?|$)", target))
