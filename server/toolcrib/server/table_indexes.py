"""Brings the indexes of a table that is there already up to the .proto; as they are derived, nothing is lost by it."""

from __future__ import annotations

from sqlalchemy import Connection, Index, Inspector, Table, UniqueConstraint
from sqlalchemy.exc import IntegrityError

from toolcrib.server.errors import StartError


def create_indexes(connection: Connection, inspector: Inspector, table: Table) -> None:
    """Creates what indexes the table lacks, and those anew that have changed.

    Raises StartError where records stand against a unique one, or where the table forbids what the .proto does not, or
    the other way round, and that cannot be mended in place.
    """
    _check_constraints(inspector, table)
    stored = {
        index["name"]: (
            index["column_names"],
            bool(index["unique"]),
            any(option.endswith("_where") for option in index.get("dialect_options", {})),
        )
        for index in inspector.get_indexes(table.name)
        # PostgreSQL names those of unique constraints among them.
        if "duplicates_constraint" not in index
    }
    declared = {index.name: index for index in table.indexes}
    for name, (_, is_unique, _) in stored.items():
        if is_unique and name not in declared:
            raise StartError(
                f"the table {table.name} has the unique index {name}, which the .proto has not; DROP INDEX it, or "
                "declare it again"
            )
    for name, index in sorted(declared.items(), key=lambda item: str(item[0])):
        if name in stored and stored[name] != _shape(index):
            index.drop(connection)
        if name not in stored or stored[name] != _shape(index):
            _create(connection, index, table)


def _shape(index: Index) -> tuple[list[str | None], bool, bool]:
    return (
        [column.name for column in index.columns],
        bool(index.unique),
        index.dialect_options["sqlite"]["where"] is not None,
    )


def _create(connection: Connection, index: Index, table: Table) -> None:
    try:
        index.create(connection)
    except IntegrityError as error:
        fields = ", ".join(column.name for column in index.columns)
        raise StartError(
            f"the table {table.name} has records with the same {fields}, which are to be unique now ({index.name}); "
            "make them differ with the former .proto first"
        ) from error


def _check_constraints(inspector: Inspector, table: Table) -> None:
    declared = {str(c.name): c.columns.keys() for c in table.constraints if isinstance(c, UniqueConstraint)}
    stored = {str(found["name"]): found["column_names"] for found in inspector.get_unique_constraints(table.name)}
    for name in declared.keys() - stored.keys():
        raise StartError(
            f"the table {table.name} was made when {', '.join(declared[name])} was not `unique`; write "
            f'`indexes: {{fields: "{declared[name][0]}" unique: true}}` in the component option instead, which can be '
            "made in place, or name a new database file"
        )
    for name in stored.keys() - declared.keys():
        raise StartError(
            f"the table {table.name} was made when {', '.join(map(str, stored[name]))} was `unique`; keep it so, or "
            "name a new database file"
        )
