"""What is wanted of the engine on the local socket: one method a want. Who may want what, the web process has checked.

Each gives what it comes to; each raises `console.wire.Refused` with a stable code for what is not done. `by` is the
role of a token. With `seat`, it is the person who is signed in there who acts, and the journal names that person.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from config.secret import Secret
from console.incident import IncidentRecord
from console.wire import Refused
from dispatch import wish
from dispatch.order import OrderState
from gis.datum import Datum
from gis.locate import Locator
from gis.record import position_data
from gis.shape import BadShape
from intake.edge.beside import Beside
from intake.edge.desk import NotGranted
from intake.edge.now import SeatNow
from intake.edge.reception import Reception
from intake.incident import Create, IncidentError, LinkCall, Who
from journal import BadFact, CommitUnknown, Draft, Journal, NotCommitted, Refusal, new_id
from journal.fact import checked_id
from journal.instant import Clock, utc_now
from liandong import args as said
from liandong.about import whole_number
from liandong.args import Args
from liandong.audited import audit_draft
from liandong.deeds import deed_of
from liandong.incidents import IncidentDesk, Notifies
from liandong.ordering import WouldStart

Value = Mapping[str, Any]
BEHIND_S = 1.0  # so long what the engine has seen itself may take; else who found something out asks again


class Asked:
    """Everything that can be wanted."""

    def __init__(
        self,
        journal: Journal,
        reception: Reception,
        incidents: IncidentDesk,
        notifier: Notifies,
        beside: Beside,
        locator: Locator,
        seats: Callable[[], Sequence[SeatNow]],
        status: Callable[[], Value],
        clock: Clock = utc_now,
    ) -> None:
        self._journal = journal
        self._reception = reception
        self._incidents = incidents
        self._notifier = notifier
        self._beside = beside
        self._locator = locator
        self._seats = seats
        self._status = status
        self._clock = clock
        self._wants: Mapping[str, Callable[[Args], Awaitable[Value]]] = {
            "sign-in": self._sign_in,
            "sign-out": self._sign_out,
            "pause": self._pause,
            "ready": self._ready,
            "status": self._told,
            "record": self._record,
            "incident": self._incident,
            "plans": self._plans,
            "order": self._order,
            "order-by-hand": self._order_by_hand,
            "locate": self._locate,
            "caller": self._caller,
            "audit": self._audit,
        }

    async def handle(self, want: str, args: Args) -> Value:
        """For the hub."""
        asked = self._wants.get(want)
        if asked is None:
            raise Refused("bad_request", f"the engine knows nothing of {want[:40]!r}")
        try:
            return await asked(args)
        except (NotGranted, IncidentError) as error:
            raise Refused(error.code, str(error)) from error
        except BadFact as error:
            raise Refused("bad_request", str(error)) from error

    # Seats.

    async def _sign_in(self, args: Args) -> Value:
        if "pin" not in args:  # to need none is a decision, not something left out
            raise Refused("bad_request", "pin is missing; null: none is needed")
        pin = said.text_or_none(args, "pin")
        secret = None if pin is None else Secret(pin)
        await self._reception.sign_in(said.text(args, "seat"), said.text(args, "person"), secret, by=said.by(args))
        return {}

    async def _sign_out(self, args: Args) -> Value:
        await self._reception.sign_out(said.text(args, "seat"), by=said.by(args))
        return {}

    async def _pause(self, args: Args) -> Value:
        await self._reception.pause(said.text(args, "seat"), said.text(args, "reason"), by=said.by(args))
        return {}

    async def _ready(self, args: Args) -> Value:
        await self._reception.ready(said.text(args, "seat"), by=said.by(args))
        return {}

    # Incidents and orders.

    async def _incident(self, args: Args) -> Value:
        key = said.text_or_none(args, "key")
        deed = deed_of(said.text(args, "deed"), said.fields(args, "args"), key)
        if isinstance(deed, Create | LinkCall) and deed.call is not None and not deed.caller:
            # The table of calls is some milliseconds behind.
            deed = replace(deed, caller=self._beside.number(deed.call))
        did = await self._incidents.do(deed, self._who(args), key)
        return {
            "incident": IncidentRecord.of(did.done.incident).plain(),
            "others": [IncidentRecord.of(each).plain() for each in did.done.others],
            "again": did.done.again,
            "orders": list(did.orders),
            "plans": list(did.plans),
        }

    async def _plans(self, args: Args) -> Value:
        changes = said.fields(args, "changes") if "changes" in args else {}
        would_start = await self._incidents.would_start(said.text(args, "incident"), changes)
        return {"plans": [_plan(each) for each in would_start]}

    async def _order(self, args: Args) -> Value:
        order, by = said.text(args, "order"), self._who(args).id
        key, id = said.text_or_none(args, "key") or new_id(), new_id()
        match said.text(args, "wish"):
            case "again":
                wanted: wish.Wish = wish.Again(id, order, by)
            case "cancel":
                wanted = wish.Cancel(id, order, by, said.text_or_none(args, "reason") or "")
            case "word":
                wanted = wish.TakeWord(id, order, by)
            case "feedback":
                words = said.text_or_none(args, "words") or ""
                wanted = wish.Feedback(id, order, key, by, _progress(args), words)
                if wanted.progress is None and not words.strip():
                    raise Refused("empty", "a feedback says something, in words or as progress")
            case other:
                raise Refused("bad_request", f"nothing is wished of an order by {other[:40]!r}")
        await self._notifier.wish(wanted)
        return {"order": order}

    async def _order_by_hand(self, args: Args) -> Value:
        order = await self._incidents.order_by_hand(
            said.text(args, "incident"),
            said.text(args, "department"),
            said.text(args, "text"),
            said.whole_or_none(args, "deadline_s"),
            self._who(args),
            said.text_or_none(args, "key"),
        )
        return {"order": order}

    # Callers.

    async def _locate(self, args: Args) -> Value:
        call, datum = checked_id(said.text(args, "call")), said.text_or_none(args, "datum")
        if datum is not None and datum not in list(Datum):
            raise Refused("bad_datum", f"datum: one of {', '.join(Datum)}")
        try:
            position = self._locator.entered(
                said.number(args, "lat"),
                said.number(args, "lon"),
                self._clock(),
                radius_m=said.number_or_none(args, "radius_m"),
                datum=None if datum is None else Datum(datum),
                address=said.text_or_none(args, "address") or "",
            )
        except BadShape as error:
            raise Refused("bad_position", str(error)) from error
        await self._beside.mark(call, position, self._who(args))
        return {"position": position_data(position)}

    async def _caller(self, args: Args) -> Value:
        return whole_number(await self._beside.number_of(said.text(args, "call")))

    # The journal.

    async def _audit(self, args: Args) -> Value:
        query = said.fields(args, "query") if args.get("query") is not None else {}
        who = self._who(args)
        draft = audit_draft(said.text(args, "what"), said.text_or_none(args, "call"), query, who, self._clock())
        await self._commit([draft])
        return {"fact": draft.id}

    async def _record(self, args: Args) -> Value:
        """Commit facts that the worker found; those that stand in the journal already are passed over.

        What the engine has seen itself comes first: it knows more of it, and of two with one id the first stays.
        """
        try:
            drafts = [Draft.from_text(str(text)) for text in said.items(args, "drafts")]
            if not await asyncio.to_thread(self._journal.wait_behind, BEHIND_S):
                raise Refused("not_written_down", "what the engine has seen itself is not in the journal yet")
            return {"recorded": await self._commit(drafts)}
        except BadFact as error:
            raise Refused("bad_fact", str(error)) from error

    async def _commit(self, drafts: Sequence[Draft]) -> int:
        try:
            done = await self._journal.decide(lambda unit: unit.record_once(drafts))
        except (NotCommitted, CommitUnknown) as error:
            raise Refused("not_written_down", str(error)) from error
        if isinstance(done, Refusal):
            raise Refused("not_written_down", f"the journal is {done}")
        return len(done.value)

    async def _told(self, args: Args) -> Value:
        return self._status()

    # Who.

    def _who(self, args: Args) -> Who:
        by, seat = said.by(args), said.text_or_none(args, "seat")
        if seat is None:
            return Who(by, person=False)
        person = next((each.person for each in self._seats() if each.view.id == seat), None)
        if person is None:
            raise Refused("nobody_signed_in", f"nobody is signed in at {seat[:60]}")
        return Who(person.id, seat=seat)


def _plan(each: WouldStart) -> Value:
    plan = each.plan
    return {
        "id": plan.id,
        "version": plan.version,
        "name": {"zh": plan.name.zh, "en": plan.name.en},
        "priority": plan.priority,
        "why": list(each.why),
        "orders": [
            {"department": one.department, "text": one.text, "deadline_s": one.deadline_s} for one in each.orders
        ],
        "checklist": [{"zh": one.zh, "en": one.en} for one in plan.checklist],
    }


def _progress(args: Args) -> OrderState | None:
    progress = said.text_or_none(args, "progress")
    if progress is None:
        return None
    if progress not in list(OrderState):
        raise Refused("no_progress", "a department reports en-route, on-scene or done")
    return OrderState(progress)
