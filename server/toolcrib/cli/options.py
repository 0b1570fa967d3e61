"""The settings as flags: each has the name, the help and the default of its setting."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from toolcrib.server.schema.policy import Policy
from toolcrib.server.settings import Settings


def _flag(setting: str) -> Any:
    field = Settings.model_fields[setting]
    default = "" if field.default in (None, False) else f" [default: {field.default}]"
    return typer.Option(help=f"{field.description}{default}", show_default=False)


Config = Annotated[
    Path | None,
    typer.Option(
        help="The settings file. [default: TOOLCRIB_CONFIG, or toolcrib.toml in the working folder]", show_default=False
    ),
]
Address = Annotated[str | None, _flag("address")]
DatabaseUrl = Annotated[str | None, _flag("database")]
Components = Annotated[str | None, _flag("components")]
DefaultActor = Annotated[str | None, _flag("default_actor")]
TrustMetadata = Annotated[bool | None, _flag("trust_metadata")]
Operators = Annotated[str | None, _flag("operators")]
AllowInsecureBind = Annotated[bool | None, _flag("allow_insecure_bind")]
TlsCertificate = Annotated[Path | None, _flag("tls_certificate")]
TlsKey = Annotated[Path | None, _flag("tls_key")]
TlsClientCa = Annotated[Path | None, _flag("tls_client_ca")]
MessageBytesMax = Annotated[int | None, _flag("message_bytes_max")]
Workers = Annotated[int | None, _flag("workers")]
ReaderLanes = Annotated[int | None, _flag("reader_lanes")]
GroupCommitMax = Annotated[int | None, _flag("group_commit_max")]
QueueMax = Annotated[int | None, _flag("queue_max")]
RequestIdHours = Annotated[float | None, _flag("request_id_hours")]
RequestIdsMax = Annotated[int | None, _flag("request_ids_max")]
RefusalsPerMinute = Annotated[int | None, _flag("refusals_per_minute")]
BusyTimeout = Annotated[float | None, _flag("busy_timeout_s")]
ConnectTimeout = Annotated[float | None, _flag("connect_timeout_s")]
StatementTimeout = Annotated[float | None, _flag("statement_timeout_s")]
ConnectionsMax = Annotated[int | None, _flag("connections_max")]
StopGrace = Annotated[float | None, _flag("stop_grace_s")]
WatchHeartbeat = Annotated[float | None, _flag("watch_heartbeat_s")]
WatchPoll = Annotated[float | None, _flag("watch_poll_s")]
WatchBufferBytes = Annotated[int | None, _flag("watch_buffer_bytes")]
RetentionKey = Annotated[Path | None, _flag("retention_key")]
SchemaPolicy = Annotated[Policy | None, _flag("schema_policy")]
SchemaWait = Annotated[bool | None, _flag("schema_wait")]
HealthInterval = Annotated[float | None, _flag("health_interval_s")]
Reflection = Annotated[bool | None, _flag("reflection")]
LogLevel = Annotated[str | None, _flag("log_level")]
