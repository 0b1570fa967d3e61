"""`toolcrib serve`: runs a server until it is told to stop."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from toolcrib import codegen
from toolcrib.cli import options
from toolcrib.cli.console import CommandError, Json, note, print_json, working
from toolcrib.cli.processes import Processes
from toolcrib.cli.running import begin_logging, run
from toolcrib.cli.shared_port import shared_port
from toolcrib.server.app import Server
from toolcrib.server.databases.places import without_password
from toolcrib.server.loading import load
from toolcrib.server.network import trusts_metadata
from toolcrib.server.settings import Settings, is_loopback, load_settings

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
        reflection=reflection,
        log_level=log_level,
    )
    begin_logging(settings)
    target = target or default_target(settings)
    announce = _announce_json if as_json else _announce
    with working(f"compiling {target}"):
        application, folder = load(target, settings)
    if settings.workers == 1:
        server = Server(settings, application, folder)
        run(server, settings, lambda: announce(server.address, settings, folder), note)
        return
    with shared_port(settings.address) as port:
        shared = settings.model_copy(update={"address": port})
        processes = Processes(Server(shared, application, folder), shared, note)
        processes.run(lambda: announce(port, shared, folder))


def default_target(settings: Settings) -> Path:
    """What is served where nothing is named. Raises CommandError where there is neither."""
    for target in (_APPLICATION, Path(settings.components)):
        if target.exists():
            return target
    raise CommandError(
        f"there is neither {_APPLICATION} nor a folder {settings.components} here; name what to serve, or make a "
        "project with `toolcrib init <folder>`"
    )


def _announce_json(address: str, settings: Settings, folder: Path) -> None:
    print_json(
        {
            "address": address,
            "database": without_password(settings.database),
            "components": _names(folder),
            "tls": settings.tls_certificate is not None,
            "pid": os.getpid(),
        }
    )


def _announce(address: str, settings: Settings, folder: Path) -> None:
    lines = [
        # Scripts wait for this one.
        f"serving on {address}",
        f"  database    {without_password(settings.database)}",
        f"  components  {', '.join(_names(folder))}",
        f"  actor       {_actor(settings)}",
    ]
    if settings.tls_certificate is not None:
        own = "" if settings.tls_client_ca is None else " --tls-cert <yours.pem> --tls-key <yours.key>"
        lines.append(f"  try         toolcrib audit --server {address} --tls-ca <authority.pem>{own}")
    else:
        if not is_loopback(settings.address):
            lines.append("  security    NONE: everybody on the network can read and write (allow_insecure_bind)")
        lines.append(f"  try         toolcrib audit --server {address}")
        if settings.reflection:
            lines.append(f"              grpcurl -plaintext {address} list")
    lines.append("  stop        Ctrl-C")
    # In one piece: who waits for the first line may not be there for the second.
    typer.echo("\n".join(lines))


def _names(folder: Path) -> list[str]:
    return [entry.component for entry in codegen.read_manifest(codegen.cached(folder)).components]


def _actor(settings: Settings) -> str:
    """Who will be written down as the one who did it."""
    sources = []
    if settings.tls_client_ca is not None:
        sources.append("the name in the client's certificate")
    if trusts_metadata(settings):
        sources.append("x-actor of the call")
    if settings.default_actor is not None:
        sources.append(f"{settings.default_actor!r}, the default actor")
    if not sources:
        return "nobody can write: set tls_client_ca, trust_metadata or default_actor"
    return ", else ".join(sources)
