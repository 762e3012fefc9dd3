"""What is wanted of the engine on the local socket: one method a want. Who may want what, the web process has checked.

Each gives what it comes to; each raises `console.wire.Refused` with a stable code for what is not done. `by` is the
role of a token. With `seat`, it is the person who is signed in there who acts, and the journal names that person.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from config.secret import Secret
from console.incident import IncidentRecord
from console.wire import Refused
from dispatch import wish
from dispatch.order import OrderState
from intake.edge.desk import NotGranted
from intake.edge.now import SeatNow
from intake.edge.reception import Reception
from intake.incident import IncidentError, Who
from journal import BadFact, CommitUnknown, Draft, Journal, NotCommitted, Refusal, new_id
from journal.fact import checked_id
from journal.instant import Clock, utc_now
from liandong.audited import audit_draft
from liandong.deeds import deed_of
from liandong.incidents import IncidentDesk, Notifies
from liandong.ordering import WouldStart

Value = Mapping[str, Any]
Args = Mapping[str, Any]


class Asked:
    """Everything that can be wanted."""

    def __init__(
        self,
        journal: Journal,
        reception: Reception,
        incidents: IncidentDesk,
        notifier: Notifies,
        seats: Callable[[], Sequence[SeatNow]],
        status: Callable[[], Value],
        clock: Clock = utc_now,
    ) -> None:
        self._journal = journal
        self._reception = reception
        self._incidents = incidents
        self._notifier = notifier
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
        pin = _text_or_none(args, "pin")
        secret = None if pin is None else Secret(pin)
        await self._reception.sign_in(_text(args, "seat"), _text(args, "person"), secret, by=_by(args))
        return {}

    async def _sign_out(self, args: Args) -> Value:
        await self._reception.sign_out(_text(args, "seat"), by=_by(args))
        return {}

    async def _pause(self, args: Args) -> Value:
        await self._reception.pause(_text(args, "seat"), _text(args, "reason"), by=_by(args))
        return {}

    async def _ready(self, args: Args) -> Value:
        await self._reception.ready(_text(args, "seat"), by=_by(args))
        return {}

    # Incidents and orders.

    async def _incident(self, args: Args) -> Value:
        key = _text_or_none(args, "key")
        deed = deed_of(_text(args, "deed"), _object(args, "args"), key)
        did = await self._incidents.do(deed, self._who(args), key)
        return {
            "incident": IncidentRecord.of(did.done.incident).plain(),
            "others": [IncidentRecord.of(each).plain() for each in did.done.others],
            "again": did.done.again,
            "orders": list(did.orders),
            "plans": list(did.plans),
        }

    async def _plans(self, args: Args) -> Value:
        changes = _object(args, "changes") if "changes" in args else {}
        return {"plans": [_plan(each) for each in await self._incidents.would_start(_text(args, "incident"), changes)]}

    async def _order(self, args: Args) -> Value:
        order, by = _text(args, "order"), self._who(args).id
        key, id = _text_or_none(args, "key") or new_id(), new_id()
        match _text(args, "wish"):
            case "again":
                wanted: wish.Wish = wish.Again(id, order, by)
            case "cancel":
                wanted = wish.Cancel(id, order, by, _text_or_none(args, "reason") or "")
            case "word":
                wanted = wish.TakeWord(id, order, by)
            case "feedback":
                words = _text_or_none(args, "words") or ""
                wanted = wish.Feedback(id, order, key, by, _progress(args), words)
                if wanted.progress is None and not words.strip():
                    raise Refused("empty", "a feedback says something, in words or as progress")
            case other:
                raise Refused("bad_request", f"nothing is wished of an order by {other[:40]!r}")
        await self._notifier.wish(wanted)
        return {"order": order}

    async def _order_by_hand(self, args: Args) -> Value:
        order = await self._incidents.order_by_hand(
            _text(args, "incident"),
            _text(args, "department"),
            _text(args, "text"),
            _number_or_none(args, "deadline_s"),
            self._who(args),
            _text_or_none(args, "key"),
        )
        return {"order": order}

    # The journal.

    async def _audit(self, args: Args) -> Value:
        query = _object(args, "query") if args.get("query") is not None else {}
        who = self._who(args)
        draft = audit_draft(_text(args, "what"), _text_or_none(args, "call"), query, who, self._clock())
        await self._commit([draft])
        return {"fact": draft.id}

    async def _record(self, args: Args) -> Value:
        """Commit facts that the worker found; those that stand in the journal already are passed over."""
        try:
            return {"recorded": await self._commit([Draft.from_text(str(text)) for text in _list(args, "drafts")])}
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
        by, seat = _by(args), _text_or_none(args, "seat")
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
    said = _text_or_none(args, "progress")
    if said is None:
        return None
    if said not in list(OrderState):
        raise Refused("no_progress", "a department reports en-route, on-scene or done")
    return OrderState(said)


def _by(args: Args) -> str:
    return checked_id(_text(args, "by"))


def _text(args: Args, name: str) -> str:
    match args.get(name):
        case str(value):
            return value
        case _:
            raise Refused("bad_request", f"{name} is missing, or no text")


def _text_or_none(args: Args, name: str) -> str | None:
    return None if args.get(name) is None else _text(args, name)


def _number_or_none(args: Args, name: str) -> int | None:
    match args.get(name):
        case None:
            return None
        case int(value) if not isinstance(value, bool):
            return value
        case _:
            raise Refused("bad_request", f"{name} is no whole number")


def _object(args: Args, name: str) -> Mapping[str, Any]:
    match args.get(name):
        case dict(value):
            return value
        case _:
            raise Refused("bad_request", f"{name} is missing, or no object")


def _list(args: Args, name: str) -> list[Any]:
    match args.get(name):
        case list(value):
            return value
        case _:
            raise Refused("bad_request", f"{name} is missing, or no list")
