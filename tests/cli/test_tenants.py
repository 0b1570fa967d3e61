"""Commands where records are each a tenant's own: in a tenant's name, in an operator's, and without a server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.behind import behind
from support.command import toolcrib
from support.tenancy import COMPONENTS, Mill, mill


@pytest.fixture(scope="module")
def served() -> Iterator[Mill]:
    """A server on which two tenants have a job each."""
    with mill(operators="olga") as caller:
        for tenant in ("north", "south"):
            caller.of(tenant).create("Job", name=tenant)
        yield caller


def run(*words: str | Path) -> tuple[int, str, str]:
    """Exit code, output and errors of a command."""
    done = toolcrib(*words)
    return done.returncode, done.stdout, done.stderr


def listed(served: Mill, *words: str) -> list[Any]:
    code, out, errors = run(*words, "--server", served.address, "--json")
    assert code == 0, errors
    return [json.loads(line) for line in out.splitlines()]


@pytest.mark.parametrize("command", [("audit",), ("audit", "transactions")])
def test_the_audit_is_that_of_a_tenant_or_an_operators(served: Mill, command: tuple[str, ...]) -> None:
    assert [row["tenant"] for row in listed(served, *command, "--tenant", "south")] == ["south"]
    assert [row["tenant"] for row in listed(served, *command, "--operator", "olga")] == ["south", "north"]
    code, _, errors = run(*command, "--server", served.address)
    assert code != 0
    assert "x-tenant" in errors


def test_a_commit_is_shown_to_its_tenant(served: Mill) -> None:
    transaction, entry = listed(served, "audit", "show", "1", "--tenant", "north")
    assert (transaction["tenant"], entry["record"], entry["hash"]) == ("north", "1", "")
    assert run("audit", "show", "1", "--tenant", "south", "--server", served.address)[0] != 0


def test_a_checkpoint_of_a_server_is_an_operators(served: Mill, tmp_path: Path) -> None:
    assert run("audit", "key", "--out", tmp_path / "key")[0] == 0
    words = ("audit", "checkpoint", "--key", tmp_path / "key", "--out", tmp_path / "made", "--server", served.address)
    code, _, errors = run(*words)
    assert (code != 0, "operators" in errors) == (True, True)
    assert run(*words, "--operator", "olga")[0] == 0


def test_evidence_of_one_tenant_is_verified(served: Mill, tmp_path: Path) -> None:
    out = tmp_path / "evidence"
    code, said, errors = run("audit", "export", "--out", out, "--database", served.database, "--tenant", "north")
    assert (code, "1 transactions with 1 entries" in said) == (0, True), errors
    rows = (out / "transactions.csv").read_text("utf-8-sig").splitlines()
    assert [row.rpartition(",")[2] for row in rows] == ["tenant", "north"]
    assert run("audit", "verify", "--bundle", out)[0] == 0


def test_a_record_that_was_altered_is_named_with_its_tenant(database: str) -> None:
    with mill(database=database) as caller:
        for tenant in ("north", "south"):
            caller.of(tenant).create("Job", name="j")
    words = ("audit", "verify", "--records", "--database", database, "--components", COMPONENTS)
    assert run(*words)[0] == 0
    with behind(database) as connection:
        connection.execute("UPDATE job SET amount = 5 WHERE toolcrib_tenant = 'south'")
    code, _, errors = run(*words)
    assert (code, "mill.v1.Job 1 of south: altered" in errors) == (1, True), errors
