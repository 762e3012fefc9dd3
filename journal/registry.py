"""The names of facts, and which subjects are promises.

Names are stable for ever: they stand in the hashed text. Those of NENA i3 (STA-010.3, LogEvent) are used where they
exist, with i3's meaning, and are known here without being registered; i3 says `…LogEvent`, so a name of our own never
ends so, and a later edition can't take one of ours. Each room registers its own; the composition root joins them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from journal.error import BadFact, JournalError, UnknownType

_NAME = re.compile(r"[A-Z][A-Za-z0-9]{1,63}", re.ASCII)
SUBJECT_KIND = re.compile(r"[a-z][a-z_]{0,31}", re.ASCII)


class LogEvent(StrEnum):
    """The i3 names for what happens in this house. Others of i3 are added when a room first needs them."""

    CALL_PROCESS = "CallProcessLogEvent"
    CALL_START = "CallStartLogEvent"
    CALL_END = "CallEndLogEvent"
    CALL_TRANSFER = "CallTransferLogEvent"
    CALL_STATE_CHANGE = "CallStateChangeLogEvent"
    ROUTE = "RouteLogEvent"
    MEDIA_START = "MediaStartLogEvent"
    MEDIA_END = "MediaEndLogEvent"
    RECORDING_FAILED = "RecordingFailedLogEvent"
    MESSAGE = "MessageLogEvent"
    ADDITIONAL_AGENCY = "AdditionalAgencyLogEvent"
    INCIDENT_MERGE = "IncidentMergeLogEvent"
    INCIDENT_UNMERGE = "IncidentUnMergeLogEvent"
    INCIDENT_LINK = "IncidentLinkLogEvent"
    INCIDENT_UNLINK = "IncidentUnLinkLogEvent"
    INCIDENT_SPLIT = "IncidentSplitLogEvent"
    INCIDENT_CLEAR = "IncidentClearLogEvent"
    INCIDENT_REOPEN = "IncidentReopenLogEvent"
    ALI_QUERY = "AliLocationQueryLogEvent"
    ALI_RESPONSE = "AliLocationResponseLogEvent"
    LOCATION_QUERY = "LocationQueryLogEvent"
    LOCATION_RESPONSE = "LocationResponseLogEvent"
    ADDITIONAL_DATA_QUERY = "AdditionalDataQueryLogEvent"
    ADDITIONAL_DATA_RESPONSE = "AdditionalDataResponseLogEvent"
    AGENT_STATE_CHANGE = "AgentStateChangeLogEvent"
    QUEUE_STATE_CHANGE = "QueueStateChangeLogEvent"
    ELEMENT_STATE_CHANGE = "ElementStateChangeLogEvent"
    SERVICE_STATE_CHANGE = "ServiceStateChangeLogEvent"
    MALFORMED_MESSAGE = "MalformedMessageLogEvent"
    KEEP_ALIVE_FAILURE = "KeepAliveFailureLogEvent"
    POLICY_CHANGE = "PolicyChangeLogEvent"
    VERSIONS = "VersionsLogEvent"
    ANNOUNCEMENT_START = "AnnouncementStartLogEvent"
    ANNOUNCEMENT_END = "AnnouncementEndLogEvent"
    EIDO = "EidoLogEvent"
    DISCREPANCY_REPORT = "DiscrepancyReportLogEvent"


class Own(StrEnum):
    """The journal's own facts."""

    PERSONAL_ERASED = "PersonalErased"
    """body: `sequences`, whose personal data were deleted, and `reason`."""
    FACTS_LOST = "FactsLost"
    """Witnessed facts found no room on disk or in memory. body: `count`, `first` and `last` time of the lost ones."""


@dataclass(frozen=True, slots=True)
class Promise:
    """A kind of subject that must have a live next deadline from the fact that opens it to the fact that closes it."""

    subject: str
    """Kind of subject, such as `notification`."""
    opened_by: frozenset[str]
    closed_by: frozenset[str]


class Registry:
    """The types that may be recorded, and the promises among their subjects."""

    def __init__(self, types: Iterable[str] = (), promises: Iterable[Promise] = ()) -> None:
        """`types` are the rooms' own names. Raises JournalError for a name out of form or a promise that can't be."""
        named = frozenset(map(str, types))
        for each in sorted(named):
            if not _NAME.fullmatch(each) or each.endswith("LogEvent"):
                raise JournalError(f"{each!r} is no name of a fact: letters and digits like SeatPaused, not …LogEvent")
        self._types = named | {*map(str, LogEvent), *map(str, Own)}
        self.promises = tuple(promises)
        for promise in self.promises:
            if not SUBJECT_KIND.fullmatch(promise.subject):
                raise JournalError(f"{promise.subject!r} is no kind of subject")
            if not promise.opened_by or not promise.closed_by or promise.opened_by & promise.closed_by:
                raise JournalError(f"{promise.subject}: it needs facts that open it, and others that close it")
            for name in promise.opened_by | promise.closed_by:
                self._check_name(name)
        self._opens = _by_type((name, each.subject) for each in self.promises for name in each.opened_by)
        self._closes = _by_type((name, each.subject) for each in self.promises for name in each.closed_by)

    def check(self, name: str, subjects: Iterable[tuple[str, str]]) -> None:
        """Whether such a fact may be recorded: raises UnknownType, and BadFact if it names not whose promise it is."""
        self._check_name(name)
        kinds = {kind for kind, _ in subjects}
        for kind in (*self.opens(name), *self.closes(name)):
            if kind not in kinds:
                raise BadFact(f"{name} opens or closes the promise of a {kind}, but names none")

    def opens(self, name: str) -> tuple[str, ...]:
        """Kinds of subject whose promise a fact of this type opens."""
        return self._opens.get(name, ())

    def closes(self, name: str) -> tuple[str, ...]:
        """Kinds of subject whose promise a fact of this type closes."""
        return self._closes.get(name, ())

    def _check_name(self, name: str) -> None:
        if name not in self._types:
            raise UnknownType(f"no room has registered facts of type {name!r}")


def _by_type(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name, subject in pairs:
        found[name] = (*found.get(name, ()), subject)
    return found
