"""What `make check` leaves out is found, however far away the process is started."""

import contextlib
import functools
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cli.dev_server import dev_server
from lab import commands
from lab.commands import Lab
from lab.scenario import load
from tests.monitoring.test_endpoint import ask
from tests.openshift.real_control_plane import ControlPlane
from tests.support import processes
from tests.support.labs import standing


def plainly() -> None:
    subprocess.run(["true"], check=True)


def by_another() -> None:
    plainly()


def within() -> list[Any]:
    def inner() -> None:
        by_another()

    return [inner]


def by_a_module() -> None:
    commands.up(load("default"), attached=True)  # type: ignore[call-arg]  # nobody calls it


@contextlib.contextmanager
def as_a_block() -> Iterator[None]:
    with standing(load("default"), None):  # type: ignore[arg-type]
        yield


class Holder:
    def method(self) -> None:
        by_another()


def by_a_method(holder: Holder = Holder()) -> None:  # noqa: B008
    Holder.method(holder)


def around(function: Callable[[], None]) -> Callable[[], None]:
    @functools.wraps(function)
    def wrapper() -> None:
        function()

    return wrapper


def by_a_server() -> object:
    return dev_server


def by_a_part() -> object:
    return ControlPlane


@pytest.mark.parametrize(
    "starting",
    [plainly, by_another, within, by_a_module, as_a_block, by_a_method, around(by_another), by_a_server, by_a_part],
)
def test_starting_is_found(starting: Any) -> None:
    assert processes._starts(starting)


def only_names() -> object:
    return load("default"), Lab, ask


def round_and_round(times: int) -> None:
    if times:
        round_and_round(times - 1)


@pytest.mark.parametrize("harmless", [only_names, round_and_round, around(lambda: None)])
def test_what_is_harmless_is_taken(harmless: Any) -> None:
    assert not processes._starts(harmless)


@pytest.mark.parametrize("name", sorted(processes.AUDITED))
def test_one_that_was_missed_is_noticed(name: str) -> None:
    with pytest.raises(RuntimeError, match=name):
        processes.refuse(name, ())
