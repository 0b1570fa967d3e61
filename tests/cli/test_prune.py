"""`toolcrib prune`: says what would go, and lets go of it when somebody signs for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from plant.recipes.v1.recipe_pb2 import Recipe
from plant.recipes.v1.recipe_service_pb2 import UpdateRecipeRequest
from support.command import toolcrib
from support.plant import COMPONENTS, Plant, plant
from toolcrib.server.testing import RunningServer, serve

RECIPE = "plant.recipes.v1.Recipe"


@pytest.fixture
def key(tmp_path: Path) -> Path:
    toolcrib("audit", "key", "--out", tmp_path / "audit.key")
    return tmp_path / "audit.key"


@pytest.fixture
def server(database: str, key: Path) -> Iterator[RunningServer]:
    with serve(COMPONENTS, database=database, retention_key=f"{key}.pub") as running:
        with plant(running.address) as crib:
            write(crib)
        yield running


def write(crib: Plant) -> None:
    """A recipe that is changed four times, and another."""
    crib.recipe("a")
    for speed in range(1, 5):
        crib.recipes.UpdateRecipe(UpdateRecipeRequest(recipe=Recipe(id=1, speed_mm_s=speed)))
    crib.recipe("b")


def prune(server: RunningServer, *arguments: str | Path) -> str:
    done = toolcrib("prune", *arguments, "--server", server.address)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def verify(server: RunningServer, *arguments: str | Path) -> str:
    done = toolcrib("audit", "verify", "--database", server.database, *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_by_itself_it_only_says_what_would_go(server: RunningServer) -> None:
    said = prune(server, "audit", RECIPE, "--keep", "2")
    assert said.splitlines() == [
        f"3 audit entries of {RECIPE} would go: all but the newest 2 of each record",
        "nothing was changed; add --apply and --key to let go of them",
    ]
    assert "6 transactions with 6 entries, up to revision 6" in verify(server)


def test_lets_go_of_it_and_verifies_what_stays(server: RunningServer, key: Path) -> None:
    asked = ("--keep", "2", "--apply", "--key", key, "--actor", "ann", "--reason", "QM-17")
    said = prune(server, "audit", RECIPE, *asked)
    assert said.splitlines() == [
        f"3 audit entries of {RECIPE} are gone: all but the newest 2 of each record",
        "the audit says so at revision 7",
    ]
    fingerprint = verify(server, "--key", f"{key}.pub").splitlines()[0].rpartition(" ")[2]
    said = verify(server)
    assert "4 transactions with 4 entries, up to revision 7; 3 transactions and 3 entries were let go of" in said
    (entry,) = lines(toolcrib("audit", "--operation", "prune", "--json", "--server", server.address).stdout)
    assert (entry["actor"], entry["reason"], entry["after"]["pruning"]["entries"]) == ("ann", "QM-17", "3")
    table = toolcrib("audit", "--operation", "prune", "--server", server.address).stdout
    assert "3 entries, 3 transactions: all but the newest 2 of each record" in table
    other = key.with_name("other.key")
    toolcrib("audit", "key", "--out", other)
    done = toolcrib("audit", "verify", "--database", server.database, "--key", f"{other}.pub")
    assert done.returncode == 1
    assert f"the pruning was signed with the key {fingerprint}, not with" in done.stderr


def test_in_several_commits_for_scripts(server: RunningServer, key: Path) -> None:
    asked = ("audit", RECIPE, "--older-than", "0s", "--json")
    (told,) = lines(prune(server, *asked))
    assert (told["rows"], told["applied"], told["revisions"]) == (5, False, [])
    (told,) = lines(prune(server, *asked, "--apply", "--key", key, "--actor", "ann"))
    assert (told["rows"], told["applied"], told["revisions"]) == (5, True, [7])
    (told,) = lines(prune(server, "audit", RECIPE, "--older-than", "1d", "--json"))
    assert (told["rows"], told["applied"]) == (0, False)


def test_records_whose_entries_are_gone_are_not_said_to_be_extra(server: RunningServer, key: Path) -> None:
    prune(server, "audit", RECIPE, "--older-than", "0s", "--apply", "--key", key, "--actor", "ann")
    said = verify(server, "--records", "--components", COMPONENTS)
    assert "1 records are as the audit says" in said
    assert "of 1 records it says nothing any more" in said


@pytest.mark.parametrize("part", [(), ("--component", RECIPE), ("--component", "plant.users.v1.User")])
def test_bundles_can_be_verified_also_of_what_is_left(
    server: RunningServer, key: Path, tmp_path: Path, part: tuple[str, ...]
) -> None:
    prune(server, "audit", RECIPE, "--keep", "2", "--apply", "--key", key, "--actor", "ann")
    toolcrib("audit", "export", "--database", server.database, "--out", tmp_path / "bundle", *part)
    done = toolcrib("audit", "verify", "--bundle", tmp_path / "bundle")
    assert (done.returncode, done.stderr) == (0, "")
    assert "3 transactions and 3 entries were let go of" in done.stdout
    chain = tmp_path / "bundle" / "chain.jsonl"
    text = chain.read_text()
    assert text.count('"kind":"segment"') == 1
    chain.write_text("".join(line for line in text.splitlines(keepends=True) if '"segment"' not in line))
    assert "was altered" in toolcrib("audit", "verify", "--bundle", tmp_path / "bundle").stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("audit", RECIPE), "say what may go: --older-than, --keep, or both"),
        (("audit", RECIPE, "--keep", "1", "--apply"), "--apply needs --key"),
        (("audit", RECIPE, "--keep", "1", "--apply", "--key", "nowhere.key"), "cannot read nowhere.key"),
        (("audit", "Recipe", "--keep", "1"), "was never served here"),
        (("audit", RECIPE, "--older-than", "soon"), "--older-than 'soon' is no time"),
        (("versions", "plant.users.v1.User", "--keep", "1"), "keeps no versions here"),
    ],
)
def test_what_it_cannot_do_is_one_line(server: RunningServer, arguments: tuple[str, ...], says: str) -> None:
    done = toolcrib("prune", *arguments, "--server", server.address)
    assert done.returncode == 1
    assert says in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_key_that_cannot_be_read_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "no.pub").write_text("no key")
    done = toolcrib("serve", COMPONENTS, "--retention-key", tmp_path / "no.pub")
    assert done.returncode == 1
    assert "the setting retention_key: " in done.stderr


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]
