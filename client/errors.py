"""Why a client says no: the whole tree on one page.

ClientError             · cannot do what was asked; says why, and what a person can do next
├── NoSuchMigration     · nothing is known under that id
├── RequesterRequired   · nobody said who asks, and somebody else must approve
├── AlreadyRunning      · the cluster has a migration that has not ended
├── NothingToAdopt      · the cluster has no migration that could be taken over
├── CommandRefused      · the migration does not take that instruction now
│   └── AlreadyCancelled · it was asked to cancel before
├── ClusterUnavailable  · the cluster that is meant cannot be asked who it is
└── NoWorker            · Temporal is there, but nobody works on our task queue
"""


class ClientError(Exception):
    """A client cannot do what was asked; the message says why.

    Attributes:
        remedy: the next step a person can take.
    """

    def __init__(self, message: str, *, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


class NoSuchMigration(ClientError):
    """Nothing is known under that id."""

    def __init__(self, migration: str) -> None:
        super().__init__(f"no migration {migration[:100]!r}", remedy="`vcfm list` shows the ones there are")


class RequesterRequired(ClientError):
    """Nobody said who asks, and somebody else must approve."""

    def __init__(self) -> None:
        super().__init__(
            "nobody said who asks for this migration, and somebody else must approve it here (VCFM_SEPARATE_APPROVER)",
            remedy="say who asks: `requestedBy` (by REST beside the spec, in a custom resource in it), or `--by NAME`",
        )


class AlreadyRunning(ClientError):
    """The cluster has a migration that has not ended.

    Attributes:
        id: that migration.
    """

    def __init__(self, migration: str) -> None:
        super().__init__(
            f"{migration} is running: there is at most one migration per cluster",
            remedy=f"follow that one (`vcfm status -w {migration}`), or wait until it has ended",
        )
        self.id = migration


class NothingToAdopt(ClientError):
    """The cluster has no migration that could be taken over."""


class CommandRefused(ClientError):
    """The migration does not take that instruction now."""


class AlreadyCancelled(CommandRefused):
    """Somebody asked to cancel before: Temporal takes another without a word, and tells a run of the first only."""

    def __init__(self, migration: str) -> None:
        super().__init__(
            f"{migration} was asked to cancel before, and Temporal tells a run only once",
            remedy=f"`vcfm status {migration}` shows what came of it; rollback and pause may be said again",
        )


class ClusterUnavailable(ClientError):
    """The cluster that is meant cannot be asked who it is."""


class NoWorker(ClientError):
    """Temporal is there, but nobody works on our task queue."""
