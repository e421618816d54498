"""The lab's own endpoint of a vCenter: pace, faults, inventory (lab/parts/vcenter/admin.go says what they mean)."""

from typing import Any

import httpx

from lab.scenario import Delays
from lab.vcenters.site import Site

TIMEOUT = 60.0  # seconds; an inventory of thousands of machines takes a few


class VCenterAdmin:
    """One vCenter's admin endpoint."""

    def __init__(self, *, address: str, token: str) -> None:
        self._url, self._headers = f"http://{address}", {"Authorization": f"Bearer {token}"}

    @classmethod
    def of(cls, site: Site) -> "VCenterAdmin":
        return cls(address=site.admin, token=site.admin_token)

    def is_up(self) -> bool:
        """Whether the vCenter answers; it does so only when its inventory is complete."""
        try:
            self._ask("GET", "/healthz")
        except httpx.TransportError:
            return False
        return True

    def set_delays(self, delays: Delays, *, seed: int | None) -> None:
        """How long tasks take from now on; power-on by the task of the datacenter, which is what OpenShift uses."""
        seconds = {"CloneVm": delays.clone, "PowerOnMultiVM": delays.power_on}
        self._ask("PUT", "/delays", {"seconds": seconds, "seed": seed})

    def inject(self, fault: dict[str, Any]) -> None:
        """Make calls fail: `{"method", "fault", "message", "times", "skip", "delay", "object_type", "object_name"}`."""
        self._ask("POST", "/faults", fault)

    def faults(self) -> dict[str, Any]:
        """The standing faults, and how many calls they have failed."""
        found: dict[str, Any] = self._ask("GET", "/faults")
        return found

    def clear_faults(self) -> None:
        """Let every method work again."""
        self._ask("DELETE", "/faults")

    def break_connections(self) -> None:
        """Make every call end in a broken connection, until `mend`."""
        self._ask("PUT", "/wire", {"away": True})

    def lose_answers(self, request: str, *, times: int = 1) -> None:
        """Carry a request out and break the connection instead of answering; of a SOAP method or a `POST /rest/…`."""
        self._ask("PUT", "/wire", {"lose": [{"request": request, "times": times}]})

    def mend(self) -> None:
        """Let everything be answered again; what was lost stays lost."""
        self._ask("PUT", "/wire", {})

    def inventory(self) -> dict[str, Any]:
        """Every object with its path and tags, and every category."""
        found: dict[str, Any] = self._ask("GET", "/inventory")
        return found

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        url = f"{self._url}{path}"
        answer = httpx.request(method, url, json=body, headers=self._headers, timeout=TIMEOUT, trust_env=False)
        if answer.is_error:
            raise VCenterAdminError(f"{method} {path}: {answer.status_code} {answer.text.strip()}")
        return answer.json()


class VCenterAdminError(Exception):
    """The endpoint refused; the message is its own."""
