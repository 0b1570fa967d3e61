"""Nothing to do means nothing: the second plan of everything that can be declared, and spellings that are the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.evolving import Evolving, part
from support.schema_spellings import DATABASES, FIELDS, OPTIONS, Spellings

GOLDEN = Path(__file__).parents[2] / "golden"
CASES = sorted(path.parent for path in GOLDEN.glob("*/expected"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The spellings of the database of this run."""
    spellings = DATABASES[metafunc.config.getoption("--database")]
    if metafunc.function is test_other_spellings_are_no_difference:
        metafunc.parametrize(("declared", "stored"), spellings.same)
    elif metafunc.function is test_what_somebody_has_changed_is_one:
        metafunc.parametrize(("declared", "stored", "step"), spellings.changed)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_second_plan_of_a_golden_case_is_empty(shop: Evolving, case: Path) -> None:
    shop.use(case / "input")
    assert all(step["sign"] == "+" for step in shop.apply()["steps"])
    plan = shop.plan()
    assert (plan["schema_version"], plan["refused"], plan["steps"]) == (1, [], [])


def test_other_spellings_are_no_difference(shop: Evolving, spellings: Spellings, declared: str, stored: str) -> None:
    made_otherwise(shop, spellings, declared, stored)
    assert shop.steps() == []


def test_what_somebody_has_changed_is_one(
    shop: Evolving, spellings: Spellings, declared: str, stored: str, step: str
) -> None:
    made_otherwise(shop, spellings, declared, stored)
    assert shop.steps() == [step]


def made_otherwise(shop: Evolving, spellings: Spellings, declared: str, stored: str) -> None:
    """Makes the table and its index anew, one part of them in another way."""
    assert declared in spellings.table + spellings.index
    shop.declare(part(*FIELDS, options=OPTIONS))
    shop.apply()
    shop.sql("DROP TABLE part")
    for sql in (spellings.table, spellings.index):
        shop.sql(sql.replace(declared, stored) if declared else sql)
