"""`toolcrib serve`: runs a server until it is told to stop."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from toolcrib.cli import options
from toolcrib.cli.announcement import AsJson, InWords
from toolcrib.cli.console import CommandError, Json, note, working
from toolcrib.cli.processes import Processes
from toolcrib.cli.running import begin_logging, run
from toolcrib.cli.shared_port import shared_port
from toolcrib.server.app import Server
from toolcrib.server.loading import load
from toolcrib.server.settings import Settings
from toolcrib.server.settings_sources import load_settings

_APPLICATION = Path("app.py")


def serve(
    target: Annotated[
        Path | None,
        typer.Argument(
            help="A folder of .proto files, or an app module: app.py, or app.py:name where its Application is not "
            "called app. Without it: app.py if there is one, else the folder of components.",
            show_default=False,
        ),
    ] = None,
    config: options.Config = None,
    address: options.Address = None,
    database: options.DatabaseUrl = None,
    components: options.Components = None,
    default_actor: options.DefaultActor = None,
    trust_metadata: options.TrustMetadata = None,
    operators: options.Operators = None,
    allow_insecure_bind: options.AllowInsecureBind = None,
    tls_certificate: options.TlsCertificate = None,
    tls_key: options.TlsKey = None,
    tls_client_ca: options.TlsClientCa = None,
    message_bytes_max: options.MessageBytesMax = None,
    workers: options.Workers = None,
    reader_lanes: options.ReaderLanes = None,
    group_commit_max: options.GroupCommitMax = None,
    queue_max: options.QueueMax = None,
    request_id_hours: options.RequestIdHours = None,
    request_ids_max: options.RequestIdsMax = None,
    refusals_per_minute: options.RefusalsPerMinute = None,
    busy_timeout_s: options.BusyTimeout = None,
    connect_timeout_s: options.ConnectTimeout = None,
    statement_timeout_s: options.StatementTimeout = None,
    connections_max: options.ConnectionsMax = None,
    stop_grace_s: options.StopGrace = None,
    watch_heartbeat_s: options.WatchHeartbeat = None,
    watch_poll_s: options.WatchPoll = None,
    watch_buffer_bytes: options.WatchBufferBytes = None,
    retention_key: options.RetentionKey = None,
    health_interval_s: options.HealthInterval = None,
    schema_policy: options.SchemaPolicy = None,
    schema_wait: options.SchemaWait = None,
    reflection: options.Reflection = None,
    log_level: options.LogLevel = None,
    as_json: Json = False,
) -> None:
    """Serve components until Ctrl-C or SIGTERM; calls in flight are finished then.

    Every setting can also stand in toolcrib.toml, or in the environment as TOOLCRIB_NAME.
    """
    settings = load_settings(
        config,
        address=address,
        database=database,
        components=components,
        default_actor=default_actor,
        trust_metadata=trust_metadata,
        operators=operators,
        allow_insecure_bind=allow_insecure_bind,
        tls_certificate=tls_certificate,
        tls_key=tls_key,
        tls_client_ca=tls_client_ca,
        message_bytes_max=message_bytes_max,
        workers=workers,
        reader_lanes=reader_lanes,
        group_commit_max=group_commit_max,
        queue_max=queue_max,
        request_id_hours=request_id_hours,
        request_ids_max=request_ids_max,
        refusals_per_minute=refusals_per_minute,
        busy_timeout_s=busy_timeout_s,
        connect_timeout_s=connect_timeout_s,
        statement_timeout_s=statement_timeout_s,
        connections_max=connections_max,
        stop_grace_s=stop_grace_s,
        watch_heartbeat_s=watch_heartbeat_s,
        watch_poll_s=watch_poll_s,
        watch_buffer_bytes=watch_buffer_bytes,
        retention_key=retention_key,
        health_interval_s=health_interval_s,
        schema_policy=schema_policy,
        schema_wait=schema_wait,
        reflection=reflection,
        log_level=log_level,
    )
    begin_logging(settings)
    target = target or default_target(settings)
    with working(f"compiling {target}"):
        application, folder = load(target, settings)
    announce = (AsJson if as_json else InWords)(settings, folder)
    if settings.workers == 1:
        run(Server(settings, application, folder), settings, announce, note)
        return
    with shared_port(settings.address) as port:
        shared = settings.model_copy(update={"address": port})
        Processes(Server(shared, application, folder), shared, announce, note).run()


def default_target(settings: Settings) -> Path:
    """What is served where nothing is named. Raises CommandError where there is neither."""
    for target in (_APPLICATION, Path(settings.components)):
        if target.exists():
            return target
    raise CommandError(
        f"there is neither {_APPLICATION} nor a folder {settings.components} here; name what to serve, or make a "
        "project with `toolcrib init <folder>`"
    )
