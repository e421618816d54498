"""What activities have in hand: one connection per cluster and per vCenter account, shared by a whole worker.

Credentials are read from their Secret whenever a vCenter is asked for, so that a password corrected by a person takes
effect with the next attempt. The same account is the same session, whichever Secret it was read from: vCenter keeps a
limited number of them, and locks accounts that knock too often.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from types import TracebackType
from typing import Concatenate, ParamSpec, Self, TypeVar

from activities.runtime.threads import in_thread
from config.settings import Settings
from journal.store import Journal
from migration.audit.call import Call, scope
from migration.frozen_model import KubeObject
from migration.plan import SecretAddress, VCenterReference
from openshift.api.client import Cluster
from openshift.api.kubeconfigs import kubeconfig_of
from openshift.api.resources import SECRET
from openshift.backups import load_backup
from openshift.secrets import credentials_in
from vsphere.api.endpoint import Endpoint
from vsphere.api.session import VCenter
from vsphere.errors import CredentialsRejected

P = ParamSpec("P")
T = TypeVar("T")


class Context:
    """The connections of one worker. `async with Context(...)`."""

    def __init__(self, *, settings: Settings, journal: Journal) -> None:
        self.settings = settings
        self.journal = journal
        self._clusters: dict[str, Cluster] = {}
        self._endpoints: dict[VCenterReference, Endpoint] = {}
        self._vcenters: dict[Endpoint, VCenter] = {}
        self._stack = AsyncExitStack()
        self._connecting = asyncio.Lock()

    async def __aenter__(self) -> Self:
        """Nothing is connected yet."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Log out everywhere."""
        for vcenter in self._vcenters.values():
            await in_thread(vcenter.close)
        await self._stack.aclose()

    async def cluster(self, name: str) -> Cluster:
        """The cluster of that name in the configuration; the only one if the name is empty.

        Raises:
            Misconfigured: there is no such cluster; names the ones there are.
        """
        async with self._connecting:
            if name not in self._clusters:
                self._clusters[name] = await self._stack.enter_async_context(
                    Cluster.connect(kubeconfig=kubeconfig_of(name, settings=self.settings), recorder=self._record)
                )
        return self._clusters[name]

    @asynccontextmanager
    async def vcenter(self, reference: VCenterReference) -> AsyncIterator[VCenter]:
        """The vCenter, with the credentials its Secret holds now. Its methods block: call them `in_thread`.

        Raises:
            openshift.errors.OpenShiftError: the Secret cannot be read, or lacks a key.
            vsphere.errors.CertificateRejected: the configured authorities cannot be used.
        """
        endpoint = await self._endpoint(reference)
        async with self._connecting:
            if endpoint not in self._vcenters:
                self._vcenters[endpoint] = await in_thread(VCenter, endpoint, self._record)
            vcenter = self._vcenters[endpoint]
        try:
            yield vcenter
        except CredentialsRejected:
            # The session remembers the refusal, so as not to lock the account; a person's retry deserves a new one.
            if self._vcenters.get(endpoint) is vcenter:
                del self._vcenters[endpoint]
                await in_thread(vcenter.close)
            raise

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
        async with self.vcenter(reference) as vcenter:
            return await in_thread(function, vcenter, *args, **kwargs)

    async def _endpoint(self, reference: VCenterReference) -> Endpoint:
        cluster = await self.cluster(reference.cluster)
        credentials = credentials_in(await self._secret(cluster, reference.credentials), server=reference.server)
        ca_file = self.settings.vcenter_ca_file
        endpoint = Endpoint(
            server=reference.server,
            port=reference.port,
            username=credentials.username,
            password=credentials.password,
            ca_file=str(ca_file) if ca_file else None,
        )
        before = self._endpoints.get(reference)
        self._endpoints[reference] = endpoint
        if before and before not in self._endpoints.values() and (superseded := self._vcenters.pop(before, None)):
            await in_thread(superseded.close)  # who still waits on it is told to retry, and then meets the new one
        return endpoint

    @staticmethod
    async def _secret(cluster: Cluster, address: SecretAddress) -> KubeObject:
        if address.before_image:
            return await load_backup(cluster, namespace=address.namespace, secret=address.name)
        return await cluster.get(SECRET, address.name, namespace=address.namespace)

    def _record(self, call: Call) -> None:
        self.journal.record(call, scope.get())
