"""Whether the components can log in to the vCenters that their configs list, tried in the background every few seconds.

Apart from the cluster operators that report it, since a vCenter that does not answer takes seconds to say so, in which
they have other things to tell.
"""

from functools import partial

from lab.simulation.cluster.informer import Trigger
from lab.simulation.cluster.kinds import CONFIG_MAP, SECRET
from lab.simulation.context import SimulationContext
from lab.simulation.operators import cloud_config
from lab.simulation.operators.cloud_controller_manager import credentials

Address = tuple[str, str]
TRY_SECONDS = 5.0


class VCenterLogins:
    """Asks for each name: (the config it reads, the secrets it logs in with), as (namespace, name)."""

    def __init__(self, context: SimulationContext, asked: dict[str, tuple[Address, tuple[Address, ...]]]) -> None:
        self._context = context
        self._asked = asked
        self._problems: dict[str, str] = {}

    def problem(self, name: str) -> str:
        """Why it could not log in somewhere when last tried, or nothing."""
        return self._problems.get(name, "")

    async def run(self, tell: Trigger) -> None:
        """Try for ever: at once when a config or secret changes, else every few seconds."""
        changed = self._context.trigger(CONFIG_MAP, SECRET)
        await self._context.run_reconciler(partial(self._try_all, changed, tell), changed)

    async def _try_all(self, again: Trigger, tell: Trigger) -> None:
        again.later(TRY_SECONDS)
        problems = {name: await self._try(*each) for name, each in self._asked.items()}
        if problems != self._problems:
            self._problems = problems
            tell()

    async def _try(self, config: Address, secrets: tuple[Address, ...]) -> str:
        found = self._context.get(CONFIG_MAP, config[1], namespace=config[0])
        try:
            endpoints = cloud_config.endpoints((found or {}).get("data", {}).get(cloud_config.KEY, "{}"))
        except cloud_config.UnusableConfigError as error:
            return str(error)
        for namespace, name in secrets:
            secret = self._context.get(SECRET, name, namespace=namespace)
            for server, port in endpoints.items():
                username, password = credentials(secret, server)
                problem = await self._context.logins.problem(
                    server=server, port=port, username=username, password=password
                )
                if problem:
                    return f"unable to connect to vCenter {server} as {namespace}/{name} says: {problem}"
        return ""
