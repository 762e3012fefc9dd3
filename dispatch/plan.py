"""A plan (电子预案): conditions → who is ordered what, by when, and what the dispatcher has to think of. One file each.

    id: house-fire
    version: 3
    name: {zh: 居民住宅火灾, en: House fire}
    priority: 8
    when:
      - {types: [house-fire], grades: [III, IV]}
      - {types: [house-fire], flags: [trapped]}
    orders:
      - department: fire
        text: {zh: "{place}发生{type}，请立即出动。{summary}", en: "{type} at {place}. Respond at once. {summary}"}
        deadline_s: 60
      - department: police
        text: {zh: "{place}发生{type}，请维持秩序。", en: "{type} at {place}. Keep order there."}
    checklist:
      - {zh: 询问有无人员被困, en: Ask whether anybody is trapped}

Whoever changes a plan gives it the next version; the one that starts is kept with the incident as it was.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Annotated

from pydantic import Field

from config.field import Between, Name, Wording
from config.part import Part, repeated
from config.problem import Refused, nearest
from dispatch.condition import Condition
from dispatch.department import Deadline, unknown_endpoints, unknown_trunks
from dispatch.ladder import Ladder
from dispatch.wording import OrderText

Priority = Annotated[int, Between(0, 10)]
"""10 is most urgent (EIDO common priority)."""


class Action(Part):
    """What one department is ordered."""

    department: Name = Field(description="who: a department's id")
    text: OrderText = Field(
        description="what it is told; `{place}`, `{type}`, `{grade}`, `{summary}`, `{people}`, `{time}`, `{number}`, "
        "`{department}` and `{plan}` are filled in"
    )
    deadline_s: Deadline | None = Field(
        None, description="by when it has to be acknowledged; without it, what `departments.yaml` says"
    )
    ladder: Ladder | None = Field(None, description="other lines than the department's own")


class Plan(Part):
    """One plan: a file of the folder `plans`."""

    id: Name = Field(description="what the API and the journal call it")
    version: Annotated[int, Between(1, 999_999)] = Field(description="counts up with every change")
    name: Wording = Field(description="what people call it")
    priority: Priority = Field(
        5,
        description="10 is most urgent: its orders go first where they want the same telephone, and its order to a "
        "department stands where several plans have one",
    )
    when: tuple[Condition, ...] = Field(description="when it starts: one of these holds, with everything in it")
    instead_of: tuple[Name, ...] = Field((), description="ids of plans that do not start when this one does")
    orders: tuple[Action, ...] = Field(description="who is ordered what")
    checklist: tuple[Wording, ...] = Field((), description="what the dispatcher has to think of, in order")

    def complaints(self) -> Iterator[Refused]:
        """No condition or no order; a department ordered twice, a plan replaced twice or by itself."""
        # Not by the type: one item that is wrong would be told as a list that is too short as well.
        for name in ("when", "orders"):
            if not getattr(self, name):
                yield Refused("too_short", "the list is empty", allowed=("at least 1 of them",), path=(name,))
        yield from repeated(
            (each.department, ("orders", index, "department")) for index, each in enumerate(self.orders)
        )
        yield from repeated((each, ("instead_of", index)) for index, each in enumerate(self.instead_of))
        if self.id in self.instead_of:
            path = ("instead_of", self.instead_of.index(self.id))
            yield Refused("instead_of_itself", "a plan cannot stand in for itself", path=path)

    def unknown_trunks(self, trunks: Collection[str]) -> Iterator[Refused]:
        """A complaint for each line by a trunk by which nobody can call out; `trunks` are those with a contact."""
        for index, action in enumerate(self.orders):
            for refused in unknown_trunks(action.ladder or Ladder(), trunks):
                yield refused.under("orders", index, "ladder")

    def unknown_endpoints(self, endpoints: Collection[str]) -> Iterator[Refused]:
        """A complaint for each line to a telephone that is no duty telephone of this centre's own Asterisk."""
        for index, action in enumerate(self.orders):
            for refused in unknown_endpoints(action.ladder or Ladder(), endpoints):
                yield refused.under("orders", index, "ladder")

    def unknown(self, departments: Collection[str], plans: Collection[str]) -> Iterator[Refused]:
        """A complaint for each department and plan that is named and does not exist."""
        for index, action in enumerate(self.orders):
            if action.department not in departments:
                path = ("orders", index, "department")
                close = nearest(action.department, departments)
                yield Refused("no_such_department", allowed=departments, nearest=close, path=path)
        for index, plan in enumerate(self.instead_of):
            if plan not in plans:
                close = nearest(plan, plans)
                yield Refused("no_such_plan", allowed=plans, nearest=close, path=("instead_of", index))
