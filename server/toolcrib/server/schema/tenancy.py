"""The step by which records come to be each a tenant's own, or to be shared by all: only where there are none.

Nobody but who has the records knows whose they are; and shared, those of one tenant would be shown to all others.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Table

from toolcrib.server.schema.costs import Work, counted
from toolcrib.server.schema.steps import Kind, Sign, Step
from toolcrib.server.schema.table_steps import TableSteps
from toolcrib.server.schema.tables import Differences
from toolcrib.server.tenants import TENANT


def is_another_tenancy(found: Differences) -> bool:
    """Whether a table's rows are to be each a tenant's own, and are not, or the other way round."""
    return TENANT in found.added or TENANT in found.dropped


def tenancy_steps(steps: TableSteps, found: Differences) -> Iterator[Step]:
    """The step of a component's own table, which is that of its former versions too."""
    if steps.match.is_history or not is_another_tenancy(found):
        return
    records, versions = steps.rows, steps.facts.rows(steps.versions.stored) if steps.versions else 0
    rows = " and ".join(
        counted(rows, what) for rows, what in ((records, "record"), (versions, "former version")) if rows
    )
    name = steps.match.served.component.name
    if TENANT in found.added:
        text = f"make the records of {name} each a tenant's own (multi_tenant)"
        loss = f"nobody has said whose the {rows} are that are there"
        remedy = (
            "leave out `multi_tenant`; or give a new component that option, and have each tenant create there what is "
            "its own"
        )
    else:
        text = f"let all tenants share the records of {name} (no longer multi_tenant)"
        loss = f"the {rows} that are there, each a tenant's own, would be shown to all"
        remedy = "keep `multi_tenant`; or make a new component without it for what is to be shared"
    facts: dict[str, Any] = {}
    if rows:
        facts = {"kind": Kind.AMBIGUOUS, "loss": loss, "remedy": remedy, "may_be_allowed": False}
    yield steps.step("tenants", Sign.CHANGE, text, column=TENANT, work=Work.CATALOG, **facts)


def make_anew(connection: Connection, table: Table) -> None:
    """Makes a table, which has no rows, in the form that it has with tenants or without."""
    table.drop(connection)
    table.create(connection)
