"""Every setting, read from environment variables that start with TRAINYARD_.

docs/settings.md has the same table, as a test checks.
"""

import re
from functools import cache, lru_cache
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from typing import Self
from urllib.parse import unquote, urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.api_keys import HOW_TO_MAKE, ApiKey, read_given_keys
from core.errors import InvalidSetup
from core.quotas import HIGHEST_PRIORITY, LOWEST_PRIORITY, Limits
from core.retention import RetentionPolicy
from core.webhooks import AllowedHosts

MEBIBYTE = 1024 * 1024
GIBIBYTE = 1024 * MEBIBYTE
SECONDS_A_DAY = 24 * 3600.0

HOST = re.compile(r"[A-Za-z0-9._-]+|(?=.*:.*:)[0-9A-Fa-f:.]+(%[A-Za-z0-9._-]+)?")
"""A name, or an address without brackets; one of IPv6 may name its interface (RFC 4007 section 11)."""

HTTP_ADDRESS = re.compile(r"https?://[^\s/?#]+[^\s?#]*")

STORAGE = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9._/-]*)?|file:///[^?#]+")
"""A bucket by Amazon's rules for names, with a prefix; or a folder."""

LOOPBACK_OF = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # Looked up, not listened on.
"""Address at which a service that listens on every address of its machine can be reached."""


class Settings(BaseSettings):
    """Settings of an installation of Trainyard."""

    model_config = SettingsConfigDict(
        env_prefix="TRAINYARD_", env_ignore_empty=True, extra="ignore", frozen=True, allow_inf_nan=False
    )

    host: str = Field("127.0.0.1", description="Address the API listens on; any but a loopback one requires API keys.")
    port: int = Field(8000, ge=0, le=65535, description="Port the API listens on.")
    api_processes: int = Field(
        1, ge=1, le=64, description="Processes of the API, which share the port; each loads models for itself."
    )
    require_keys: bool = Field(
        False, description="Require API keys on a loopback address too, as behind a reverse proxy on this machine."
    )
    bootstrap_key: SecretStr = Field(
        SecretStr(""),
        description="Admin key to create others with, or two separated by a comma; if set, API keys are required.",
    )
    metrics_key: SecretStr = Field(SecretStr(""), description="Key for /metrics, or two separated by a comma.")
    allowed_hosts: str = Field(
        "", description="Host names of this service besides loopback ones, separated by commas, as in Host headers."
    )
    data_dir: Path = Field(Path("var"), description="Folder that holds all state: database, broker, artifacts, data.")
    database_url: str = Field(
        "", description="SQLAlchemy URL, sqlite:///… or postgresql+psycopg://…; empty: SQLite in the data directory."
    )
    storage_url: str = Field(
        "", description="Store of artifacts and datasets, s3://BUCKET/PREFIX or file:///…; empty: the data directory."
    )
    storage_endpoint: str = Field("", description="Address of the S3-compatible service; empty: Amazon's.")
    broker_url: str = Field("", description="Celery broker, redis://… or amqp://…; empty: files in the data directory.")
    queue_name: str = Field("trainyard.doorbell", description="Name of the broker queue that carries doorbells.")
    log_level: str = Field("INFO", description="Least severe level that is logged.")
    traces_endpoint: str = Field(
        "", description="Address of a collector of OpenTelemetry traces (OTLP over HTTP); empty: no traces."
    )

    trainers: int = Field(
        0, ge=0, le=64, description="Trainer processes per worker; 0: as many as its GPUs allow, at least one."
    )
    spare_trainers: int = Field(
        1, ge=0, le=64, description="Warm processes per worker that wait to replace a trainer that was lost or stopped."
    )
    gpus_per_trainer: int = Field(1, ge=1, le=64, description="GPUs of each trainer, the most that a run may request.")
    trainer_max_runs: int = Field(100, ge=1, description="Runs after which a trainer process is replaced.")
    trainer_max_memory_growth_bytes: int = Field(
        2 * GIBIBYTE, ge=1, description="Growth of a trainer's resident memory, in bytes, after which it is replaced."
    )
    lease_seconds: float = Field(
        60.0, gt=0, description="Time that an attempt owns its run without a heartbeat, in seconds."
    )
    heartbeat_seconds: float = Field(1.0, gt=0, description="Interval of renewing an attempt's lease, in seconds.")
    reconcile_seconds: float = Field(10.0, gt=0, description="Interval of checking for lost leases, in seconds.")
    idle_look_seconds: float = Field(2.0, gt=0, description="Interval of an idle worker's checks for runs, in seconds.")
    start_timeout_seconds: float = Field(
        60.0, gt=0, description="Longest wait of a starting process for database and broker, in seconds."
    )
    alive_file: str = Field("", description="File that a worker touches while it is alive; empty: none.")
    max_attempts: int = Field(3, ge=1, description="Lost leases and crashes after which a run fails.")
    run_timeout_seconds: float = Field(24 * 3600.0, gt=0, description="Longest duration of an attempt, in seconds.")
    run_max_memory_bytes: int = Field(
        0, ge=0, description="Most resident memory of a trainer during a run, in bytes; 0: any."
    )
    stall_timeout_seconds: float = Field(
        900.0, gt=0, description="Longest time without progress, in seconds, before an attempt is ended."
    )
    repair_timeout_seconds: float = Field(
        3600.0, gt=0, description="Longest wait of a queued run while no worker can start a trainer, in seconds."
    )

    max_cache_bytes: int = Field(
        GIBIBYTE,
        ge=0,
        description="Largest size of the cache of compiled programs, plans and decoded images, in bytes.",
    )

    checkpoint_seconds: float = Field(
        60.0,
        ge=0,
        description="Least time between two checkpoints of a run, in seconds; they take at most 5 % of its time.",
    )
    preemption: bool = Field(
        True, description="Let a queued run take the trainer of one with a lower priority, which goes on later."
    )
    max_copies_bytes: int = Field(
        10 * GIBIBYTE, ge=0, description="Most disk for copies of files of a store that is elsewhere, in bytes."
    )

    max_spool_bytes: int = Field(
        256 * MEBIBYTE,
        ge=0,
        description="Most disk for points of one run that wait for the database, in bytes; then they are thinned.",
    )

    max_body_bytes: int = Field(MEBIBYTE, ge=1, description="Largest request body outside prediction, in bytes.")
    max_batch_bytes: int = Field(
        16 * MEBIBYTE, ge=1, description="Largest request body of many runs (`POST /v1/runs:batch`), in bytes."
    )
    max_predict_body_bytes: int = Field(16 * MEBIBYTE, ge=1, description="Largest prediction request body, in bytes.")
    max_dataset_bytes: int = Field(2 * GIBIBYTE, ge=1, description="Largest upload of a dataset, in bytes.")
    max_unpacked_bytes: int = Field(
        8 * GIBIBYTE, ge=1, description="Largest size of an upload on disk once it is unpacked and read, in bytes."
    )
    ingest_memory_bytes: int = Field(
        512 * MEBIBYTE, ge=64 * MEBIBYTE, description="Most memory for reading one upload, in bytes."
    )
    ingest_timeout_seconds: float = Field(240.0, gt=0, description="Longest time for reading an upload, in seconds.")
    max_network_bytes: int = Field(256 * MEBIBYTE, ge=1, description="Largest upload of a network, in bytes.")
    network_check_memory_bytes: int = Field(
        2 * GIBIBYTE, ge=512 * MEBIBYTE, description="Most memory for trying an uploaded network, in bytes."
    )
    network_check_timeout_seconds: float = Field(
        60.0, gt=0, description="Longest time for trying an uploaded network, in seconds."
    )
    max_parameters: int = Field(100_000_000, ge=1, description="Most parameters of a spec's network.")
    max_epochs: int = Field(100_000, ge=1, description="Most epochs of a spec.")
    max_steps: int = Field(50_000_000, ge=1, description="Most training steps of a spec, over all epochs.")
    max_curve_points: int = Field(
        20_000_000, ge=1, description="Most points of the curves of a spec that asks for a number of them."
    )
    max_memory_bytes: int = Field(8 * GIBIBYTE, ge=1, description="Most memory of a spec by estimate, in bytes.")
    max_samples: int = Field(5_000_000, ge=1, description="Most samples of a generated dataset.")
    predict_timeout_seconds: float = Field(
        30.0, gt=0, description="Longest wait of a prediction for its model, in seconds; clients may ask for less."
    )
    max_loaded_models: int = Field(64, ge=1, description="Most model versions kept loaded for prediction.")
    max_loaded_bytes: int = Field(
        GIBIBYTE,
        ge=1,
        description="Most memory of the models kept loaded for prediction, in bytes, for each process of the API.",
    )
    preloaded_models: str = Field(
        "",
        description="Models loaded at start and kept loaded, separated by commas: name, name@version or name@alias.",
    )
    serving_providers: str = Field(
        "CPUExecutionProvider",
        description="Execution providers of onnxruntime for predictions, by preference, separated by commas.",
    )
    serving_threads: int = Field(
        0, ge=0, le=1024, description="Threads that share one call of a network; 0: as many as make it faster."
    )
    max_queued_requests: int = Field(
        1000, ge=1, description="Most prediction requests that wait for one model; further ones are answered with 503."
    )
    max_event_listeners: int = Field(
        1000, ge=1, description="Most streams of events that are open at once, in each process of the API."
    )
    webhook_hosts: str = Field(
        "",
        description="Hosts that webhooks may be sent to, separated by commas: name, name:port or http://name:port.",
    )
    watch_predictions: bool = Field(
        True, description="Count inputs and answers of predictions, and compare them with those of training."
    )
    watched_rows_per_second: int = Field(
        200, ge=1, description="Most rows of a model version that are looked at in a second, in each API process."
    )

    quota_queued_runs: int = Field(0, ge=0, description="Most queued runs of one API key's name; 0: any number.")
    quota_running_runs: int = Field(
        0, ge=0, description="Most runs of one API key's name that are trained at the same time; 0: any number."
    )
    quota_disk_bytes: int = Field(
        0, ge=0, description="Most bytes of runs, datasets and networks of one API key's name; 0: any number."
    )
    quota_requests_per_minute: int = Field(
        0, ge=0, description="Most requests a minute with one API key's name, in each API process; 0: any number."
    )
    quota_priority: int = Field(
        0,
        ge=LOWEST_PRIORITY,
        le=HIGHEST_PRIORITY,
        description="Highest priority of runs submitted with an API key; without keys every priority is allowed.",
    )
    retention_max_age_days: float = Field(
        0.0, ge=0, description="Age, in days since the end, at which runs are deleted; 0: never."
    )
    retention_max_runs: int = Field(0, ge=0, description="Ended runs that are kept, the newest; 0: all.")
    retention_max_runs_per_experiment: int = Field(
        0, ge=0, description="Ended runs that are kept of each experiment, the newest; 0: all."
    )
    retention_keep_tag: str = Field(
        "keep", max_length=64, description="Runs with a tag of this name are never deleted by the policy; empty: none."
    )
    retention_keep_newest: bool = Field(
        True, description="Keep the run of each model's newest version, which answers requests that name no version."
    )

    @field_validator("host")
    @classmethod
    def _name_or_address(cls, host: str) -> str:
        if not HOST.fullmatch(host):
            raise ValueError(f"'{host}' is neither a host name nor an address. Give one, such as 127.0.0.1 or 0.0.0.0")
        return host

    @field_validator("allowed_hosts")
    @classmethod
    def _names_without_ports(cls, hosts: str) -> str:
        for name in _split(hosts):
            if not HOST.fullmatch(name):
                raise ValueError(f"'{name}' is not a host name. Give names without ports and wildcards")
        return hosts

    @field_validator("webhook_hosts")
    @classmethod
    def _hosts_of_webhooks(cls, hosts: str) -> str:
        AllowedHosts.read(_split(hosts))
        return hosts

    @field_validator("traces_endpoint")
    @classmethod
    def _address_of_http(cls, address: str) -> str:
        if address and not HTTP_ADDRESS.fullmatch(address):
            raise ValueError(f"'{address}' is not an address of HTTP. Give one, such as http://127.0.0.1:4318")
        return address

    @field_validator("storage_url")
    @classmethod
    def _folder_or_bucket(cls, url: str) -> str:
        if url and not STORAGE.fullmatch(url):
            raise ValueError(f"'{url}' names no store. Give s3://BUCKET, s3://BUCKET/PREFIX or file:///FOLDER")
        return url.rstrip("/")

    @field_validator("storage_endpoint")
    @classmethod
    def _address_of_storage(cls, address: str) -> str:
        if address and not HTTP_ADDRESS.fullmatch(address):
            raise ValueError(f"'{address}' is not an address of HTTP. Give one, such as http://127.0.0.1:9000")
        return address.rstrip("/")

    @field_validator("bootstrap_key", "metrics_key")
    @classmethod
    def _well_made(cls, given: SecretStr) -> SecretStr:
        read_given_keys(given.get_secret_value())
        return given

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, data_dir: Path) -> Path:
        try:
            return data_dir.expanduser().absolute()
        except RuntimeError as error:  # "~somebody" without such a user.
            raise ValueError(str(error).removesuffix(".")) from error

    @model_validator(mode="after")
    def _beat_before_the_lease_ends(self) -> Self:
        if self.heartbeat_seconds >= self.lease_seconds:
            raise ValueError(
                f"TRAINYARD_HEARTBEAT_SECONDS ({self.heartbeat_seconds:g}) must be less than "
                f"TRAINYARD_LEASE_SECONDS ({self.lease_seconds:g}): an attempt ends if its lease is not renewed in time"
            )
        return self

    @model_validator(mode="after")
    def _different_prefixes(self) -> Self:
        prefixes = [key.prefix for key in (*self.bootstrap_keys, *self.metrics_keys)]
        for prefix in prefixes:
            if prefixes.count(prefix) > 1:
                raise ValueError(
                    f"TRAINYARD_BOOTSTRAP_KEY and TRAINYARD_METRICS_KEY have two keys with the prefix {prefix}. "
                    f"{HOW_TO_MAKE}"
                )
        return self

    @property
    def bootstrap_keys(self) -> tuple[ApiKey, ...]:
        """Return the admin keys of the settings."""
        return read_given_keys(self.bootstrap_key.get_secret_value())

    @property
    def metrics_keys(self) -> tuple[ApiKey, ...]:
        """Return the keys for /metrics of the settings."""
        return read_given_keys(self.metrics_key.get_secret_value())

    @property
    def serving_provider_names(self) -> tuple[str, ...]:
        """Return the execution providers for predictions, by preference."""
        return tuple(_split(self.serving_providers))

    @property
    def limits(self) -> Limits:
        """Return the limits of submitters that have none of their own."""
        return Limits(
            queued_runs=self.quota_queued_runs,
            running_runs=self.quota_running_runs,
            disk_bytes=self.quota_disk_bytes,
            requests_per_minute=self.quota_requests_per_minute,
            priority=self.quota_priority if self.asks_for_keys else HIGHEST_PRIORITY,
        )

    @property
    def retention(self) -> RetentionPolicy:
        """Return the policy by which workers delete runs."""
        return RetentionPolicy(
            max_age_seconds=self.retention_max_age_days * SECONDS_A_DAY or None,
            max_runs=self.retention_max_runs or None,
            max_runs_per_experiment=self.retention_max_runs_per_experiment or None,
            keep_tag=self.retention_keep_tag or None,
            keep_newest=self.retention_keep_newest,
            kept_versions=tuple(
                (name, int(number))
                for name, _, number in (part.rpartition("@") for part in _split(self.preloaded_models))
                if name and number.isdecimal()
            ),
        )

    @property
    def is_loopback(self) -> bool:
        """Return True if only this machine can reach the API."""
        return is_loopback(self.host)

    @property
    def asks_for_keys(self) -> bool:
        """Return True if requests need an API key."""
        return self.require_keys or not self.is_loopback or bool(self.bootstrap_keys)

    @property
    def other_hosts(self) -> frozenset[str]:
        """Return the host names of this service besides loopback ones, in lower case."""
        return frozenset(_split(self.allowed_hosts.lower()))

    @property
    def allowed_webhook_hosts(self) -> AllowedHosts:
        """Return the hosts that webhooks may be sent to."""
        return AllowedHosts.read(_split(self.webhook_hosts))

    @property
    def effective_database_url(self) -> str:
        """Return the URL of the database, by default that of the embedded one."""
        return self.database_url or f"sqlite:///{self.data_dir / 'trainyard.db'}"

    @property
    def is_broker_embedded(self) -> bool:
        """Return True if doorbells are files in the data directory."""
        return not self.broker_url

    @property
    def broker_dir(self) -> Path:
        """Return the folder of the embedded broker."""
        return self.data_dir / "broker"

    @property
    def is_storage_elsewhere(self) -> bool:
        """Return True if artifacts and datasets are stored in a bucket."""
        return self.storage_url.startswith("s3:")

    @property
    def storage_dir(self) -> Path:
        """Return the folder of artifacts and datasets; if they are stored elsewhere, of what is on its way there."""
        return Path(unquote(urlsplit(self.storage_url).path)) if self.storage_url.startswith("file:") else self.data_dir

    @property
    def artifacts_dir(self) -> Path:
        """Return the folder of the content-addressed artifact store."""
        return self.storage_dir / "artifacts"

    @property
    def datasets_dir(self) -> Path:
        """Return the folder with the files of datasets on this machine, one folder each."""
        return self.storage_dir / "datasets"

    @property
    def copies_dir(self) -> Path:
        """Return the folder of copies of what is stored elsewhere; safe to delete when no process runs."""
        return self.data_dir / "copies"

    @property
    def scratch_dir(self) -> Path:
        """Return the folder for files of running attempts; safe to empty when no worker runs."""
        return self.data_dir / "scratch"

    @property
    def batch_predictions_dir(self) -> Path:
        """Return the folder of the parts of unfinished batch predictions; without them an attempt starts over."""
        return self.data_dir / "batch-predictions"

    @property
    def cache_dir(self) -> Path:
        """Return the folder of results that later runs reuse; safe to delete at any time."""
        return self.data_dir / "cache"

    @property
    def own_host(self) -> str:
        """Return the address of the API on this machine: the one it listens on, or loopback if it listens on all."""
        return LOOPBACK_OF.get(self.host, self.host)

    @property
    def default_base_url(self) -> str:
        """Return the base URL of the API for clients on this machine."""
        host = self.own_host
        # An IPv6 address is written in brackets (RFC 3986 section 3.2.2).
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


@lru_cache(maxsize=256)
def is_loopback(host: str) -> bool:
    """Return True if a host name or an address without brackets is a loopback one."""
    if host == "localhost":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    # A socket for both versions of IP shows an address of IPv4 in this form (RFC 4291 section 2.5.5.2).
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


@cache
def load_settings() -> Settings:
    """Read the settings from the environment, once per process.

    Raises:
        InvalidSetup: If a variable is invalid; names the variable.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise InvalidSetup(" ".join(_line(entry) for entry in error.errors(include_url=False))) from error


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _line(entry: ErrorDetails) -> str:
    message = entry["msg"].removeprefix("Value error, ")
    names = "".join(f"TRAINYARD_{str(step).upper()}: " for step in entry["loc"][:1])
    return f"{names}{message}."
