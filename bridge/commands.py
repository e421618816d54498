"""What a resource asks for, said to its migration through the same doors that everybody uses.

Every word has an id that follows from the resource alone, so that it is heard once, whichever bridge says it and
however often: a state by generation, an answer by its place in the list.
"""

from dataclasses import replace
from datetime import datetime

from pydantic import ValidationError

from bridge.desired import refused_before, spoken, step
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
    "here another person than who asked must approve, and the service believes its proxy alone about who that is: a "
    "resource cannot prove who writes into it. Approve by REST"
)


class CommandSender:
    """Tells migrations what resources ask for."""

    def __init__(self, migrations: Migrations, *, believed: bool = True) -> None:
        """`believed` is whether the names in a resource's approvals count."""
        self._doors = migrations
        self._believed = believed
        self._refused: dict[tuple[str, int], str] = {}

    async def send_commands(
        self, resource: Resource, *, state: State, phase: PhaseName | None, now: datetime
    ) -> Resource:
        """Say what has not been said; returns the resource with what was passed on, and what was refused, noted.

        Args:
            resource: its migration has started.
            state: what the migration does,
            phase: and where it is.
            now: the time that refusals bear.

        Raises:
            DoorError: nobody could be told; it is safe to repeat.
        """
        during = f"{phase} is {state}"
        told = await self._state(resource, state, during, now=now)
        return await self._answers(told, during, ended=state.final, now=now)

    async def _state(self, resource: Resource, state: State, during: str, *, now: datetime) -> Resource:
        wanted, status = resource.wanted, resource.status
        subject = f"state: {wanted}"
        refusals = [each for each in status.refusals if each.subject.startswith((_ANSWERS, subject))]
        what = step(wanted=wanted, told=status.observed_state, state=state)
        why = what.refusal
        if what.verb and not refused_before(refusals, subject=subject, during=during):
            said = Instruction(by=resource.speaker, reason=f"spec.state is {wanted}", channel="cr")
            why = await self._say(resource, what.verb, said, once=f"{resource.uid}/{resource.generation}/{what.verb}")
            what = replace(what, so=what.else_so or not why)
        if what.so:
            refusals = [each for each in refusals if each.subject != subject]
        elif why:
            refusals = _with(refusals, Refusal(subject=subject, during=during, message=cut(why, LOG), time=now))
        told = {"observed_state": wanted} if what.so else {}
        return replace(resource, status=status.model_copy(update={**told, "refusals": refusals}))

    async def _answers(self, resource: Resource, during: str, *, ended: bool, now: datetime) -> Resource:
        status = resource.status
        refusals = status.refusals
        written = resource.spec.get("approvals") or []
        for index in range(status.observed_approvals, len(written)):
            subject = f"{_ANSWERS}{index}]"
            answer = (status.run, index)
            # Remembered, since the status may not be had just now: an answer is judged when it is written, not later.
            if why := self._refused.get(answer) or await self._answer(resource, index, ended=ended):
                self._refused[answer] = why
                refusals = _with(refusals, Refusal(subject=subject, during=during, message=cut(why, LOG), time=now))
            else:
                refusals = [each for each in refusals if not each.subject.startswith(_ANSWERS)]
        heard = max(status.observed_approvals, len(written))
        return replace(resource, status=status.model_copy(update={"observed_approvals": heard, "refusals": refusals}))

    async def _answer(self, resource: Resource, index: int, *, ended: bool) -> str:
        """Say one answer; returns why it was refused, empty if it was not."""
        if ended:
            return "the migration has ended: nothing waits for an answer"
        try:
            verb, said = spoken(Approval.model_validate(resource.spec["approvals"][index]))
        except ValidationError as error:
            return f"it cannot be read: {error.errors()[0]['msg']}"
        if verb is Verb.APPROVE and not self._believed:
            return _UNPROVEN
        return await self._say(resource, verb, said, once=f"{resource.uid}/approvals/{index}")

    async def _say(self, resource: Resource, verb: Verb, said: Instruction, *, once: str) -> str:
        status = resource.status
        try:
            await self._doors.steer(status.migration, verb, said, once=once, run=status.run)
        except CommandRefused as refusal:
            return str(refusal)
        return ""


def _with(refusals: list[Refusal], new: Refusal) -> list[Refusal]:
    """With one more; one that is known keeps its time while it says the same."""
    known = next((each for each in refusals if each.subject == new.subject), None)
    if known and (known.during, known.message) == (new.during, new.message):
        return refusals
    return [*(each for each in refusals if each.subject != new.subject), new][-REFUSALS:]
