"""Bringing a lab up, layer by layer: stores, Kubernetes, the installer's documents, OpenShift's controllers.

During bring-up nothing is slow: the scenario's delays begin when the lab is `ready`, since nobody measures an
installation.
"""

from lab.binaries.build import Built, Report
from lab.certificates import Authority, signing_key
from lab.cluster import access, installation, machines, rules, workloads
from lab.cluster.api_server import ApiServer, wait_for
from lab.description import describe
from lab.health import complaints
from lab.processes.addresses import free_ports, free_servers
from lab.processes.programs import Ports, Processes
from lab.scenario import Scenario
from lab.state import StateDir
from lab.vcenters.admin import VCenterAdmin
from lab.vcenters.site import plan_site

VCENTER_PORT = 8443  # not 443, so that `vcenters[].port` is honoured by whoever passes here
HEALTHY_TIMEOUT = 180


class BringUp:
    """One lab while it is coming up; the supervisor is already running."""

    def __init__(self, *, scenario: Scenario, state: StateDir, built: Built, port: int, report: Report) -> None:
        self.scenario, self.state, self.report, self._built = scenario, state, report, built
        self.ports = Ports(*free_ports(len(Ports._fields)))
        source, target = free_servers(port=port)
        self.source = plan_site(
            "source", scenario, server=source, port=port, admin=f"127.0.0.1:{self.ports.source_admin}"
        )
        self.target = plan_site(
            "target", scenario, server=target, port=port, admin=f"127.0.0.1:{self.ports.target_admin}"
        )
        self.url = f"https://127.0.0.1:{self.ports.api}"
        self._processes = Processes(state=state, built=built, ports=self.ports)
        self._authority = Authority(state.authority)
        self._admin = self._authority.client(state.pki, "admin", organization="system:masters")
        self._tokens = signing_key(state.pki, "service-accounts")

    def run(self) -> None:
        """From nothing to a healthy cluster."""
        self.start_stores()
        with self.administrator() as api:
            self.install(api)
            self.wait_healthy(api)
        self.begin()

    def administrator(self) -> ApiServer:
        """The way to the API server for those who may everything."""
        return ApiServer(url=self.url, state=self.state, admin=self._admin)

    def start_stores(self) -> None:
        """Certificates, etcd, the API server, both vCenters, and what the lab says of itself."""
        issue = self._authority.server
        pairs = [
            issue(self.state.pki, f"vcenter-{site.role}", addresses=[site.server], names=[])
            for site in (self.source, self.target)
        ]
        serving = issue(
            self.state.pki, "kube-apiserver", addresses=["127.0.0.1", "10.0.0.1"], names=["kubernetes.default.svc"]
        )
        self._processes.start_stores(
            sites=[self.source, self.target],
            pairs=pairs,
            other_vms=self.scenario.vm_count,
            api=serving,
            tokens=self._tokens,
        )
        access.write_admin_kubeconfig(self.state, url=self.url, admin=self._admin)
        describe(self.state, self.scenario, sites=[self.source, self.target])

    def install(self, api: ApiServer) -> None:
        """Write what an installer writes, and start who acts on it."""
        api.wait_ready(timeout=60)
        self.report(f"API server ready at {self.url}")
        self._processes.start_kubernetes(tokens=self._tokens)
        rules.install_definitions(api, self._built, self.scenario)
        for document in installation.cluster_documents(
            self.scenario, source=self.source, target=self.target, api_url=self.url
        ):
            api.apply(document)
        for site in (self.source, self.target):
            wait_for(VCenterAdmin.of(site).is_up, what=f"the {site.role} vCenter to answer", timeout=60)
            self.report(f"{site.role} vCenter ready at {site.server}:{site.port}")
        for document in [
            *machines.machine_documents(self.scenario, self.source),
            *workloads.workload_documents(self.scenario),
            machines.control_plane_machine_set(self.scenario, self.source),
        ]:
            api.apply(document)
        bound = access.write_service_kubeconfigs(self.state, api, url=self.url, namespace=self.scenario.namespace)
        self.report(f"service account {access.SERVICE_ACCOUNT} has {bound}")
        self._processes.start_openshift()
        rules.install_policies(api, self.scenario)

    def wait_healthy(self, api: ApiServer) -> None:
        """Wait until every Machine runs with a Ready node and every operator is content."""
        wanted = self.scenario.masters + sum(pool.replicas for pool in self.scenario.pools)
        self.report(f"waiting for {wanted} machines and the cluster operators")
        remaining: list[str] = []

        def healthy() -> bool:
            remaining[:] = complaints(api, machines_wanted=wanted)
            return not remaining

        try:
            wait_for(healthy, what="a healthy cluster", timeout=HEALTHY_TIMEOUT, pause=0.25)
        except TimeoutError as error:
            raise TimeoutError(f"{error}: {'; '.join(remaining)} (see {self.state.logs})") from error

    def begin(self) -> None:
        """From here on, things take the time that the scenario says."""
        for site in (self.source, self.target):
            VCenterAdmin.of(site).set_delays(self.scenario.delays, seed=self.scenario.seed)
        self.state.ready.touch()
