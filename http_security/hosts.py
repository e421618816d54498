"""Under which names a server answers: the allow-list for the `Host` header, against DNS rebinding.

A page of `evil.example` whose name suddenly resolves to this server is of the same origin as this server, for the
browser: nothing but the `Host` header tells the two apart. A name is therefore allowed only if nobody else can have it
resolved to us: `localhost`, which browsers resolve to the machine itself, and what the operator lists. An address
needs no DNS, so it cannot be rebound.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{0,5})?")


@dataclass(frozen=True, kw_only=True)
class AllowedHosts:
    """The names and addresses that a `Host` header may hold; the port does not matter.

    Attributes:
        names: host names and addresses, as `normal` writes them.
        any_address: whether every IP address is allowed: where a server listens on all of them (a pod's address is not
            known before it runs), or where it answers nothing but how it is.
    """

    names: frozenset[str]
    any_address: bool

    @classmethod
    def of(cls, bound: str, listed: Iterable[str], *, any_address: bool = False) -> "AllowedHosts":
        """Those of a server that listens on `bound` and is reached by the `listed` names too."""
        address = _address(bound)
        return cls(
            names=frozenset(map(normal, (bound, *listed))),
            any_address=any_address or (address is not None and address.is_unspecified),
        )

    def allow(self, header: str) -> bool:
        """Whether the value of a `Host` header is one of them."""
        found = _HOST.fullmatch(header)
        if not found:
            return False
        name = normal(found["name"])
        address = _address(name)
        if address is None:
            return name == "localhost" or name in self.names
        return address.is_loopback or self.any_address or name in self.names


def normal(host: str) -> str:
    """One spelling of a host name or address: lower case, without brackets and without the dot of the root."""
    name = host.strip().strip("[]").removesuffix(".").lower()
    address = _address(name)
    return name if address is None else str(address)


def is_host(text: str) -> bool:
    """Whether it is a host name or an address, with nothing before or after it."""
    bracketed = f"[{text}]" if ":" in text else text
    if text.startswith("[") or not (found := _HOST.fullmatch(bracketed)):
        return False
    return found["name"] == bracketed and (":" not in text or _address(text) is not None)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
