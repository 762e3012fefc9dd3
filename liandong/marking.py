"""What becomes of orders, marked in the incident's record in the same transaction: somebody works on it, or reported.

So nobody closes an incident without having seen the last report: each is a change of the record, and of those in which
it goes on. A mark that a record does not take is told in the log, and never holds up what is written about the order.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial

from dispatch import fact
from dispatch.fact import How
from dispatch.step import Write
from dispatch.writing import moment
from intake.incident import Book, Deed, Feedback, IncidentError, MarkInProgress, Who
from journal import JournalError, Unit

DISPATCH = Who("dispatch", person=False)
LEFT_WORDS = "left-words"
"""A report without words or progress: what was said lies in the recording."""

log = logging.getLogger("incidents")


def incident_of(order: str) -> str:
    """The incident of an order, by the order's id: `INCIDENT.DEPARTMENT.1`."""
    return order.rsplit(".", 2)[0]


class Marking:
    """For `dispatch.edge.Notifier`: what is committed beside each write of the escalation's."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def beside(self, unit: Unit, write: Write) -> None:
        """Mark what these facts mean for their incidents. Runs in the journal's writer thread."""
        for told in write.facts:
            incident, at = incident_of(told.order), moment(write.at)
            match told:
                case fact.Acknowledged(how=how):
                    if how is not How.REPORT:  # whose report follows in the same write
                        self._mark(unit, incident, MarkInProgress, at)
                case fact.FeedbackGiven():
                    self._mark(unit, incident, MarkInProgress, at)
                    self._mark(unit, incident, partial(_report, told), at)
                case _:
                    pass

    def _mark(self, unit: Unit, incident: str, mark: Callable[[str], Deed], at: datetime) -> None:
        """Mark an incident and those in which it goes on: an order is carried out for all of them."""
        known: str | None = incident
        while known is not None:
            known = self._do(unit, mark(known), at)

    def _do(self, unit: Unit, deed: Deed, at: datetime) -> str | None:
        """Do it; the incident in which this one goes on, if there is one."""
        try:
            with unit.connection.begin_nested():  # whatever of it was written is undone alone
                return self._book.do(unit, deed, DISPATCH, at).incident.merged_into
        except (IncidentError, JournalError) as error:
            log.error("not marked: %s of %s: %s", type(deed).__name__, deed.incident, error.code)
            return None


def _report(told: fact.FeedbackGiven, incident: str) -> Feedback:
    report = told.progress.value if told.progress is not None else "" if told.words.strip() else LEFT_WORDS
    return Feedback(incident, words=told.words, department=told.order.rsplit(".", 2)[1], report=report)
