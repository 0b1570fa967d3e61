"""The rules of an example plant, as hooks around the writes of its components.

Serve it with `toolcrib serve examples/app.py`. The generated records are imported from where `serve` puts them.
"""

import logging

from plant.cycles.v1.machine_cycle_record import MachineCycleRecord
from plant.recipes.v1.recipe_record import RecipeRecord
from plant.tools.v1.tool_offset_record import ToolOffsetRecord
from toolcrib.server import Application, Change, Commit, Operation, Veto

logger = logging.getLogger(__name__)

# Offsets that change by more than this are more often typing errors than wear.
LARGE_CORRECTION_MM = 1.0

app = Application()


@app.before_update(RecipeRecord)
def editing_takes_the_approval_away(change: Change[RecipeRecord]) -> None:
    """What was approved is the recipe as it was: whoever changes it has to have it approved again."""
    before, after = change.before, change.after
    settings = (after.name, after.speed_mm_s, after.spindle_rpm, after.coolant)
    if before.approved and settings != (before.name, before.speed_mm_s, before.spindle_rpm, before.coolant):
        after.approved = False


@app.before_delete(RecipeRecord)
def an_approved_recipe_stays(change: Change[RecipeRecord]) -> None:
    """Production may be running it."""
    if change.before.approved:
        raise Veto(f"recipe {change.before.name!r} is approved; take the approval away first", reason="RECIPE_APPROVED")


@app.before_update(ToolOffsetRecord)
def a_large_correction_needs_a_reason(change: Change[ToolOffsetRecord]) -> None:
    """A wrong sign or a lost decimal point drives the tool into the part."""
    before, after = change.before, change.after
    correction_mm = max(abs(after.x_offset_mm - before.x_offset_mm), abs(after.z_offset_mm - before.z_offset_mm))
    if correction_mm > LARGE_CORRECTION_MM and not change.reason:
        raise Veto(
            f"offset of tool {after.tool_number} changes by {correction_mm:.3f} mm: say why (x-change-reason)",
            reason="REASON_REQUIRED",
            metadata={"correction_mm": f"{correction_mm:.3f}"},
        )


@app.after_commit
def report_failed_cycles(commit: Commit) -> None:
    """Tells the log, and from there the people, of cycles that failed, once they are stored for good."""
    for change in commit.changes:
        if change.operation is Operation.CREATE and change.component.record is MachineCycleRecord:
            cycle: MachineCycleRecord = change.after
            if cycle.machine_failure:
                logger.warning("cycle %d of product %s failed", cycle.id, cycle.product_id)
