"""How calls are distributed: the file `intake.yaml`. Everything has a default that a centre can begin with.

strategy: longest-idle
offer_s: 6
widen: [1, 2, 4, all]
wrap_up_s: 20
pause_reasons: [rest, meal, training, paperwork]
services:
  fire: {priority: 6}
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Annotated, Literal

from pydantic import Field

from config.field import Between, Name
from config.part import Part, repeated
from config.problem import Refused, nearest
from intake.strategy import Strategy

Wait = Annotated[float, Between(0.1, 3600, "s")]
Width = Annotated[int, Between(1, 1000)] | Literal["all"]
Priority = Annotated[int, Between(0, 10)]

RESERVED_REASONS = ("no-answer", "rejected")
"""Why the room pauses somebody; see `intake.outcome`."""


class ServiceRule(Part):
    """What is special about the calls of one service."""

    priority: Priority = Field(
        5, description="10 is most urgent (EIDO common priority); a higher one goes before every lower one"
    )


class IntakeSettings(Part):
    """`intake.yaml`: how calls find their seat."""

    strategy: Strategy = Field(Strategy.LONGEST_IDLE, description="which of several free seats gets the call")
    offer_s: Annotated[int, Between(2, 60, "s")] = Field(
        6, description="how long an offer rings; a trained call-taker answers within 3 s: twice that, then widen"
    )
    widen: Annotated[tuple[Width, ...], Field(min_length=1)] = Field(
        (1, 2, 4, "all"), description="how many seats the first, second, third … offer of one call rings at once"
    )
    wrap_up_s: Annotated[int, Between(0, 3600, "s")] = Field(
        0, description="time for writing up after a conversation; 0: none"
    )
    pause_reasons: tuple[Name, ...] = Field(
        ("rest", "meal", "training", "paperwork"), description="what a person may give as the reason of a pause"
    )
    relax_s: Wait = Field(10, description="a caller who has waited this long for a skill is taken by anybody")
    place_first_s: Wait = Field(10, description="a caller who has waited this long is told how many are before him")
    place_again_s: Wait = Field(20, description="and told again when it has changed, at most this often")
    report_s: Wait = Field(
        2, description="the dialplan's report is awaited this long beyond its time before Asterisk is asked"
    )
    fault_s: Wait = Field(5, description="a telephone that failed is looked at again after this")
    services: dict[Name, ServiceRule] = Field({}, description="what differs from service to service")

    def unknown_services(self, services: Collection[str]) -> Iterator[Refused]:
        """A complaint for each rule of what is no service of the centre; whoever composes the parts asks for it."""
        for name in self.services:
            if name not in services:
                yield Refused(
                    "no_such_service", allowed=services, nearest=nearest(name, services), path=("services", name)
                )

    def priority(self, service: str | None) -> int:
        """The priority of a service's calls."""
        rule = self.services.get(service) if service is not None else None
        return (rule or ServiceRule()).priority

    def width(self, tries: int) -> int | None:
        """How many seats the next offer rings after so many that came to nothing; None: all."""
        width = self.widen[min(tries, len(self.widen) - 1)]
        return None if width == "all" else width

    def complaints(self) -> Iterator[Refused]:
        """A reason said twice, or one that the room gives itself; an offer that narrows."""
        yield from repeated((each, ("pause_reasons", index)) for index, each in enumerate(self.pause_reasons))
        for index, reason in enumerate(self.pause_reasons):
            if reason in RESERVED_REASONS:
                yield Refused(
                    "reserved_reason", f"{reason} is a reason that the room gives", path=("pause_reasons", index)
                )
        widths = [float("inf") if width == "all" else width for width in self.widen]
        for index in range(1, len(widths)):
            if widths[index] < widths[index - 1]:
                yield Refused("narrower", "an offer never rings fewer seats than the one before", path=("widen", index))
