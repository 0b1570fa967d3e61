"""A tour in half a minute: serves the example plant, works on it as two people, and shows what Toolcrib kept of it.

`make demo` runs it, with examples/gen on the path. The database stays in .demo/, for `make serve`.
"""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from plant.cycles.v1.machine_cycle_client import MachineCycleClient, MachineCycleFields
from plant.cycles.v1.machine_cycle_pb2 import MachineCycle, ProductQuality
from plant.recipes.v1.recipe_client import RecipeClient, RecipeFields
from plant.recipes.v1.recipe_pb2 import Coolant, Recipe, RecipeTool
from plant.recipes.v1.recipe_tool_client import RecipeToolClient
from plant.tools.v1.tool_offset_client import ToolOffsetClient
from plant.tools.v1.tool_offset_pb2 import ToolOffset
from plant.users.v1.user_client import UserClient
from plant.users.v1.user_pb2 import Role, User
from toolcrib.client import Crib, FailedPrecondition, InvalidArgument

HERE = Path(__file__).resolve().parent
DEMO = HERE.parent / ".demo"
BATCH = 200
LARGE_MM = 50
QUALITIES = {
    "L": ProductQuality.PRODUCT_QUALITY_LOW,
    "M": ProductQuality.PRODUCT_QUALITY_MEDIUM,
    "H": ProductQuality.PRODUCT_QUALITY_HIGH,
}

console = Console(highlight=False)


@contextmanager
def running_server() -> Iterator[str]:
    """The address of `toolcrib serve examples/app.py`, in a process of its own over a fresh database."""
    shutil.rmtree(DEMO, ignore_errors=True)
    DEMO.mkdir()
    command = [sys.executable, "-m", "toolcrib.cli", "serve", str(HERE / "app.py"), "--json"]
    command += ["--address", "127.0.0.1:0", "--database", f"sqlite:///{DEMO / 'plant.db'}", "--log-level", "error"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            sys.exit("the server did not start; it says why above")
        try:
            yield json.loads(line)["address"]
        finally:
            process.terminate()


def read_cycles() -> list[MachineCycle]:
    """The cycles of ai4i2020.csv, which begins with a byte order mark."""
    with (HERE / "data" / "ai4i2020.csv").open(encoding="utf-8-sig", newline="") as file:
        return [
            MachineCycle(
                product_id=row["Product ID"],
                quality=QUALITIES[row["Type"]],
                air_temperature_k=float(row["Air temperature [K]"]),
                process_temperature_k=float(row["Process temperature [K]"]),
                rotational_speed_rpm=int(row["Rotational speed [rpm]"]),
                torque_nm=float(row["Torque [Nm]"]),
                tool_wear_min=int(row["Tool wear [min]"]),
                machine_failure=row["Machine failure"] == "1",
                tool_wear_failure=row["TWF"] == "1",
                heat_dissipation_failure=row["HDF"] == "1",
                power_failure=row["PWF"] == "1",
                overstrain_failure=row["OSF"] == "1",
                random_failure=row["RNF"] == "1",
            )
            for row in csv.DictReader(file)
        ]


def read_tools() -> list[ToolOffset]:
    """The tool table of tools.csv; an empty cell is a value that the tool does not have."""

    def number(text: str) -> float | None:
        return float(text) if text else None

    with (HERE / "data" / "tools.csv").open(encoding="utf-8", newline="") as file:
        return [
            ToolOffset(
                tool_number=int(row["tool_number"]),
                pocket=int(row["pocket"]),
                x_offset_mm=float(row["x_offset_mm"]),
                z_offset_mm=float(row["z_offset_mm"]),
                diameter_mm=float(row["diameter_mm"]),
                front_angle_deg=number(row["front_angle_deg"]),
                back_angle_deg=number(row["back_angle_deg"]),
                orientation=int(row["orientation"]) if row["orientation"] else None,
                comment=row["comment"],
            )
            for row in csv.DictReader(file)
        ]


def load(crib: Crib) -> None:
    """Loads cycles and tools, in batches that are each one commit."""
    console.rule("Load, as line-3")
    cycles, line = read_cycles(), crib.as_actor("line-3")
    with Progress(*Progress.get_default_columns()[:3], console=console) as progress:
        task = progress.add_task("machine cycles", total=len(cycles))
        for start in range(0, len(cycles), BATCH):
            batch = cycles[start : start + BATCH]
            MachineCycleClient(line).batch_create(batch)
            progress.advance(task, len(batch))
        tools = ToolOffsetClient(line).batch_create(read_tools())
        progress.add_task("tool table", total=len(tools), completed=len(tools))


def work(crib: Crib) -> None:
    """Two people edit and delete."""
    console.rule("Work, as ann and as bob")
    ann, bob = crib.as_actor("ann"), crib.as_actor("bob")
    UserClient(ann).create(User(login="bob", display_name="Bob", role=Role.ROLE_SETTER))
    recipes = RecipeClient(ann)
    recipe = recipes.create(
        Recipe(name="bracket M10", speed_mm_s=120, spindle_rpm=8000, coolant=Coolant.COOLANT_FLOOD, approved=True)
    )
    scrap = recipes.create(Recipe(name="trial", speed_mm_s=40))
    needed = [RecipeTool(recipe_id=recipe.id, tool_number=number) for number in (1, 2)]
    RecipeToolClient(ann).batch_create(needed)
    changed = RecipeClient(bob).update(Recipe(id=recipe.id, speed_mm_s=150), mask="speed_mm_s")
    console.print(f"bob changes the speed; a hook takes the approval away: approved={changed.approved}")
    recipes.delete(scrap.id)
    tools = ToolOffsetClient(bob)
    try:
        tools.update(ToolOffset(tool_number=2, z_offset_mm=13.1877), mask="z_offset_mm")
    except FailedPrecondition as error:
        console.print(f"bob mistypes an offset; a hook refuses it: {error.message}")
    worn = tools.update(ToolOffset(tool_number=2, z_offset_mm=131.851), mask="z_offset_mm")
    ToolOffsetClient(bob.with_reason("new holder")).update(
        ToolOffset(tool_number=4, z_offset_mm=141.5), mask="z_offset_mm"
    )
    ToolOffsetClient(ann.with_reason("broken")).delete(7)
    MachineCycleClient(ann.with_reason("test cut")).batch_delete([1, 2, 3])
    console.print(f"tool 2 is corrected for wear: z_offset_mm={worn.z_offset_mm}")
    try:
        recipes.create(Recipe(name="", speed_mm_s=900))
    except InvalidArgument as error:
        console.print(f"ann sends a bad recipe; every field is named: {[v.field for v in error.violations]}")


def show_records(crib: Crib) -> None:
    """The tool table, a recipe found by its tools, and how many cycles failed."""
    console.rule("Records")
    table = Table("tool", "x mm", "z mm", "diameter mm", "comment", "state", box=None)
    for tool in ToolOffsetClient(crib).list(show_deleted=True):
        state = "deleted" if tool.HasField("delete_time") else f"revision {tool.etag}"
        numbers = (tool.tool_number, tool.x_offset_mm, tool.z_offset_mm, tool.diameter_mm)
        table.add_row(*map(str, numbers), tool.comment, state, style="dim" if state == "deleted" else "")
    console.print(table)
    with_large_tools = RecipeClient(crib).where(RecipeFields.tools.diameter_mm >= LARGE_MM)
    for recipe in with_large_tools.include(RecipeFields.tools):
        comments = ", ".join(tool.comment for tool in recipe.tools)
        console.print(f"{recipe.name} needs a tool of {LARGE_MM} mm or more; all of its tools: {comments}")
    cycles = MachineCycleClient(crib)
    failed = cycles.where(MachineCycleFields.machine_failure == True).count()  # noqa: E712  # a condition
    console.print(f"{cycles.count()} machine cycles, {failed} of them failed")


def show_audit(address: str) -> None:
    """Who did what, when, before and after: the newest, as `toolcrib audit` shows them."""
    console.rule(f"Audit trail: toolcrib audit --server {address}")
    command = [sys.executable, "-m", "toolcrib.cli", "audit", "--server", address]
    for actor in ("bob", "ann"):
        subprocess.run([*command, "--limit", "6", "--actor", actor], check=True)


def show_health(crib: Crib) -> None:
    """What health probes are answered; each answer comes from the database."""
    console.rule("Health")
    check: Any = HealthStub(crib.channel)  # the published types lack its methods
    for service in ("", "plant.tools.v1.ToolOffsetService", "toolcrib.audit.v1.AuditService"):
        answer = check.Check(HealthCheckRequest(service=service))
        status = HealthCheckResponse.ServingStatus.Name(answer.status)
        console.print(f"{service or 'the whole server':<36} {status}")


def main() -> None:
    """Runs the tour."""
    with running_server() as address, Crib.connect(address) as crib:
        crib.wait_ready()
        load(crib)
        work(crib)
        show_records(crib)
        show_audit(address)
        show_health(crib)
    console.rule("Go on")
    console.print("make serve       serves what you just saw, on 127.0.0.1:50051, until Ctrl-C.")
    console.print("                 Then, in another terminal:")
    console.print("  .venv/bin/toolcrib audit --follow                  who changes what")
    console.print("  .venv/bin/grpcurl -plaintext 127.0.0.1:50051 list  what can be called")
    console.print("README.md        five minutes to a project of your own")


if __name__ == "__main__":
    main()
