"""Free ports and loopback addresses, so that several labs stand side by side.

Ports are taken from below the range from which the kernel gives ports to outgoing connections: one that is free now is
then still free when the part binds it. vCenters get addresses of their own, since pyVmomi skips TLS verification for
127.0.0.1 and localhost, and since two servers with one address would be one vCenter to OpenShift.
"""

import random
import socket

PORTS = range(20000, 32000)
TRIES = 200


class NoAddressError(Exception):
    """No free loopback address or port on this machine; the message names the remedy."""


def free_ports(count: int) -> list[int]:
    """That many different free TCP ports on 127.0.0.1."""
    found: list[int] = []
    for port in random.sample(PORTS, TRIES):
        if _is_free("127.0.0.1", port):
            found.append(port)
        if len(found) == count:
            return found
    raise NoAddressError(f"no {count} free ports in {PORTS.start}-{PORTS.stop}: stop other labs")


def free_servers(*, port: int) -> tuple[str, str]:
    """Two loopback addresses, source's and target's, on which this port is free.

    Raises:
        NoAddressError: none; below 1024 the machine may not allow the port to this user.
    """
    for number in random.sample(range(11, 250), 60):
        pair = (f"127.0.{number}.1", f"127.0.{number}.2")
        if all(_is_free(each, port) for each in pair):
            return pair
    remedy = (
        "choose a port above 1023, or allow it (net.ipv4.ip_unprivileged_port_start)"
        if port < 1024
        else "stop other labs"
    )
    raise NoAddressError(f"port {port} cannot be bound on any of 127.0.11-249.1: {remedy}")


def _is_free(address: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
        return True
