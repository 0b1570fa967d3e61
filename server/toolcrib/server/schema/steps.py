"""A plan: the steps from what a database has to what the components declare, as people read, allow and review them."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256

from toolcrib.server.errors import StartError
from toolcrib.server.schema.served import Served

_ETAG_DIGITS = 32


class Sign(Enum):
    """What a step does to what is there."""

    ADD = "+"
    CHANGE = "~"
    DROP = "-"


class Kind(Enum):
    """What a step asks of the one who applies it."""

    # Nothing is lost and nothing is in doubt.
    ADDITIVE = "additive"
    # Something is lost for good.
    DESTRUCTIVE = "destructive"
    # There is more than one way, and the .proto does not say which is meant.
    AMBIGUOUS = "ambiguous"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step. `name` is unique in its plan: what `--allow` takes.

    `cost` says what the database does for it, `loss` what would be gone or in doubt. `remedy` is what to write in the
    .proto instead; a step that `may_be_allowed` can also be taken as it is.
    """

    name: str
    sign: Sign
    component: str
    table: str
    text: str
    column: str = ""
    kind: Kind = Kind.ADDITIVE
    cost: str = ""
    loss: str = ""
    remedy: str = ""
    may_be_allowed: bool = True

    def is_taken(self, allowed: Collection[str]) -> bool:
        """Whether it is applied where the steps in `allowed` are."""
        return self.kind is Kind.ADDITIVE or (self.may_be_allowed and self.name in allowed)


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps for one database, from the schema `version` that it has; 0 where it has none yet."""

    database: str
    version: int
    steps: tuple[Step, ...] = ()

    def refused(self, allowed: Collection[str] = ()) -> list[Step]:
        """The steps that stand against it."""
        return [step for step in self.steps if not step.is_taken(allowed)]

    @property
    def etag(self) -> str:
        """Another one for every other plan. What steps cost is not in it, as that grows with every record."""
        steps = [[step.name, step.text, step.kind.value, step.loss, step.remedy] for step in self.steps]
        return sha256(json.dumps([self.database, self.version, steps]).encode()).hexdigest()[:_ETAG_DIGITS]

    def require(self, allowed: Collection[str] = (), etag: str | None = None) -> None:
        """Raises PlanChanged where this is not the plan of `etag`, and PlanRefused where a step is not taken.

        Raises UnknownStep where `allowed` names one that is not there.
        """
        if etag is not None and etag != self.etag:
            raise PlanChanged(self)
        names = {step.name for step in self.steps}
        unknown = sorted(set(allowed) - names)
        if unknown:
            known = ", ".join(step.name for step in self.refused() if step.may_be_allowed) or "none that needs it"
            raise UnknownStep(f"there is no step {', '.join(unknown)} to allow; the plan has {known}")
        if refused := self.refused(allowed):
            raise PlanRefused(self, refused)


def refusal(served: Served, place: str, text: str, remedy: str) -> Step:
    """A step that nothing allows, about a field or what is behind "/" in it: former records would be misread."""
    return Step(
        name=f"misread:{served.table.name}.{place}",
        sign=Sign.CHANGE,
        component=served.component.name,
        table=served.table.name,
        column=place.partition("/")[0],
        text=text,
        kind=Kind.AMBIGUOUS,
        remedy=remedy,
        may_be_allowed=False,
    )


class SchemaDiffers(StartError):
    """A database is not as the components declare it, and is not changed without somebody's word."""

    def __init__(self, plan: Plan, message: str) -> None:
        super().__init__(message)
        self.plan = plan


class PlanChanged(SchemaDiffers):
    """The plan is no longer the one that was reviewed."""

    def __init__(self, plan: Plan) -> None:
        text = (
            f"the schema of {plan.database} is not changed: the plan is another one by now; review it, and apply that"
        )
        super().__init__(plan, text)


class UnknownStep(StartError):
    """A step is allowed that the plan does not have."""


class PlanRefused(SchemaDiffers):
    """A plan has steps that are not taken by themselves. `str()` is one line with the first of them and the remedy."""

    def __init__(self, plan: Plan, refused: list[Step]) -> None:
        self.refused = refused
        first, others = refused[0], len(refused) - 1
        allow = " ".join(f"--allow {step.name}" for step in refused if step.may_be_allowed)
        parts = [f"{first.text}: {first.loss}" if first.loss else first.text]
        if first.remedy:
            parts.append(first.remedy)
        if others:
            parts.append(f"and {others} more, see `toolcrib schema plan`")
        if allow:
            parts.append(f"{'or, ' if first.remedy else ''}to accept it: `toolcrib schema apply {allow}`")
        super().__init__(plan, f"the schema of {plan.database} is not changed: {'; '.join(parts)}")
