"""Defining an activity: under its name in Temporal, and whether it may be interrupted."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from inspect import isfunction
from typing import Any, TypeVar

from temporalio import activity

Function = TypeVar("Function", bound=Callable[..., Awaitable[Any]])


@dataclass(frozen=True)
class Definition:
    """An activity as Temporal and its interceptor know it.

    Attributes:
        interruptible: it only observes, and ends at once when it is cancelled; any other is finished first.
    """

    name: str
    interruptible: bool


DEFINED: dict[Callable[..., Any], Definition] = {}
"""Every activity that has been defined so far, by its function."""

INTERRUPTIBLE: set[str] = set()
"""The names of those that end at once when they are cancelled."""


def defined(*, name: str, interruptible: bool = False) -> Callable[[Function], Function]:
    """Make a method an activity."""

    def define(function: Function) -> Function:
        DEFINED[function] = Definition(name, interruptible)
        if interruptible:
            INTERRUPTIBLE.add(name)
        return activity.defn(name=name)(function)

    return define


def definitions(subject: type) -> dict[str, Definition]:
    """The activities of a class, by the names of their methods."""
    return {name: DEFINED[each] for name, each in vars(subject).items() if isfunction(each) and each in DEFINED}
