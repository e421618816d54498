"""The argument of a signal or an update, decoded so that nothing sent is ever silently lost.

Temporal drops a signal whose argument it cannot decode, with no more than a line in the worker's log, and the person
who sent it waits for ever. So the handlers take their argument as it came (`raw`), and decode it here, where what
cannot be read is refused like everything else: in one sentence that says what to give instead.
"""

import inspect
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.common import RawValue

from migration.audit import redact
from migration.commands import Instruction
from migration.run.approval import SignedInstruction

Handler = TypeVar("Handler", bound=Callable[..., Any])

_SHOWN = 120
"""Characters shown of what could not be understood."""


class VerbRefused(Exception):
    """A verb that does not apply now, or not for whoever gives it; one plain sentence."""


def raw(handler: Handler) -> Handler:
    """Have Temporal bring a handler's one argument undecoded, by the signature that it looks at.

    The handler itself takes whatever comes. Only two arguments, of which one cannot be decoded, are still dropped.
    """
    one = [
        inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=kind)
        for name, kind in (("self", inspect.Parameter.empty), ("said", RawValue))
    ]
    handler.__signature__ = inspect.Signature(one)  # type: ignore[attr-defined]
    handler.__annotations__ = {"said": RawValue, "return": handler.__annotations__["return"]}
    return handler


def read(arguments: Sequence[Any]) -> SignedInstruction:
    """The one optional object that every verb takes.

    Raises:
        VerbRefused: it is not such an object; says what one looks like.
    """
    try:
        said = [_decoded(each) for each in arguments]
        if said in ([], [None]):
            return SignedInstruction()
        (only,) = said
        return SignedInstruction.model_validate(only)
    except ValueError as error:
        raise VerbRefused(
            'give nothing, or one object like {"phase": "create_workers", "by": "you", "reason": "why"} '
            f"(got {shown(arguments)})"
        ) from error


def canceller(reason: str | None) -> Instruction:
    """Who cancelled, and why, from the one text that comes with it: our clients write JSON there, others anything."""
    try:
        return Instruction.model_validate_json(reason or "{}")
    except ValueError:
        return Instruction(reason=(reason or "")[:200])


def shown(arguments: Sequence[Any]) -> str:
    """What was sent, bounded and without secrets."""
    return ", ".join(_shown(each) for each in arguments[:3])


def _shown(argument: Any) -> str:
    try:
        return redact.body(_decoded(argument), limit=_SHOWN) or "null"
    except ValueError as error:
        return str(error)


def _decoded(argument: Any) -> Any:
    """An argument as a plain value. Raises ValueError, and says how much of what it is, where it is no JSON."""
    if not isinstance(argument, RawValue):
        return argument
    payload = argument.payload
    try:
        return workflow.payload_converter().from_payload(payload)
    except Exception as error:  # whatever a converter makes of bytes that somebody sent
        encoding = payload.metadata.get("encoding", b"unknown encoding")[:40].decode(errors="replace")
        raise ValueError(f"{len(payload.data)} bytes of {encoding} that cannot be decoded") from error
