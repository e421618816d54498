"""Errors of the client: the whole tree on one page.

ClientError             · a request failed; holds the reason and the next step
├── NoSuchMigration     · Temporal stores no migration with that id
├── RequesterRequired   · the request names no requester, which separation of duties needs
├── AlreadyRunning      · the cluster has a migration that has not ended
├── NothingToAdopt      · the cluster has no migration that can be taken over
├── CommandRefused      · the migration does not accept that command now
│   └── AlreadyCancelled · the run has a cancel request already
├── ClusterUnavailable  · the cluster cannot be read
└── NoWorker            · Temporal answers, but no worker polls the task queue
"""


class ClientError(Exception):
    """A request failed; the message says why.

    Attributes:
        remedy: the next step a person can take.
    """

    def __init__(self, message: str, *, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


class NoSuchMigration(ClientError):
    """Temporal stores no migration with that id."""

    def __init__(self, migration: str) -> None:
        super().__init__(f"no migration {migration[:100]!r}", remedy="`vcfm list` shows the known ones")


class RequesterRequired(ClientError):
    """The request names no requester, and another person must approve."""

    def __init__(self) -> None:
        super().__init__(
            "the request names no requester, and another person must approve migrations here (VCFM_SEPARATE_APPROVER)",
            remedy="set `requestedBy` (REST: beside the spec; custom resource: in the spec), or `--by NAME`",
        )


class AlreadyRunning(ClientError):
    """The cluster has a migration that has not ended.

    Attributes:
        id: id of the running migration.
    """

    def __init__(self, migration: str) -> None:
        super().__init__(
            f"{migration} is running: there is at most one migration per cluster",
            remedy=f"follow it (`vcfm status -w {migration}`), or wait until it has ended",
        )
        self.id = migration


class NothingToAdopt(ClientError):
    """The cluster has no migration that can be taken over."""


class CommandRefused(ClientError):
    """The migration does not accept that command now."""


class AlreadyCancelled(CommandRefused):
    """The run has a cancel request already: Temporal accepts another one, but delivers only the first."""

    def __init__(self, migration: str) -> None:
        super().__init__(
            f"{migration} has a cancel request already, and Temporal delivers only the first one to a run",
            remedy=f"`vcfm status {migration}` shows its effect; rollback and pause are accepted any number of times",
        )


class ClusterUnavailable(ClientError):
    """The cluster cannot be read."""


class NoWorker(ClientError):
    """Temporal answers, but no worker polls the task queue."""
