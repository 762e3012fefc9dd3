"""What is asked and told by the keys of a telephone that is no seat's, answered with a word.

A department reports how far its order is; a waiting caller asks what became of what he reported before. A code is four
digits, and of one order as long as that is under way: whoever keys in one that is not his own learns no more than that
it is in use, and what he reports stands beside the recording of his call.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from dispatch import reading, wish
from dispatch.order import OrderState
from dispatch.reading import OrderNow
from intake.incident import Incident, IncidentState
from intake.incident.reading import goes_on_in, of_number
from intake.number import NumberForm
from journal import new_id
from journal.instant import Clock, utc_now
from liandong.incidents import Notifies
from telephony.agi.answer import Word
from telephony.agi.question import PhoneKind, PhoneQuestion, Progress

PHONE = "phone"
"""Who reported, as the order's facts have it."""
RECENT = timedelta(days=2)
"""What ended longer ago is not what somebody means who waits in the queue now."""

_PROGRESS = {
    Progress.EN_ROUTE: OrderState.EN_ROUTE,
    Progress.ON_SCENE: OrderState.ON_SCENE,
    Progress.DONE: OrderState.DONE,
    Progress.WORDS: None,
}
_REPORT = {
    IncidentState.DRAFT: Word.REPORT_RECEIVED,
    IncidentState.SUBMITTED: Word.REPORT_RECEIVED,
    IncidentState.REOPENED: Word.REPORT_RECEIVED,
    IncidentState.DISPATCHED: Word.REPORT_DISPATCHED,
    IncidentState.IN_PROGRESS: Word.REPORT_IN_PROGRESS,
    IncidentState.CLOSED: Word.REPORT_DONE,
    IncidentState.CANCELLED: Word.REPORT_NONE,
}

log = logging.getLogger("incidents")


class PhoneAsked:
    """For the AGI server."""

    def __init__(self, reader: Engine, form: NumberForm, notifier: Notifies, clock: Clock = utc_now) -> None:
        """`reader` is a read engine of the journal's database."""
        self._reader = reader
        self._form = form
        self._notifier = notifier
        self._clock = clock

    async def answer(self, question: PhoneQuestion) -> str:
        """The word that is said. Never raises: who cannot be answered is told that nobody is there."""
        try:
            match question.kind:
                case PhoneKind.CODE:
                    known = await asyncio.to_thread(reading.by_code, self._reader, question.code)
                    return Word.CODE_UNKNOWN if known is None else Word.CODE_KNOWN
                case PhoneKind.FEEDBACK:
                    return await self._feedback(question)
                case PhoneKind.REPORT:
                    return await asyncio.to_thread(self._report, question.number)
        except SQLAlchemyError as error:
            log.warning("a telephone is not answered: %s", str(error).partition("\n")[0])
            return Word.AWAY

    async def _feedback(self, question: PhoneQuestion) -> Word:
        order: OrderNow | None = await asyncio.to_thread(reading.by_code, self._reader, question.code)
        progress = question.progress
        if order is None or progress is None:
            return Word.FEEDBACK_REFUSED
        # The same key in the same call is one report; words are found in the recording of the call that names it.
        report = f"{question.call}:{progress}"
        wanted = wish.Feedback(new_id(), order.stored.order.id, report, PHONE, _PROGRESS[progress])
        try:
            await self._notifier.wish(wanted)
        except ValueError as error:
            log.info("a feedback is refused: %s", error)
            return Word.AWAY if getattr(error, "code", "") == "not_ready" else Word.FEEDBACK_REFUSED
        return Word.FEEDBACK_NOTED

    def _report(self, number: str) -> Word:
        found = of_number(self._reader, self._form.key(number), most=5)
        return _word(self._in_which_it_goes_on(found), self._clock().timestamp())

    def _in_which_it_goes_on(self, found: Sequence[Incident]) -> Sequence[Incident]:
        return [goes_on_in(self._reader, each) for each in found]


def _word(newest_first: Sequence[Incident], now: float) -> Word:
    """Of the newest that is not over; else of the newest that ended lately."""
    alive = next((each for each in newest_first if not each.over), None)
    if alive is not None:
        return _REPORT[alive.state]
    for each in newest_first:
        lately = each.ended_at is not None and now - each.ended_at.timestamp() < RECENT.total_seconds()
        if lately and each.state is IncidentState.CLOSED:
            return Word.REPORT_DONE
    return Word.REPORT_NONE
