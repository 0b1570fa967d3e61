"""Emits the SQLAlchemy table of a component."""

from __future__ import annotations

from toolcrib.codegen.emit_indexes import write_indexes
from toolcrib.codegen.indexes import TENANT_COLUMN, constraint_name
from toolcrib.codegen.layout import call, quoted
from toolcrib.codegen.model import Component, Field, History, Kind
from toolcrib.codegen.writer import CodeWriter

_COLUMNS = {
    Kind.BOOL: ("sqlalchemy", "Boolean"),
    Kind.INT32: ("sqlalchemy", "Integer"),
    Kind.INT64: ("sqlalchemy", "BigInteger"),
    Kind.UINT32: ("sqlalchemy", "BigInteger"),
    Kind.UINT64: ("toolcrib.server.columns", "UnsignedBigInteger"),
    Kind.FLOAT: ("toolcrib.server.columns", "ExactDouble"),
    Kind.DOUBLE: ("toolcrib.server.columns", "ExactDouble"),
    Kind.STRING: ("toolcrib.server.columns", "ExactText"),
    Kind.BYTES: ("sqlalchemy", "LargeBinary"),
    Kind.ENUM: ("sqlalchemy", "Integer"),
    Kind.TIMESTAMP: ("toolcrib.server.columns", "UtcTimestamp"),
    Kind.DURATION: ("sqlalchemy", "BigInteger"),
}
_DOCUMENT = ("toolcrib.server.columns", "Document")

# What counts records: SQLite keeps a table under an integer key itself, where any other key has a tree of its own.
_KEY_COLUMNS = dict.fromkeys((Kind.INT64, Kind.UINT32), ("toolcrib.server.columns", "IntegerKey"))


def emit_table(component: Component) -> str:
    """The module that declares the table."""
    function = f"{component.singular}_table"
    writer = CodeWriter(source=component.file, docstring=f"The SQL table of {component.full_name}.", defines=[function])
    metadata, table = writer.use("sqlalchemy", "MetaData"), writer.use("sqlalchemy", "Table")
    writer.top()
    with writer.function(f"def {function}", [f"metadata: {metadata}"], table):
        writer.docstring(f"Declares the table `{component.table}` in `metadata`.")
        with writer.bracket(f"table = {table}(" if component.indexes else f"return {table}("):
            writer.line(f'"{component.table}",')
            writer.line("metadata,")
            if component.multi_tenant:
                _column(writer, TENANT_COLUMN, _COLUMNS[Kind.STRING], "primary_key=True")
            for field in component.column_fields:
                is_key = component.key == (field,)
                columns = {**_COLUMNS, **_KEY_COLUMNS} if is_key else _COLUMNS
                column = _DOCUMENT if field.is_document else columns[field.kind]
                _column(writer, field.name, column, *_constraint(component, field))
            if component.history is History.VERSIONS and component.excluded_fields:
                _column(writer, "toolcrib_start_revision", _COLUMNS[Kind.INT64], "nullable=False")
            if component.soft_delete:
                _column(writer, "delete_time", _COLUMNS[Kind.TIMESTAMP], "nullable=True")
            _column(writer, "toolcrib_revision", _COLUMNS[Kind.INT64], "nullable=False")
            for field in component.unique_fields:
                constraint = writer.use("sqlalchemy", "UniqueConstraint")
                name = constraint_name(component.table, field.name)
                names = [quoted(column) for column in (*_tenant(component), field.name)]
                writer.statement(call(constraint, *names, f"name={quoted(name)}"), after=",")
            if component.multi_tenant:
                writer.line("# The records of a tenant lie together, and indexes have them in the order of their keys.")
                writer.line("sqlite_with_rowid=False,")
        if component.indexes:
            write_indexes(writer, component)
            writer.line("return table")
    return writer.text()


def _tenant(component: Component) -> tuple[str, ...]:
    return (TENANT_COLUMN,) if component.multi_tenant else ()


def _column(writer: CodeWriter, name: str, kind: tuple[str, str], *constraint: str) -> None:
    column = call(writer.use("sqlalchemy", "Column"), quoted(name), writer.use(*kind), *constraint)
    writer.statement(column, after=",")


def _constraint(component: Component, field: Field) -> tuple[str, ...]:
    if field in component.key:
        return "primary_key=True", "autoincrement=False"
    return (f"nullable={field.optional and not field.standard}",)
