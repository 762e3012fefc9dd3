"""What the outside can do wrong with an incident. Every `code` is stable: the API and the console know them by it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from intake.incident.entry import Entry
    from intake.incident.incident import Incident


class IncidentError(ValueError):
    """A deed that cannot be done; nothing of it was."""

    code = "incident_error"


class BadValue(IncidentError):
    """A field was given something that it cannot hold."""

    def __init__(self, code: str, field: str, because: str) -> None:
        super().__init__(f"{field}: {because}")
        self.code = code
        self.field = field
        """Which one, as the record calls it."""


class DeedRefused(IncidentError):
    """The deed does not fit the incident as it is."""

    def __init__(self, code: str, because: str) -> None:
        super().__init__(because)
        self.code = code


class NoSuchIncident(IncidentError):
    """No incident has this id."""

    code = "no_such_incident"

    def __init__(self, incident: str) -> None:
        super().__init__(f"there is no incident {incident}")
        self.incident = incident


class Stale(IncidentError):
    """Somebody else was first: what the deed was decided on is not what the record says now."""

    code = "incident_changed"

    def __init__(self, incident: Incident, seen: int, since: Sequence[Entry] = ()) -> None:
        told = "; ".join(each.sentence() for each in since)
        super().__init__(
            f"incident {incident.number} is at version {incident.version}, not {seen}"
            + (f"; since then: {told}" if told else "")
        )
        self.incident = incident
        """As it is now."""
        self.seen = seen
        """The version that was looked at."""
        self.since = tuple(since)
        """What happened after that version, in order."""
