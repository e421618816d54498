"""Where a vCenter is and who we are there; and the promise not to lock that account."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from vsphere.errors import CredentialsRejected


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


class Lockout:
    """One refused login closes the door until there are other credentials, that is, another `Endpoint`.

    vCenter locks an account after five refusals in three minutes by default, and SOAP, REST and ten threads would each
    add theirs; the cluster's own components use the same account.
    """

    def __init__(self) -> None:
        self._refused: str | None = None

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Around a login. Raises CredentialsRejected without asking the server once it has refused."""
        if self._refused is not None:
            raise CredentialsRejected(f"Not tried again: {self._refused}")
        try:
            yield
        except CredentialsRejected as error:
            self._refused = str(error.args[0])
            raise
