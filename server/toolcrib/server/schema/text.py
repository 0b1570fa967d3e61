"""A plan as text, like Terraform's: the same for the same database and components; and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from itertools import groupby
from typing import Any

from toolcrib.server.schema.steps import Kind, Plan, Sign, Step

_VERBS = {Sign.ADD: "add", Sign.CHANGE: "change", Sign.DROP: "drop"}


def plan_text(plan: Plan, allowed: Collection[str] = ()) -> str:
    """The plan for people; steps that are `allowed` are marked as that."""
    if not plan.steps:
        return f"{plan.database} is as the components declare it; there is nothing to do"
    counted = Counter(step.sign for step in plan.steps)
    numbers = ", ".join(f"{counted[sign]} to {verb}" for sign, verb in _VERBS.items())
    lines = [f"{plan.database}: {numbers}"]
    for component, steps in groupby(plan.steps, key=lambda step: step.component):
        lines += ["", component or "the database"]
        for step in steps:
            lines += _step_lines(step, allowed)
    refused = plan.refused(allowed)
    if refused:
        steps_need = "step needs" if len(refused) == 1 else "steps need"
        lines += ["", f"{len(refused)} {steps_need} a decision; nothing is applied before that"]
    return "\n".join(lines)


def plan_json(plan: Plan, allowed: Collection[str] = ()) -> dict[str, Any]:
    """The plan for scripts."""
    return {
        "database": plan.database,
        "schema_version": plan.version,
        "refused": [step.name for step in plan.refused(allowed)],
        "steps": [step_json(step) for step in plan.steps],
    }


def step_json(step: Step) -> dict[str, Any]:
    """One step."""
    return {
        "name": step.name,
        "sign": step.sign.value,
        "kind": step.kind.value,
        "component": step.component,
        "table": step.table,
        "column": step.column,
        "text": step.text,
        "cost": step.cost,
        "loss": step.loss,
        "remedy": step.remedy,
        "may_be_allowed": step.may_be_allowed,
    }


def _step_lines(step: Step, allowed: Collection[str]) -> Iterator[str]:
    yield f"  {step.sign.value} {step.text}"
    if step.cost:
        yield f"      cost    {step.cost}"
    if step.kind is Kind.ADDITIVE:
        return
    if step.loss:
        yield f"      {'loss' if step.kind is Kind.DESTRUCTIVE else 'doubt':7} {step.loss}"
    if step.name in allowed and step.may_be_allowed:
        yield "      allowed"
        return
    if step.remedy:
        yield f"      remedy  {step.remedy}"
    if step.may_be_allowed:
        yield f"      allow   --allow {step.name}"
