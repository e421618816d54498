"""The seven verbs as Temporal knows them: each an update, which is answered, and a signal of that name, which is not.

Both do the same (`workflows.control.commands`). They stand in a base class: Temporal finds the handlers of a workflow
class among its inherited members, too. An update's validator must take what the update takes, hence `raw` on both.
"""

from collections.abc import Sequence
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from migration.commands import MEANINGS, Verb
from workflows.control.arguments import VerbRefused, raw, read
from workflows.control.commands import Commands


class Handlers:
    """The updates and signals of a workflow that people control."""

    commands: Commands

    @workflow.update(name="approve", description=MEANINGS[Verb.APPROVE])
    @raw
    def approve(self, *arguments: Any) -> str:
        """Answers what happens now."""
        return self.commands.apply(Verb.APPROVE, read(arguments))

    @approve.validator
    @raw
    def validate_approve(self, *arguments: Any) -> None:
        """Refuses in one sentence."""
        _validate(self.commands, Verb.APPROVE, arguments)

    @workflow.signal(name="approve", description=MEANINGS[Verb.APPROVE])
    @raw
    def signal_approve(self, *arguments: Any) -> None:
        """A refusal is shown in the status."""
        self.commands.on_signal(Verb.APPROVE, arguments)

    @workflow.update(name="reject", description=MEANINGS[Verb.REJECT])
    @raw
    def reject(self, *arguments: Any) -> str:
        """Answers what happens now."""
        return self.commands.apply(Verb.REJECT, read(arguments))

    @reject.validator
    @raw
    def validate_reject(self, *arguments: Any) -> None:
        """Refuses in one sentence."""
        _validate(self.commands, Verb.REJECT, arguments)

    @workflow.signal(name="reject", description=MEANINGS[Verb.REJECT])
    @raw
    def signal_reject(self, *arguments: Any) -> None:
        """A refusal is shown in the status."""
        self.commands.on_signal(Verb.REJECT, arguments)

    @workflow.update(name="pause", description=MEANINGS[Verb.PAUSE])
    @raw
    def pause(self, *arguments: Any) -> str:
        """Answers what happens now."""
        return self.commands.apply(Verb.PAUSE, read(arguments))

    @pause.validator
    @raw
    def validate_pause(self, *arguments: Any) -> None:
        """Refuses in one sentence."""
        _validate(self.commands, Verb.PAUSE, arguments)

    @workflow.signal(name="pause", description=MEANINGS[Verb.PAUSE])
    @raw
    def signal_pause(self, *arguments: Any) -> None:
        """A refusal is shown in the status."""
        self.commands.on_signal(Verb.PAUSE, arguments)

    @workflow.update(name="resume", description=MEANINGS[Verb.RESUME])
    @raw
    def resume(self, *arguments: Any) -> str:
        """Answers what happens now."""
        return self.commands.apply(Verb.RESUME, read(arguments))

    @resume.validator
    @raw
    def validate_resume(self, *arguments: Any) -> None:
        """Refuses in one sentence."""
        _validate(self.commands, Verb.RESUME, arguments)

    @workflow.signal(name="resume", description=MEANINGS[Verb.RESUME])
    @raw
    def signal_resume(self, *arguments: Any) -> None:
        """A refusal is shown in the status."""
        self.commands.on_signal(Verb.RESUME, arguments)

    @workflow.update(name="retry", description=MEANINGS[Verb.RETRY])
    @raw
    def retry(self, *arguments: Any) -> str:
        """Answers what happens now."""
        return self.commands.apply(Verb.RETRY, read(arguments))

    @retry.validator
    @raw
    def validate_retry(self, *arguments: Any) -> None:
        """Refuses in one sentence."""
        _validate(self.commands, Verb.RETRY, arguments)

    @workflow.signal(name="retry", description=MEANINGS[Verb.RETRY])
    @raw
    def signal_retry(self, *arguments: Any) -> None:
        """A refusal is shown in the status."""
        self.commands.on_signal(Verb.RETRY, arguments)

    @workflow.update(name="skip", description=MEANINGS[Verb.SKIP])
    @raw
    def skip(self, *arguments: Any) -> str:
        """Answers what happens now."""
        return self.commands.apply(Verb.SKIP, read(arguments))

    @skip.validator
    @raw
    def validate_skip(self, *arguments: Any) -> None:
        """Refuses in one sentence."""
        _validate(self.commands, Verb.SKIP, arguments)

    @workflow.signal(name="skip", description=MEANINGS[Verb.SKIP])
    @raw
    def signal_skip(self, *arguments: Any) -> None:
        """A refusal is shown in the status."""
        self.commands.on_signal(Verb.SKIP, arguments)

    @workflow.update(name="rollback", description=MEANINGS[Verb.ROLLBACK])
    @raw
    def rollback(self, *arguments: Any) -> str:
        """Answers what happens now."""
        return self.commands.apply(Verb.ROLLBACK, read(arguments))

    @rollback.validator
    @raw
    def validate_rollback(self, *arguments: Any) -> None:
        """Refuses in one sentence."""
        _validate(self.commands, Verb.ROLLBACK, arguments)

    @workflow.signal(name="rollback", description=MEANINGS[Verb.ROLLBACK])
    @raw
    def signal_rollback(self, *arguments: Any) -> None:
        """A refusal is shown in the status."""
        self.commands.on_signal(Verb.ROLLBACK, arguments)

    @workflow.signal(dynamic=True)
    def unknown_signal(self, name: str, arguments: Sequence[RawValue]) -> None:
        """A signal of any other name: shown in the status, never dropped."""
        self.commands.on_unknown_signal(name, arguments)


def _validate(commands: Commands, verb: Verb, arguments: Sequence[Any]) -> None:
    """Turn a refusal into what Temporal answers, and its UI shows."""
    try:
        commands.validate(verb, read(arguments))
    except VerbRefused as refusal:
        raise ApplicationError(str(refusal), type="Refused", non_retryable=True) from refusal
