"""`toolcrib audit`: lists, filters and follows."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from plant.recipes.v1.recipe_pb2 import Recipe
from plant.recipes.v1.recipe_service_pb2 import DeleteRecipeRequest, UpdateRecipeRequest
from support.addresses import lasting_address
from support.command import COMMAND, Serving, serving, toolcrib, toolcrib_process
from support.plant import COMPONENTS, plant
from toolcrib.server.testing import new_database

RECIPE = "plant.recipes.v1.Recipe"


@pytest.fixture(scope="module")
def served() -> Iterator[Serving]:
    """A server with four entries: ann creates 1 and 2, bob updates 1, ann deletes 2."""
    with new_database() as database, serving(COMPONENTS, "--database", database) as running:
        with plant(running.address) as crib:
            first, second = crib.recipe("[red]bracket"), crib.recipe("axle\x1b[2J")
            crib.recipes.UpdateRecipe(
                UpdateRecipeRequest(recipe=Recipe(id=first.id, speed_mm_s=99.5)),
                metadata=(("x-actor", "bob"), ("x-change-reason", "too fast")),
            )
            crib.recipes.DeleteRecipe(DeleteRecipeRequest(id=second.id))
        yield running


def listed(served: Serving, *arguments: str) -> list[dict[str, Any]]:
    done = toolcrib("audit", "--server", served.address, "--json", *arguments)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def revisions(served: Serving, *arguments: str) -> list[int]:
    return [entry["revision"] for entry in listed(served, *arguments)]


def test_newest_first_unless_asked_otherwise(served: Serving) -> None:
    assert revisions(served) == [4, 3, 2, 1]
    assert revisions(served, "--oldest-first") == [1, 2, 3, 4]
    assert revisions(served, "--limit", "2") == [4, 3]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--actor", "bob"], [3]),
        (["--component", RECIPE, "--record", "2"], [4, 2]),
        (["--operation", "delete", "--operation", "update"], [4, 3]),
        (["--revision", "2"], [2]),
        (["--revision", "2..3"], [3, 2]),
        (["--revision", "3.."], [4, 3]),
        (["--revision", "..2"], [2, 1]),
        (["--since", "1h"], [4, 3, 2, 1]),
        (["--until", "1h"], []),
        (["--since", "2000-01-01", "--until", "2000-01-02"], []),
    ],
)
def test_conditions(served: Serving, arguments: list[str], expected: list[int]) -> None:
    assert revisions(served, *arguments) == expected


def test_an_entry_in_json(served: Serving) -> None:
    (entry,) = listed(served, "--revision", "3")
    assert entry["actor"] == "bob"
    assert entry["actor_source"] == "metadata"
    assert entry["operation"] == "update"
    assert (entry["component"], entry["record"], entry["reason"]) == (RECIPE, "1", "too fast")
    assert entry["method"] == "/plant.recipes.v1.RecipeService/UpdateRecipe"
    assert entry["changed_fields"] == ["speed_mm_s"]
    assert (entry["before"]["speed_mm_s"], entry["after"]["speed_mm_s"]) == (120, 99.5)
    assert entry["time"].endswith("+00:00")
    assert "spindle_rpm" not in entry["after"]
    assert listed(served, "--revision", "1")[0]["before"] is None


def test_a_table_for_people(served: Serving) -> None:
    text = toolcrib("audit", "--server", served.address).stdout
    assert "speed_mm_s: 120.0 → 99.5" in text
    assert "[red]bracket" in text
    assert 'id: 1, name: "' in text
    assert "too fast" in text
    assert "\x1b" not in text


def test_the_server_may_be_named_in_the_environment(served: Serving) -> None:
    assert toolcrib("audit", "--json", TOOLCRIB_SERVER=served.address).stdout.count("\n") == 4


def test_without_reflection_the_names_of_fields_are_shown(database: str) -> None:
    with serving(COMPONENTS, "--no-reflection", "--database", database) as running:
        with plant(running.address) as crib:
            crib.recipe()
        (entry,) = listed(running)
        assert set(entry["after"]) == {"@type", "bytes"}
        assert "id, name, speed_mm_s" in toolcrib("audit", "--server", running.address).stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--component", "plant.recipes.v1.Recipes"], "did you mean"),
        (["--record", "1"], "component"),
        (["--revision", "3..2"], "--revision"),
        (["--since", "soon"], "--since"),
        (["--follow", "--until", "1h"], "--follow"),
        (["--tls-cert", "x.pem"], "--tls-key"),
        (["--tls-ca", "absent.pem"], "absent.pem"),
    ],
)
def test_a_refusal_is_one_line(served: Serving, arguments: list[str], says: str) -> None:
    done = toolcrib("audit", "--server", served.address, *arguments)
    assert done.returncode == 1
    assert says in done.stderr
    assert done.stderr.count("\n") == 1


def test_no_server_is_one_line() -> None:
    done = toolcrib_process("audit", "--server", "127.0.0.1:1")
    assert done.returncode == 1
    assert "no server answers at 127.0.0.1:1" in done.stderr
    assert done.stderr.count("\n") == 1


def test_no_entries_is_no_error(served: Serving) -> None:
    done = toolcrib("audit", "--server", served.address, "--until", "1h")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "no entries\n")


def transactions(served: Serving, *arguments: str) -> list[int]:
    done = toolcrib("audit", "transactions", "--server", served.address, "--json", *arguments)
    assert done.returncode == 0, done.stderr
    return [json.loads(line)["revision"] for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], [4, 3, 2, 1]),
        (["--oldest-first", "--limit", "3"], [1, 2, 3]),
        (["--actor", "bob"], [3]),
        (["--component", RECIPE, "--revision", "2.."], [4, 3, 2]),
        (["--since", "1h", "--until", "2000-01-02"], []),
    ],
)
def test_transactions_by_condition(served: Serving, arguments: list[str], expected: list[int]) -> None:
    assert transactions(served, *arguments) == expected


def test_transactions_for_people(served: Serving) -> None:
    text = toolcrib("audit", "transactions", "--server", served.address).stdout
    assert "/plant.recipes.v1.RecipeService/UpdateRecipe" in text
    assert "too fast" in text
    done = toolcrib("audit", "transactions", "--server", served.address, "--until", "2000-01-01")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "no transactions\n")


def test_one_transaction_and_what_it_changed(served: Serving) -> None:
    text = toolcrib("audit", "show", "3", "--server", served.address).stdout
    assert "too fast" in text
    assert "speed_mm_s: 120.0 → 99.5" in text
    lines = toolcrib("audit", "show", "3", "--server", served.address, "--json").stdout.splitlines()
    transaction, entry = map(json.loads, lines)
    assert (transaction["actor"], transaction["entries"], len(transaction["hash"])) == ("bob", 1, 64)
    assert (entry["revision"], entry["operation"]) == (3, "update")


def test_a_transaction_that_is_not_there_is_one_line(served: Serving) -> None:
    done = toolcrib("audit", "show", "99", "--server", served.address)
    assert (done.returncode, done.stderr) == (1, "toolcrib: there is no revision 99 yet\n")


def test_follow_shows_what_comes(example: Serving) -> None:
    with plant(example.address) as crib:
        crib.recipe("before")
        command = [*COMMAND, "audit", "--server", example.address, "--follow", "--json"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            seen = [json.loads(process.stdout.readline())]
            for name in ("first", "second"):
                crib.recipe(name)
                seen.append(json.loads(process.stdout.readline()))
            process.send_signal(signal.SIGINT)
            rest, errors = process.communicate(timeout=20)
    assert [entry["after"]["name"] for entry in seen] == ["before", "first", "second"]
    assert (process.returncode, rest, errors) == (130, "", "")


def test_follow_goes_on_after_a_restart(database: str) -> None:
    address = lasting_address()
    with serving(COMPONENTS, "--database", database, address=address) as first:
        command = [*COMMAND, "audit", "--server", address, "--follow", "--json"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            with plant(address) as crib:
                crib.recipe("before")
            assert json.loads(process.stdout.readline())["revision"] == 1
            first.stop()
            assert "waiting until it is back" in process.stderr.readline()
            with serving(COMPONENTS, "--database", database, address=address), plant(address) as crib:
                crib.recipe("after")
                assert json.loads(process.stdout.readline())["revision"] == 2
                process.terminate()
                process.communicate(timeout=20)
