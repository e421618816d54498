"""The seven verbs as Temporal knows them: each an update, which is answered, and a signal of that name, which is not.

Both do the same with what they bring (`workflows.control.control`), and all seven differ in nothing but their name and
what Temporal's UI says of it. So they are made from the one list of verbs, and a verb more is a row there.
"""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from migration.commands import MEANINGS, Verb
from workflows.control.arguments import VerbRefused, raw, read
from workflows.control.control import Control


class Controlled(Protocol):
    """A workflow that people steer."""

    control: Control


Class = TypeVar("Class", bound=type[Controlled])


def controlled(cls: Class) -> Class:
    """Give a workflow class an update and a signal for each verb; to be applied before `workflow.defn` looks at it."""
    for verb in Verb:
        setattr(cls, f"{verb}_update", _update(verb))
        setattr(cls, f"{verb}_signal", _signal(verb))
    return cls


def _update(verb: Verb) -> Callable[..., Any]:
    @workflow.update(name=verb.value, description=MEANINGS[verb])
    @raw
    def update(self: Controlled, *arguments: Any) -> str:
        return self.control.apply(verb, read(arguments))

    @update.validator
    @raw
    def _validate(self: Controlled, *arguments: Any) -> None:
        """One plain sentence instead of a yes: what Temporal's UI shows in red."""
        try:
            self.control.validate(verb, read(arguments))
        except VerbRefused as refusal:
            raise ApplicationError(str(refusal), type="Refused", non_retryable=True) from refusal

    return update


def _signal(verb: Verb) -> Callable[..., Any]:
    @workflow.signal(name=verb.value, description=MEANINGS[verb])
    @raw
    def signal(self: Controlled, *arguments: Any) -> None:
        self.control.on_signal(verb, arguments)

    return signal
