"""Sends what a resource requests to its migration, through the same client as REST and the command line.

Every command has an update id that is derived from the resource alone, so that it takes effect once, whichever bridge
sends it and however often: a state by generation, an approval by its index in the list.
"""

from dataclasses import replace
from datetime import datetime

from pydantic import ValidationError

from bridge.desired import command_of, refused_before, step
from bridge.resource.model import Resource
from bridge.resource.parts import LOG, REFUSALS, Refusal, cut
from client.errors import CommandRefused
from client.migrations import Migrations
from migration.commands import Instruction, Verb
from migration.phase import PhaseName
from migration.run.status import State
from migration.spec.model import Approval

_ANSWERS = "approvals["


_UNPROVEN = (
    "another person than the requester must approve here, and only the authenticating proxy proves who that is: a "
    "resource does not prove who writes into it. Approve by REST"
)


class CommandSender:
    """Sends the commands that resources request to their migrations."""

    def __init__(self, migrations: Migrations, *, believed: bool = True) -> None:
        """`believed` is whether the names in a resource's approvals are trusted."""
        self._migrations = migrations
        self._believed = believed
        self._refused: dict[tuple[str, int], str] = {}

    async def send_commands(
        self, resource: Resource, *, state: State, phase: PhaseName | None, now: datetime
    ) -> Resource:
        """Send pending commands; returns the resource with updated `observed…` fields and refusals.

        Args:
            resource: its migration has started.
            state: the migration's state.
            phase: the migration's phase.
            now: timestamp of refusals.

        Raises:
            ClientError: a command could not be delivered; it is safe to repeat.
        """
        during = f"{phase} is {state}"
        updated = await self._state(resource, state, during, now=now)
        return await self._answers(updated, during, ended=state.final, now=now)

    async def _state(self, resource: Resource, state: State, during: str, *, now: datetime) -> Resource:
        wanted, status = resource.wanted, resource.status
        subject = f"state: {wanted}"
        refusals = [each for each in status.refusals if each.subject.startswith((_ANSWERS, subject))]
        what = step(wanted=wanted, told=status.observed_state, state=state)
        why = what.refusal
        if what.verb and not refused_before(refusals, subject=subject, during=during):
            command = Instruction(by=resource.speaker, reason=f"spec.state is {wanted}", channel="cr")
            once = f"{resource.uid}/{resource.generation}/{what.verb}"
            why = await self._send(resource, what.verb, command, once=once)
            what = replace(what, so=what.else_so or not why)
        if what.so:
            refusals = [each for each in refusals if each.subject != subject]
        elif why:
            refusals = _with(refusals, Refusal(subject=subject, during=during, message=cut(why, LOG), time=now))
        observed = {"observed_state": wanted} if what.so else {}
        return replace(resource, status=status.model_copy(update={**observed, "refusals": refusals}))

    async def _answers(self, resource: Resource, during: str, *, ended: bool, now: datetime) -> Resource:
        status = resource.status
        refusals = status.refusals
        written = resource.spec.get("approvals") or []
        for index in range(status.observed_approvals, len(written)):
            subject = f"{_ANSWERS}{index}]"
            answer = (status.run, index)
            # Kept in memory, since the status write may fail: an approval is evaluated when it is written, not later.
            if why := self._refused.get(answer) or await self._answer(resource, index, ended=ended):
                self._refused[answer] = why
                refusals = _with(refusals, Refusal(subject=subject, during=during, message=cut(why, LOG), time=now))
            else:
                refusals = [each for each in refusals if not each.subject.startswith(_ANSWERS)]
        sent = max(status.observed_approvals, len(written))
        return replace(resource, status=status.model_copy(update={"observed_approvals": sent, "refusals": refusals}))

    async def _answer(self, resource: Resource, index: int, *, ended: bool) -> str:
        """Send one approval; returns the reason of its refusal, empty if it was accepted."""
        if ended:
            return "the migration has ended: nothing waits for an answer"
        try:
            verb, command = command_of(Approval.model_validate(resource.spec["approvals"][index]))
        except ValidationError as error:
            return f"it cannot be read: {error.errors()[0]['msg']}"
        if verb is Verb.APPROVE and not self._believed:
            return _UNPROVEN
        return await self._send(resource, verb, command, once=f"{resource.uid}/approvals/{index}")

    async def _send(self, resource: Resource, verb: Verb, command: Instruction, *, once: str) -> str:
        status = resource.status
        try:
            await self._migrations.steer(status.migration, verb, command, once=once, run=status.run)
        except CommandRefused as refusal:
            return str(refusal)
        return ""


def _with(refusals: list[Refusal], new: Refusal) -> list[Refusal]:
    """Add a refusal; an identical earlier one keeps its time."""
    known = next((each for each in refusals if each.subject == new.subject), None)
    if known and (known.during, known.message) == (new.during, new.message):
        return refusals
    return [*(each for each in refusals if each.subject != new.subject), new][-REFUSALS:]
