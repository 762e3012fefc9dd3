"""What is known of a number's past: its calls and its incidents, as values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from intake.incident.incident import Incident
from intake.incident.kind import Result


@dataclass(frozen=True, slots=True)
class PastCall:
    """A call that this number made."""

    call: str
    called: str
    """The number dialled."""
    caller: str
    """The number as it came."""
    arrived_at: datetime
    answered_at: datetime | None = None
    """When a person and the caller first heard each other; None: nobody did."""
    ended_at: datetime | None = None
    """None: it lasts, or its end was not seen."""
    seat: str | None = None
    person: str | None = None
    """Who answered."""
    incidents: tuple[str, ...] = ()
    """Ids of the incidents that it is about."""

    @property
    def talked_s(self) -> float | None:
        """How long a person and the caller heard each other; None if they didn't, or still do."""
        if self.answered_at is None or self.ended_at is None:
            return None
        return max(0.0, (self.ended_at - self.answered_at).total_seconds())


@dataclass(frozen=True, slots=True)
class PastIncident:
    """What counts of an incident of this number."""

    id: str
    ended_at: datetime | None
    result: Result | None

    @classmethod
    def of(cls, incident: Incident) -> PastIncident:
        """What counts of a record."""
        return cls(incident.id, incident.ended_at, incident.result)
