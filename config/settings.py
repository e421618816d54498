"""What the operator of the service may set: environment variables with the prefix `VCFM_`, or a `.env` file.

The connection to Temporal is not here: it follows Temporal's own environment configuration (`TEMPORAL_ADDRESS`,
`TEMPORAL_NAMESPACE`, `TEMPORAL_TLS_…`), which every other Temporal tool on the machine follows too.
"""

from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, PositiveFloat, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy import make_url

from http_security.hosts import is_host


class Settings(BaseSettings):
    """One model for all processes; each reads what it needs.

    Attributes:
        kubeconfig: the kubeconfig of the one cluster this service looks after; default: in-cluster, then `$KUBECONFIG`.
        kubeconfig_directory: for several clusters, a directory of kubeconfigs; the file's stem is the cluster's name.
        namespace: where before-images, the metadata Secret and (by default) the target's credentials live.
        vcenter_ca_file: PEM of the authorities that sign the vCenters' certificates; default: the system's.
        state_directory: where a small install keeps its files (journal, and the dev server's database).
        journal: SQLAlchemy URL of the journal; default: a SQLite file in the state directory.
        journal_password_file: the password for that URL, where it is not to stand in an environment.
        payload_keys_file: `name: base64 key` lines: the first encrypts what Temporal stores, every one decrypts;
            default: stored in clear.
        codec_token_file: with it, `/codec` decrypts for whoever sends this bearer token or has logged in with it; needs
            `payload_keys_file`.
        codec_ui_origin: the one web origin (`https://temporal.example.com`) whose pages may read `/codec`'s answers.
        approval_key_file: PEM of an Ed25519 private key: approve, resume, retry and skip must then be signed with it;
            default: nothing is signed.
        separate_approver: whether somebody else than who asked for a migration must approve it.
        task_queue: Temporal task queue that the worker polls and migrations run on.
        build_id: this worker's version: migrations stay with the version that began them; default: any worker runs any.
        api_host, api_port: where the REST API listens.
        api_allowed_hosts: further host names by which a request may ask for it, those of a Service or an ingress; as a
            variable with commas between. Loopback and the address it listens on are always allowed.
        api_user_header: the header in which an authenticating proxy names the user; whoever comes without it is turned
            away, and nobody else is believed about who asks.
        health_host, health_port: where a process answers `/healthz`, `/readyz` and `/metrics`; default: nowhere.
        temporal_metrics_port: where Temporal's SDK tells Prometheus of itself, on the same host; default: nowhere.
        health_window: seconds for which every operator must be Available and not Degraded before the cluster counts as
            stable. Operators report a vCenter they cannot reach within one resync, which is under a minute.
        preflight_interval: seconds after which a custom resource that has not started is looked at again.
        log_json: one JSON object per line instead of coloured text.
        max_activities: how many activities one worker runs at a time; a vCenter serves few sessions well.
    """

    model_config = SettingsConfigDict(
        env_prefix="VCFM_",
        env_file=".env",
        env_ignore_empty=True,  # how compose and shells pass on what is not set
        extra="ignore",
        frozen=True,
    )

    kubeconfig: Path | None = None
    kubeconfig_directory: Path | None = None
    namespace: str = "openshift-vcf-migration"
    vcenter_ca_file: Path | None = None
    state_directory: Path = Path(".vcfm")
    journal: str | None = None
    journal_password_file: Path | None = None
    payload_keys_file: Path | None = None
    codec_token_file: Path | None = None
    codec_ui_origin: str | None = None
    approval_key_file: Path | None = None
    separate_approver: bool = False
    task_queue: str = "vcf-migration"
    build_id: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    api_host: str = "127.0.0.1"
    api_port: Annotated[int, Field(ge=0, le=65535)] = 8080
    api_allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    api_user_header: Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")] | None = None
    health_host: str = "127.0.0.1"
    health_port: Annotated[int | None, Field(ge=1, le=65535)] = None
    temporal_metrics_port: Annotated[int | None, Field(ge=1, le=65535)] = None
    health_window: PositiveFloat = 60.0
    max_activities: Annotated[int, Field(ge=1, le=200)] = 20
    preflight_interval: PositiveFloat = 600.0
    log_json: bool = False

    @field_validator("api_allowed_hosts", mode="before")
    @classmethod
    def _hosts(cls, value: Any) -> Any:
        listed = [each.strip() for each in value.split(",") if each.strip()] if isinstance(value, str) else value
        for each in listed:
            if not is_host(each):
                raise ValueError(
                    f"VCFM_API_ALLOWED_HOSTS: {each!r} is no host name or address: write it without scheme, port, path "
                    "or wildcard, with commas between several"
                )
        return tuple(listed)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.journal_password_file and not self.journal:
            raise ValueError("VCFM_JOURNAL_PASSWORD_FILE needs VCFM_JOURNAL: a file of SQLite's has no password")
        if self.codec_token_file and not self.payload_keys_file:
            raise ValueError("VCFM_CODEC_TOKEN_FILE needs VCFM_PAYLOAD_KEYS_FILE: without keys nothing is encrypted")
        if self.codec_ui_origin and not self.codec_token_file:
            raise ValueError("VCFM_CODEC_UI_ORIGIN needs VCFM_CODEC_TOKEN_FILE: nobody reads payloads without a token")
        return self

    @property
    def journal_url(self) -> str:
        """The journal's URL, password and all; the state directory is made if it is the default and missing.

        Raises:
            OSError: the password cannot be read.
        """
        if self.journal and self.journal_password_file:
            try:
                password = self.journal_password_file.read_text().rstrip("\n")
            except OSError as error:
                raise OSError(f"VCFM_JOURNAL_PASSWORD_FILE: {error}") from error
            return make_url(self.journal).set(password=password).render_as_string(hide_password=False)
        if self.journal:
            return self.journal
        self.state_directory.mkdir(parents=True, exist_ok=True)
        return f"sqlite:///{self.state_directory / 'journal.db'}"
