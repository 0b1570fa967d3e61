"""A plan of many components has their steps and no others."""

from __future__ import annotations

from pathlib import Path

from support.evolving import part, write_components
from toolcrib.server.database import Database
from toolcrib.server.hooks import Application
from toolcrib.server.loading import import_components
from toolcrib.server.store import Store

COMPONENTS = 200


def test_the_plan_of_200_components_has_a_step_for_each_table_that_differs(tmp_path: Path, database: str) -> None:
    fields = [f"optional double value_{number} = {number}" for number in range(10, 20)]
    body = part("string name = 2 [(toolcrib.options.v1.field).unique = true]", *fields)
    many = [body.replace("message Part", f"message Many{number}") for number in range(COMPONENTS)]
    write_components(tmp_path / "components", {"many.v1": "\n".join(many)})
    generated = import_components(tmp_path / "components")
    repositories = [one.repository for one in generated]
    # One table of former versions for each; all of them to be made, then none, then one that has changed.
    for steps in (2 * COMPONENTS, 0, 1):
        store = Store(Database(database), repositories, Application())
        assert len(store.plan().steps) == steps
        if steps:
            store.open()
        else:
            with store.database.engine.connect() as connection:
                connection.exec_driver_sql("ALTER TABLE many7 DROP COLUMN value_11")
