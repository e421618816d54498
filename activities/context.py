"""What activities have in hand: one connection per cluster and per vCenter, shared by all of a worker's activities.

Credentials are read from their Secret whenever a vCenter is asked for, so that a password corrected by a person takes
effect with the next attempt, and a new one makes a new session.
"""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Concatenate, ParamSpec, Self, TypeVar

from activities.threads import in_thread
from journal.store import Journal
from migration.call import Call, scope
from migration.plan import SecretAddress, VCenterReference
from migration.value import Document
from openshift.backups import load_backup
from openshift.client import Cluster
from openshift.errors import Misconfigured
from openshift.resources import SECRET
from openshift.secrets import credentials_in
from settings import Settings
from vsphere.endpoint import Endpoint
from vsphere.errors import CredentialsRejected
from vsphere.session import VCenter

P = ParamSpec("P")
T = TypeVar("T")


class Context:
    """The connections of one worker. `async with Context(...)`."""

    def __init__(self, *, settings: Settings, journal: Journal) -> None:
        self.settings = settings
        self.journal = journal
        self._clusters: dict[str, Cluster] = {}
        self._vcenters: dict[VCenterReference, tuple[Endpoint, VCenter]] = {}
        self._stack = AsyncExitStack()
        self._connecting = asyncio.Lock()

    async def __aenter__(self) -> Self:
        """Nothing is connected yet."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Log out everywhere."""
        for _, vcenter in self._vcenters.values():
            await asyncio.to_thread(vcenter.close)
        await self._stack.aclose()

    async def cluster(self, name: str) -> Cluster:
        """The cluster of that name in the configuration; the only one if the name is empty.

        Raises:
            Misconfigured: there is no such cluster; names the ones there are.
        """
        async with self._connecting:
            if name not in self._clusters:
                self._clusters[name] = await self._stack.enter_async_context(
                    Cluster.connect(kubeconfig=self._kubeconfig(name), recorder=self._record)
                )
        return self._clusters[name]

    async def vcenter(self, reference: VCenterReference) -> VCenter:
        """The vCenter, with the credentials its Secret holds now.

        Raises:
            openshift.errors.OpenShiftError: the Secret cannot be read, or lacks a key.
        """
        cluster = await self.cluster(reference.cluster)
        credentials = credentials_in(await self._secret(cluster, reference.credentials), server=reference.server)
        endpoint = Endpoint(
            server=reference.server,
            port=reference.port,
            username=credentials.username,
            password=credentials.password,
            ca_file=str(self.settings.vcenter_ca_file) if self.settings.vcenter_ca_file else None,
        )
        known = self._vcenters.get(reference)
        if known is None or known[0] != endpoint:
            self._vcenters[reference] = (endpoint, VCenter(endpoint, self._record))
        return self._vcenters[reference][1]

    async def on(
        self,
        reference: VCenterReference,
        function: Callable[Concatenate[VCenter, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run `function(vcenter, …)` in a thread.

        Raises:
            vsphere.errors.VSphereError: whatever it raises.
        """
        vcenter = await self.vcenter(reference)
        try:
            return await in_thread(function, vcenter, *args, **kwargs)
        except CredentialsRejected:
            # The session remembers the refusal, so as not to lock the account; a person's retry deserves a new one.
            self._vcenters.pop(reference, None)
            raise

    @staticmethod
    async def _secret(cluster: Cluster, address: SecretAddress) -> Document:
        if address.before_image:
            return await load_backup(cluster, namespace=address.namespace, secret=address.name)
        return await cluster.get(SECRET, address.name, namespace=address.namespace)

    def _kubeconfig(self, name: str) -> Path | None:
        directory = self.settings.kubeconfig_directory
        if not name:
            return self.settings.kubeconfig
        found = {each.stem: each for each in sorted(directory.iterdir())} if directory else {}
        if name not in found:
            raise Misconfigured(
                f"no cluster {name!r} is configured (there are: {', '.join(found) or 'none by name'})",
                remedy="Put its kubeconfig into VCFM_KUBECONFIG_DIRECTORY, or leave the name out to mean the only one",
            )
        return found[name]

    def _record(self, call: Call) -> None:
        self.journal.record(call, scope.get())
