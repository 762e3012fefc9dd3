"""A ladder: the telephones by which a department is reached, and in which order they ring."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from config.field import Between, Name, Number
from config.part import Part, repeated
from config.problem import Refused


class Ring(StrEnum):
    """How the lines of a ladder ring."""

    IN_TURN = "in-turn"
    """One after the other: the next when this one came to nothing."""
    ANY_ONE = "any-one"
    """All at once: the first key wins, and the others stop."""


class DutyLine(Part):
    """One telephone of a department, and how patiently it is rung."""

    number: Number | None = Field(None, description="what is dialled; either this or `endpoint`")
    trunk: Name | None = Field(None, description="the trunk to dial by; without it, the centre's way out")
    endpoint: Name | None = Field(None, description="a telephone that is registered with this centre's own Asterisk")
    ring_s: Annotated[int, Between(5, 120, "s")] = Field(
        25, description="it rings this long: five to six rings, and a duty room is crossed in less"
    )
    tries: Annotated[int, Between(1, 10)] = Field(2, description="how often it is rung for one order")
    wait_s: Annotated[int, Between(0, 600, "s")] = Field(
        15, description="pause before the same telephone is rung again; the other ones are rung meanwhile"
    )

    @property
    def key(self) -> str:
        """What makes two lines the same telephone, whichever department has it: what is dialled."""
        return self.endpoint or self.number or ""

    def complaints(self) -> Iterator[Refused]:
        """Neither a number nor an endpoint, or both; a trunk to something that needs none."""
        if (self.number is None) == (self.endpoint is None):
            yield Refused("number_or_endpoint", "a line has either a number or an endpoint", path=("number",))
        if self.endpoint is not None and self.trunk is not None:
            yield Refused("trunk_to_endpoint", "a telephone of this centre needs no trunk", path=("trunk",))


class Ladder(Part):
    """The lines of one department, first the one that should answer."""

    ring: Ring = Field(Ring.IN_TURN, description="one after the other, or all at once and the first key wins")
    lines: tuple[DutyLine, ...] = Field((), description="the telephones, in the order in which they are rung")

    def complaints(self) -> Iterator[Refused]:
        """A telephone that stands twice: `tries` is how to ring it again."""
        yield from repeated((line.key, ("lines", index)) for index, line in enumerate(self.lines) if line.key)

    @property
    def climb_s(self) -> float:
        """How long it takes at most until every line has rung once, seconds."""
        times = [line.ring_s for line in self.lines]
        return float(max(times, default=0) if self.ring is Ring.ANY_ONE else sum(times))
