"""Where a vCenter is and who we are there; and the promises not to lock that account nor to forget a session."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from vsphere.errors import CredentialsRejected, SessionLost


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One vCenter's API and the account to use.

    Attributes:
        server: DNS name or address, as in `Infrastructure.spec.platformSpec.vsphere.vcenters[].server`.
        port: of the API, both SOAP (`/sdk`) and REST.
        ca_file: PEM file of authorities to trust besides the system's.
    """

    server: str
    username: str
    password: str = field(repr=False)
    port: int = 443
    ca_file: str | None = None

    @property
    def name(self) -> str:
        """Server and port, as messages and the journal name it."""
        return f"{self.server}:{self.port}"


class LoginGuard:
    """Where SOAP and REST log in: refused once is refused, until there is another `Endpoint`.

    vCenter locks an account after five refusals in three minutes by default, and SOAP, REST and ten threads would each
    add theirs; the cluster's own components use the same account. And what is closed stays closed, or a wait that is
    cleaned up late would log in again and leave a session behind.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._refused: str | None = None
        self._closed = False

    def close(self) -> None:
        """Lets nobody in any more."""
        self._closed = True

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Around a login. Raises CredentialsRejected once refused and SessionLost once closed, asking nobody."""
        if self._closed:
            raise SessionLost(
                f"The connection to {self._endpoint.name} was closed here.", remedy="Retry: it is opened anew."
            )
        if self._refused is not None:
            raise CredentialsRejected(f"Not tried again: {self._refused}")
        try:
            yield
        except CredentialsRejected as error:
            self._refused = str(error.args[0])
            raise
