"""The scribe of a desk: what happened goes into the journal, with the times at which Asterisk told it.

Rule: what was seen is written. What was only found out afterwards (a call that began, was answered or ended while
nobody of us looked) is history, and the catch-up writes it, which reads the true times.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from intake import fact
from intake.edge import past
from intake.edge.hearing import Hearing
from intake.edge.past import Begun
from intake.edge.writing import answered_id, draft_of, end_id, start_id
from intake.step import Decision
from journal import BadFact, CommitUnknown, Draft, Journal, NotCommitted, Refusal

COMMIT_TRIES = 3  # of a fact whose commit ended unknown; it has an id, so that it is written once at most

log = logging.getLogger("intake")


class Scribe:
    """Knows how each call that is up began."""

    def __init__(self, journal: Journal, hearing: Hearing) -> None:
        self._journal = journal
        self._hearing = hearing
        self._begun: dict[str, Begun] = {}
        self.unwritten = 0
        """Facts that the journal refused: for want of room, of which it tells itself once it can, or as no fact."""

    # How calls began.

    def begun(self, call: str) -> Begun | None:
        """How a call that is up began, if that was seen or is written."""
        return self._begun.get(call)

    def began(self, call: str, begun: Begun) -> None:
        """A call begins; what is known of it already stays."""
        self._begun.setdefault(call, begun)

    def forget(self, call: str) -> None:
        """A call is over, and its end is written already."""
        self._begun.pop(call, None)

    def keep(self, calls: Iterable[str]) -> None:
        """Only these calls are up; whatever became of others is history."""
        self._begun = {call: self._begun[call] for call in calls if call in self._begun}

    async def recall(self, calls: Iterable[str]) -> int:
        """In a new life: what the journal knows of the calls that are up, and the highest fence in it."""
        reader = self._journal.reader
        self._begun |= await asyncio.to_thread(past.begun, reader, calls)
        return await asyncio.to_thread(past.last_fence, reader)

    # What is written.

    def write(self, witnessed: fact.Witnessed, at: datetime, fence: int, *, history: bool = False) -> None:
        """Write down what was witnessed, behind; `fence` is the newest, `history` that it was only found out."""
        try:
            draft = self._draft(witnessed, at, fence, history=history)
            refused = draft is not None and self._journal.witness(draft) is not None
        except BadFact as error:  # something in it came from outside, and no engine may end for that
            log.error("not written down: %s: %s", witnessed, error)
            refused = True
        self.unwritten += refused

    def gone(self, call: str, at: datetime) -> None:
        """A caller was seen to go whom the core never knew, since he did not ask; or whom it had found to be gone."""
        begun = self._begun.get(call)
        if begun is not None:
            self.write(fact.CallArrived(call, begun.called, begun.caller), at, 0)
            self.write(fact.CallEnded(call, answered=begun.answered_at is not None, lasted_s=0.0), at, 0)

    async def commit(self, decision: Decision, at: datetime) -> bool:
        """Write a decided fact down, and return when it is on disk; False if it could not be written."""
        draft = draft_of(decision.fact, at)
        for _ in range(COMMIT_TRIES):
            try:
                done = await self._journal.decide(lambda unit: unit.record_once((draft,)))
            except CommitUnknown as error:
                log.warning("%s: nobody knows whether it is written down: again: %s", decision.wish, error)
                continue
            except NotCommitted as error:
                log.error("%s: could not be written down: %s", decision.wish, error)
                return False
            if isinstance(done, Refusal):
                log.error("%s: could not be written down: the journal is %s", decision.wish, done)
                return False
            return True
        return False

    def _draft(self, witnessed: fact.Witnessed, at: datetime, fence: int, *, history: bool) -> Draft | None:
        """The entry of a fact; None: it is history."""
        match witnessed:
            case fact.CallArrived(call=call):
                begun = self._begun.get(call)
                if begun is None or witnessed.age_s > 0:
                    return None
                whole = replace(witnessed, called=begun.called, caller=begun.caller)
                return draft_of(whole, begun.at, id=start_id(call))
            case fact.CallAnswered(call=call):
                begun, seat = self._begun.get(call), self._hearing.joined_with(call, witnessed.seat)
                if begun is None or seat is None or history:
                    return None
                if begun.answered_at is None:
                    self._begun[call] = replace(begun, answered_at=at, by_net=witnessed.by_net)
                waited_s = (at - begun.at).total_seconds()
                return draft_of(replace(witnessed, waited_s=waited_s), at, id=answered_id(call, seat.id))
            case fact.CallEnded(call=call):
                # What is only found to be over may still be told: then its end is written, else by the catch-up.
                begun = None if witnessed.found else self._begun.pop(call, None)
                if begun is None:
                    return None
                lasted_s = (at - begun.at).total_seconds()
                return draft_of(replace(witnessed, lasted_s=lasted_s), at, id=end_id(call))
            case fact.CallLeft():
                return draft_of(witnessed, at, more={"fence": fence})
            case _:
                return draft_of(witnessed, at)
