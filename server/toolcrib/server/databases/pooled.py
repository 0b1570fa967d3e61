"""Databases that are servers of their own, spoken to through a pool of connections with a limit."""

from __future__ import annotations

import logging
import time
from abc import abstractmethod
from math import inf
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import QueuePool

from toolcrib.server.databases.backend import Backend, Figures, Finding, Stored
from toolcrib.server.databases.limits import Limits
from toolcrib.server.errors import DatabaseUnavailable, StartError
from toolcrib.server.session import Session

logger = logging.getLogger(__name__)

_WARN_EVERY_S = 60


class PooledBackend(Backend):
    """A database of a server. Its subclasses set `engine`, made by `pooled_engine`, and `place`."""

    reads_at_once = False

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._opened = self._refused = 0
        self._warned_at = -inf

    @property
    def _driver_errors(self) -> tuple[type[Exception], ...]:
        """All that the driver raises."""
        return (self.driver_error,)

    @abstractmethod
    def _configure(self, driver: Any) -> None:
        """Sets up a new connection, for as long as it lives."""

    @abstractmethod
    def _examined(self, rows: Stored) -> Finding:
        """What `examine` finds of a database that can be read."""

    @abstractmethod
    def _session_on(self, connection: Connection, *, read_only: bool) -> Session:
        """A session with a connection. Raises the driver's error."""

    def exists(self) -> bool:
        """Nobody but an administrator makes a database."""
        return True

    def opened(self) -> None:
        """Such a server itself keeps a database from being replaced while it is connected to."""

    def check_present(self) -> None:
        """As above."""

    def session(self, *, read_only: bool, waits: bool) -> Session:
        """A session with a connection from the pool."""
        connection = self.connect()
        try:
            return self._session_on(connection, read_only=read_only)
        except self._driver_errors as error:
            connection.invalidate()
            connection.close()
            raise self.classify(error) or error from error

    def connect(self) -> Connection:
        """A connection from the pool. Raises StorageError, also where all are in use for too long."""
        try:
            return super().connect()
        except PoolTimeout as error:
            self._refused += 1
            self._warn()
            limits = self._limits
            raise DatabaseUnavailable(
                f"all {limits.connections_max} connections to the database are in use (connections_max), and none came "
                f"free in {limits.busy_timeout_s:g} s; nothing was written; try again"
            ) from error
        except self._driver_errors as error:
            raise self.classify(error) or error from error

    def examine(self) -> Finding:
        """Connects and looks."""
        try:
            with self.audit() as rows:
                return self._examined(rows)
        except StartError as error:
            return Finding(str(error), "see that it runs and lets this user in, or name another with --database")

    def figures(self) -> Figures:
        """Of the pool."""
        pool = self.engine.pool
        assert isinstance(pool, QueuePool)
        return Figures(pool.checkedout(), pool.checkedin(), self._limits.connections_max, self._opened, self._refused)

    def close(self) -> None:
        """Closes the connections that lie idle."""
        self.engine.dispose()

    def _pooled_engine(self, url: URL, arguments: dict[str, Any], **options: Any) -> Engine:
        """The engine, whose driver connects with these `arguments`. Raises ArgumentError."""
        limits = self._limits
        engine = create_engine(
            url,
            poolclass=QueuePool,
            pool_size=limits.connections_max,
            max_overflow=0,
            pool_timeout=limits.busy_timeout_s,
            # A connection that has lain idle may have been ended by a restart of the database.
            pool_pre_ping=True,
            isolation_level="AUTOCOMMIT",
            paramstyle="format",
            connect_args=arguments,
            **options,
        )
        event.listen(engine, "connect", self._connected)
        return engine

    def _connected(self, driver: Any, _record: object) -> None:
        self._opened += 1
        logger.debug("connected to %s: %s", self.place, self.figures())
        self._configure(driver)

    def _warn(self) -> None:
        """Tells the operator that there are too few connections, now and then."""
        if time.monotonic() - self._warned_at >= _WARN_EVERY_S:
            self._warned_at = time.monotonic()
            logger.warning("no connection to %s came free: %s", self.place, self.figures())
