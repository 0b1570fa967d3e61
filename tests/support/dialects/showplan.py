"""Plans of SQL Server in the form that is published: documents of SHOWPLAN_XML, put together from their operators."""

from __future__ import annotations

from collections.abc import Sequence

_TO = 'Database="[plant]" Schema="[dbo]"'


def document(*operators: str) -> str:
    """What one batch is answered with: a document with the plan of each statement in it."""
    statements = "".join(
        f'<StmtSimple StatementText="SELECT" StatementId="{number}" StatementCompId="{number}" StatementType="SELECT" '
        'StatementOptmLevel="FULL" CardinalityEstimationModelVersion="150" RetrievedFromCache="false">'
        '<StatementSetOptions ANSI_NULLS="true" ANSI_PADDING="true" QUOTED_IDENTIFIER="true" />'
        f'<QueryPlan CachedPlanSize="24" CompileTime="1"><MemoryGrantInfo SerialRequiredMemory="0" />{each}'
        '<ParameterList><ColumnReference Column="@P1" ParameterDataType="bigint" /></ParameterList></QueryPlan>'
        "</StmtSimple>"
        for number, each in enumerate(operators, start=1)
    )
    return (
        '<ShowPlanXML xmlns="http://schemas.microsoft.com/sqlserver/2004/07/showplan" Version="1.539" '
        f'Build="15.0.2080.9"><BatchSequence><Batch><Statements>{statements}</Statements></Batch></BatchSequence>'
        "</ShowPlanXML>"
    )


def operator(physical: str, element: str, *inner: str, logical: str = "") -> str:
    """An operator with the element of its kind, and what is in that."""
    return (
        f'<RelOp NodeId="0" PhysicalOp="{physical}" LogicalOp="{logical or physical}" EstimateRows="1" '
        'EstimatedTotalSubtreeCost="0.0032831" Parallel="false" EstimatedExecutionMode="Row">'
        f'<OutputList><ColumnReference {_TO} Table="[recipe]" Column="id" /></OutputList>'
        f"<{element}>{''.join(inner)}</{element.partition(' ')[0]}></RelOp>"
    )


def reading(physical: str, table: str, index: str = "", by: Sequence[str] = (), *, lookup: bool = False) -> str:
    """An operator that reads a table, by an index if one is named, seeking these columns."""
    its = f' Index="[{index}]"' if index else ""
    columns = "".join(
        f'<Prefix ScanType="EQ"><RangeColumns><ColumnReference {_TO} Table="[{table}]" Column="{name}" />'
        "</RangeColumns>"
        '<RangeExpressions><ScalarOperator ScalarString="[@P1]"><Identifier><ColumnReference Column="@P1" />'
        "</Identifier></ScalarOperator></RangeExpressions></Prefix>"
        for name in by
    )
    sought = f"<SeekPredicates><SeekPredicateNew><SeekKeys>{columns}</SeekKeys></SeekPredicateNew></SeekPredicates>"
    return operator(
        physical,
        "TableScan" if physical == "Table Scan" else f'IndexScan Lookup="{str(lookup).lower()}" Ordered="true"',
        f'<DefinedValues><DefinedValue><ColumnReference {_TO} Table="[{table}]" Column="id" /></DefinedValue>'
        f'</DefinedValues><Object {_TO} Table="[{table}]"{its} />{sought if by else ""}'
        '<Predicate><ScalarOperator ScalarString="[plant].[dbo].[recipe].[delete_time] IS NULL" /></Predicate>',
    )


def constants(element: str = "ConstantScan") -> str:
    """An operator that makes rows of parameters."""
    return operator("Constant Scan", element)
