"""One call: where it is, what it needs, and its place in the order."""

from __future__ import annotations

from dataclasses import dataclass

from intake.need import ANYBODY, Need
from intake.order import Key
from intake.stage import Stage


@dataclass(slots=True)
class LiveOffer:
    """What one decision promised to one call."""

    fence: int
    """The decision's number."""
    seats: list[str]
    """The seats of which nobody has said yet that they are out of it, best first."""
    width: int
    """How many there were at first."""


@dataclass(slots=True)
class Call:
    """One caller's attempt. Its stage is moved by `intake.hall.Hall` alone, through its table."""

    id: str
    """The dialplan's `LD_CALL`."""
    serial: int
    """Order of becoming known: decides between calls of one moment."""
    arrived: float
    """Steady time of arrival; never changes, so a call that comes back has its old place."""
    called: str = ""
    """The number dialled."""
    caller: str = ""
    """The caller's number."""
    need: Need = ANYBODY
    """What it needs."""
    priority: int = 5
    """0 to 10, 10 most urgent."""
    stage: Stage = Stage.UNKNOWN
    """Where it is."""
    relaxed: bool = False
    """Whether it has waited so long that anybody may take it."""
    question: str | None = None
    """The question that is not answered yet."""
    offer: LiveOffer | None = None
    """The live offer, the only one."""
    fence: int = 0
    """The last decision about this call."""
    tries: int = 0
    """Offers that came to nothing."""
    seat: str | None = None
    """With whom it is joined."""
    joined_by: int | None = None
    """The decision by which it is joined; None: the net did it, or nobody."""
    answered: bool = False
    """Whether anybody ever answered it."""
    in_net: bool = False
    """Whether it is written down that the net has it."""
    turn: int = 0
    """How often it has moved: an answer of Asterisk's counts only if nothing moved since the question."""
    told: int | None = None
    """The last place that the caller was told."""
    told_at: float | None = None
    """Steady time of that."""

    @property
    def key(self) -> Key:
        """Who goes first: the more urgent, among equals who arrived first."""
        return (-self.priority, self.arrived, self.serial)

    @property
    def wanted(self) -> Need:
        """What is needed of the person now."""
        return ANYBODY if self.relaxed else self.need
