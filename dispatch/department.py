"""Who is linked, and how they are reached: the file `departments.yaml`.

    departments:
      - id: fire
        name: {zh: 消防救援, en: Fire and rescue}
        words: [消防, 火警, "119"]
        ladder:
          lines:
            - {number: 87000119, trunk: city}
            - {number: 87001119, trunk: city, ring_s: 30}

Everything else has a default that a centre can begin with.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Annotated

from pydantic import Field

from config.field import Between, Language, Line, Name, Wording
from config.part import Part, repeated
from config.problem import Refused, nearest
from dispatch.ladder import Ladder

Deadline = Annotated[int, Between(10, 3600, "s")]
"""By when an order has to be acknowledged, from the moment in which it was issued."""


class Department(Part):
    """One linked department."""

    id: Name = Field(description="what plans, the API and the journal call it")
    name: Wording = Field(description="what people call it")
    words: tuple[Line, ...] = Field((), description="other words by which people find it: its trade, its short number")
    language: Language = Field(Language.ZH, description="the language in which it is spoken to")
    ladder: Ladder = Field(Ladder(), description="its duty lines; a plan may bring another ladder")

    def complaints(self) -> Iterator[Refused]:
        """A word said twice."""
        yield from repeated((each, ("words", index)) for index, each in enumerate(self.words))


class Calling(Part):
    """How departments are called: times and patience, the same for all."""

    deadline_s: Deadline = Field(120, description="by when an order has to be acknowledged if its plan does not say")
    spoken: Annotated[int, Between(1, 5)] = Field(
        2, description="how often the order is spoken to somebody who presses nothing"
    )
    key_s: Annotated[float, Between(3, 60, "s")] = Field(
        8, description="how long a key is waited for each time; who has heard three choices needs 5"
    )
    last_words_s: Annotated[float, Between(2, 60, "s")] = Field(
        15, description="how long thanks and read-back take at most; then the line is cut"
    )
    report_s: Annotated[float, Between(0.5, 60, "s")] = Field(
        4, description="Asterisk's report is awaited this long beyond its time before it is asked"
    )
    ask_s: Annotated[float, Between(0.5, 60, "s")] = Field(3, description="and asked again after this")
    settle_s: Annotated[float, Between(0, 60, "s")] = Field(
        2,
        description="that Asterisk knows nothing of a call is believed only so long after it was doubted: what was "
        "sent just before may still be on its way",
    )
    remind_s: Annotated[float, Between(10, 3600, "s")] = Field(
        60, description="how often the dispatcher is told again of an order that nobody has acknowledged"
    )


class Departments(Part):
    """`departments.yaml`: everybody who may be ordered, and how they are called."""

    departments: tuple[Department, ...] = Field((), description="the linked departments")
    calling: Calling = Field(Calling(), description="how they are called")

    def complaints(self) -> Iterator[Refused]:
        """An id used twice."""
        yield from repeated((each.id, ("departments", index, "id")) for index, each in enumerate(self.departments))

    def department(self, id: str) -> Department | None:
        """The department of this id."""
        return next((each for each in self.departments if each.id == id), None)

    def unknown_trunks(self, trunks: Collection[str]) -> Iterator[Refused]:
        """A complaint for each line by a trunk by which nobody can call out; whoever composes the parts asks for it.

        `trunks` are those with a contact.
        """
        for index, department in enumerate(self.departments):
            for refused in unknown_trunks(department.ladder, trunks):
                yield refused.under("departments", index, "ladder")

    def unknown_endpoints(self, endpoints: Collection[str]) -> Iterator[Refused]:
        """A complaint for each line to a telephone that is no duty telephone of this centre's own Asterisk."""
        for index, department in enumerate(self.departments):
            for refused in unknown_endpoints(department.ladder, endpoints):
                yield refused.under("departments", index, "ladder")


def unknown_trunks(ladder: Ladder, trunks: Collection[str]) -> Iterator[Refused]:
    """A complaint for each line of a ladder by a trunk by which nobody can call out."""
    for index, line in enumerate(ladder.lines):
        if line.trunk is not None and line.trunk not in trunks:
            close = nearest(line.trunk, trunks)
            yield Refused("no_such_trunk", allowed=trunks, nearest=close, path=("lines", index, "trunk"))


def unknown_endpoints(ladder: Ladder, endpoints: Collection[str]) -> Iterator[Refused]:
    """A complaint for each line of a ladder to a telephone that is none of these."""
    for index, line in enumerate(ladder.lines):
        if line.endpoint is not None and line.endpoint not in endpoints:
            close = nearest(line.endpoint, endpoints)
            path = ("lines", index, "endpoint")
            yield Refused("no_such_duty_phone", allowed=endpoints, nearest=close, path=path)
