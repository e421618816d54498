"""Who may give a verb: what a migration's request has pinned, checked for each instruction.

Two rules, each optional and fixed when the migration starts, so that nobody can loosen them while it runs: what lets it
go forward is signed by the service's key, and whoever asked for it does not approve it.
"""

from migration.commands import Verb
from migration.run.approval import FORWARD, SignedInstruction, Subject, is_genuine
from migration.run.request import MigrationRequest
from workflows.control.arguments import VerbRefused


class Authorization:
    """The rules of one run."""

    def __init__(self, request: MigrationRequest, *, migration: str, run: str) -> None:
        self._request = request
        self._migration = migration
        self._run = run
        self._used: set[str] = set()

    def validate(self, verb: Verb, instruction: SignedInstruction, present: str) -> None:
        """Let it pass, or say why not.

        Raises:
            VerbRefused: whoever gives it may not; names what to do instead.
        """
        if self._wants_signature(verb):
            self._validate_signature(verb, instruction, present)
        if verb is Verb.APPROVE and self._request.separate_approver:
            self._validate_approver(instruction.by, present)

    def apply(self, verb: Verb, instruction: SignedInstruction) -> str:
        """It is granted, and its signature used up; returns what to add to its outcome."""
        if not self._wants_signature(verb):
            return ""
        assert instruction.signature is not None, "validated before it is applied"
        self._used.add(instruction.signature.nonce)
        return ", signed"

    def _wants_signature(self, verb: Verb) -> bool:
        return bool(self._request.approval_key) and verb in FORWARD

    def _validate_signature(self, verb: Verb, instruction: SignedInstruction, present: str) -> None:
        if instruction.signature is None:
            where = (
                f"give it by REST, `vcfm {verb}` or the custom resource, not to Temporal itself"
                if instruction.channel == "temporal"
                else f"the service that took it ({instruction.channel}) lacks VCFM_APPROVAL_KEY_FILE"
            )
            raise VerbRefused(f"{verb} must be signed by the service's approval key: {where}; {present}")
        subject = Subject(migration=self._migration, run=self._run, verb=verb)
        if not is_genuine(self._request.approval_key, subject, instruction):
            raise VerbRefused(
                f"{verb} is not signed, in these words and for this run, by the approval key that the migration was "
                f"started with: see that VCFM_APPROVAL_KEY_FILE is still that key, and say it anew; {present}"
            )
        if instruction.signature.nonce in self._used:
            raise VerbRefused(f"this {verb} has been used before: say it anew; {present}")
        if instruction.phase is None:
            raise VerbRefused(f"a signed {verb} names its phase: say it anew with `phase`; {present}")

    def _validate_approver(self, by: str, present: str) -> None:
        asked = self._request.requested_by
        if not _name(by):
            raise VerbRefused(f"say who approves (`by`): it must be another person than {asked}, who asked; {present}")
        if _name(by) == _name(asked):
            raise VerbRefused(f"{by} asked for this migration, and another person must approve it; {present}")


def _name(by: str) -> str:
    """Two spellings of a name are one person."""
    return " ".join(by.split()).casefold()
