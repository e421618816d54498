"""Replicas over failure domains: evenly, and never one more or less than there were.

The remainder has to go somewhere. Were it always given to the first failure domain, ten pools of one replica each would
all land there; so every pool begins where the one before it ended, as cards are dealt.
"""

from collections.abc import Mapping


def spread(replicas: int, *, domains: int, first: int = 0) -> list[int]:
    """How many of the replicas each failure domain gets; shares differ by one at most and add up to `replicas`.

    Args:
        replicas: how many there are; may be fewer than failure domains, or none.
        domains: how many failure domains; at least one.
        first: index of the failure domain that is served first (any integer; counted modulo `domains`).

    Raises:
        ValueError: no failure domain to place on, or a negative number of replicas.
    """
    if domains < 1:
        raise ValueError("replicas need at least one failure domain to be placed on")
    if replicas < 0:
        raise ValueError(f"{replicas} replicas cannot be placed")
    share, rest = divmod(replicas, domains)
    return [share + ((index - first) % domains < rest) for index in range(domains)]


def deal(replicas: Mapping[str, int], *, domains: int) -> dict[str, list[int]]:
    """The spread of several pools, in order of their names, each beginning where the one before it ended.

    Whatever the pools' sizes, the failure domains' totals differ by one at most.
    """
    shares = {}
    first = 0
    for pool in sorted(replicas):
        shares[pool] = spread(replicas[pool], domains=domains, first=first)
        first += replicas[pool]
    return shares
