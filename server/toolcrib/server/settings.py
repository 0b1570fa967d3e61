"""The server's settings. Each field's description is also its help and its documentation."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from toolcrib.server.addresses import DEFAULT_ADDRESS, require_address
from toolcrib.server.databases.limits import Limits
from toolcrib.server.identity import ACTOR_CHARACTERS_MAX
from toolcrib.server.schema.policy import Policy

ENVIRONMENT_PREFIX = "TOOLCRIB_"


class Settings(BaseSettings):
    """What a server is told from outside. Made by settings_sources.load_settings()."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix=ENVIRONMENT_PREFIX, env_ignore_empty=True, validate_default=False
    )

    address: str = Field(
        default=DEFAULT_ADDRESS,
        description="Where to listen: host:port, [IPv6]:port or unix:path. Port 0 takes a free one.",
    )
    database: str = Field(
        default="sqlite:///toolcrib.db",
        description="The database: a URL of SQLite, PostgreSQL or MariaDB, or the path of a SQLite file.",
    )
    components: str = Field(
        default="components", description="The folder of .proto files that an app module serves, seen from the module."
    )
    default_actor: str | None = Field(
        default=None,
        examples=["line 3"],
        description="Who answers for writes whose caller names nobody. Without it such writes are refused.",
    )
    trust_metadata: bool | None = Field(
        default=None,
        examples=[True],
        description="Whether a call's x-actor and x-tenant are believed. Not set: only when listening on loopback.",
    )
    operators: str | None = Field(
        default=None,
        examples=["ann, bob"],
        description="The actors, separated by commas, who may ask what is of all tenants together, in calls without a "
        "tenant: all of the audit, the head of its chain, plans of pruning and of the schema.",
    )
    allow_insecure_bind: bool = Field(
        default=False, description="Allows to listen on a network without TLS: everybody there can read and write."
    )
    tls_certificate: Path | None = Field(
        default=None, examples=["server.pem"], description="The server's certificate chain, PEM. Needs tls_key."
    )
    tls_key: Path | None = Field(
        default=None, examples=["server.key"], description="The certificate's private key, PEM."
    )
    tls_client_ca: Path | None = Field(
        default=None,
        examples=["clients-ca.pem"],
        description="The authority of client certificates, PEM. With it each client has to show one; its name is the "
        "actor.",
    )
    message_bytes_max: int = Field(
        default=4 * 1024 * 1024,
        ge=1024,
        le=256 * 1024 * 1024,
        description="The largest request that is taken, in bytes.",
    )
    workers: int = Field(
        default=1,
        ge=1,
        le=64,
        description="How many processes serve the same address and database side by side (not on Windows, and not at a "
        "unix: address).",
    )
    reader_lanes: int = Field(
        default=1, ge=1, le=64, description="How many threads read from the database side by side."
    )
    group_commit_max: int = Field(
        default=256, ge=1, le=10_000, description="The most writes that share one commit to disk."
    )
    queue_max: int = Field(
        default=10_000, ge=1, le=1_000_000, description="The most calls that wait; more are refused as overload."
    )
    request_id_hours: float = Field(
        default=24.0,
        ge=0.01,
        le=10_000,
        description="How long at least a repeated write with a request_id is answered like the first, in hours.",
    )
    request_ids_max: int = Field(
        default=1_000_000,
        ge=1000,
        le=1_000_000_000,
        description="The most answers kept for repeats; beyond it the oldest are forgotten before their time.",
    )
    refusals_per_minute: int = Field(
        default=60,
        ge=1,
        le=100_000,
        description="The most refused writes a minute that are audited, where a component asks for it; more are only "
        "counted.",
    )
    busy_timeout_s: float = Field(
        default=5.0, ge=0, le=600, description="How long to wait for a database that others have locked."
    )
    connect_timeout_s: float = Field(
        default=5.0, ge=1, le=600, description="How long a connection to a database server may take to come about."
    )
    statement_timeout_s: float = Field(
        default=0.0,
        ge=0,
        le=86_400,
        description="How long one statement may take on a database server, as a last resort; 0 is as long as it likes.",
    )
    connections_max: int = Field(
        default=16,
        ge=7,
        le=1000,
        description="The most connections to a database server. Each reader lane holds one; six more do the rest.",
    )
    stop_grace_s: float = Field(
        default=10.0, ge=0, le=3600, description="How long calls in flight may take to finish when the server stops."
    )
    watch_heartbeat_s: float = Field(
        default=30.0,
        ge=0.05,
        le=3600,
        description="How long a watch is silent at most: then it is told up to which revision everything was sent.",
    )
    watch_poll_s: float = Field(
        default=0.1,
        ge=0.01,
        le=3600,
        description="How often watches look for what other processes commit to the same database.",
    )
    watch_buffer_bytes: int = Field(
        default=4 * 1024 * 1024,
        ge=1024,
        le=1024 * 1024 * 1024,
        description="The most bytes that wait for one watch; one that reads too slowly for it has to resume.",
    )
    retention_key: Path | None = Field(
        default=None,
        examples=["audit.key.pub"],
        description="The public key, PEM, of whoever may decide which audit entries and former versions are pruned. "
        "Without it none are.",
    )
    schema_policy: Policy = Field(
        default=Policy.ADDITIVE,
        description="What a start does where the database is not as the components declare it: additive applies what "
        "loses nothing and refuses the rest, check refuses all, off does not look.",
    )
    schema_wait: bool = Field(
        default=False,
        description="Whether a start that the schema refuses waits until somebody applies the plan over gRPC "
        "(`toolcrib schema apply --server`), rather than end.",
    )
    health_interval_s: float = Field(
        default=1.0, ge=0.01, le=3600, description="How often at most health asks the database."
    )
    reflection: bool = Field(
        default=True, description="Whether clients can ask which services and messages there are (grpcurl, audit)."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least important messages to log: debug, info, warning or error."
    )

    def limits(self) -> Limits:
        """How patient the server is with its database."""
        return Limits(self.busy_timeout_s, self.connect_timeout_s, self.statement_timeout_s, self.connections_max)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what it is made with: load_settings() reads the sources, to know which one a value came from."""
        return (init_settings,)

    @field_validator("address")
    @classmethod
    def _check_address(cls, address: str) -> str:
        require_address(address)
        return address

    @field_validator("database", "components")
    @classmethod
    def _check_not_empty(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("is empty; name one, or leave the setting out")
        return value

    @field_validator("default_actor")
    @classmethod
    def _check_actor(cls, actor: str | None) -> str | None:
        if actor is None:
            return None
        name = actor.strip()
        if not name or len(name) > ACTOR_CHARACTERS_MAX or any(unicodedata.category(c) == "Cc" for c in name):
            raise ValueError(f"is {actor!r}; write a name of 1 to {ACTOR_CHARACTERS_MAX} printable characters")
        return name

    @field_validator("tls_certificate", "tls_key", "tls_client_ca", "retention_key")
    @classmethod
    def _check_file(cls, path: Path | None) -> Path | None:
        if path is not None and not path.is_file():
            raise ValueError(f"is {path}, which is no file; name a PEM file")
        return path

    @field_validator("log_level", mode="before")
    @classmethod
    def _lower(cls, level: object) -> object:
        return level.lower() if isinstance(level, str) else level

    @model_validator(mode="after")
    def _check_tls(self) -> Self:
        if (self.tls_certificate is None) != (self.tls_key is None):
            given, missing = ("tls_certificate", "tls_key") if self.tls_key is None else ("tls_key", "tls_certificate")
            raise ValueError(f"{given} is set without {missing}; set both, or neither")
        if self.tls_client_ca is not None and self.tls_certificate is None:
            raise ValueError("tls_client_ca is set without tls_certificate and tls_key; set all three")
        return self
