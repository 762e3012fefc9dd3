"""What each fact of the feed is in a stranger's words. Pure; what one fact says is remembered for those after it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import takewhile
from typing import Any

Json = Mapping[str, Any]
Line = tuple[str, str]
"""Who is meant, and what is said."""

SOURCES = {
    "sip": "sent by the telephone",
    "subscriber": "the line's address",
    "registered": "where the mobile's bill goes",
    "trunk": "the whole city",
    "call-taker": "marked by the call-taker",
}
OUTCOMES = {
    "busy": "is busy",
    "no-answer": "does not answer",
    "rejected": "rejects the call",
    "failed": "cannot be reached",
    "hung-up": "hung up without a key",
    "no-key": "was picked up, the order was spoken, nobody pressed a key",
    "stopped": "is not needed any more",
    "unknown": "was lost sight of",
}
WHY = {
    "deadline": "the deadline has passed and nobody has acknowledged",
    "exhausted": "every line was tried and nobody has acknowledged",
    "declined": "no line could take it",
}


_ATTEMPT = re.compile(r"[0-9a-f]{32}\.(.+)\.\d+-\d+")
_FIRST = ("type", "grade", "place", "trapped", "injured", "flags", "hazards")
"""Of a record, what is told before the rest."""


class Telling:
    """Tells facts in their order."""

    def __init__(self) -> None:
        self._dialled: dict[str, str] = {}
        """What each attempt dials."""
        self._called: dict[str, str] = {}
        """What the caller of each call dialled."""
        self._known: set[str] = set()
        """Calls whose number's past was told."""
        self._positions: dict[str, set[str]] = {}
        """What was told of each call."""
        self._first_text: dict[str, str] = {}
        """Of each incident, what the first department was ordered: only in what others differ is told of them."""
        self._tellers: Mapping[str, Callable[[Json], Iterator[Line]]] = {
            "SignedIn": _signed_in,
            "CallArrived": self._arrived,
            "CallLocated": self._located,
            "CallOffered": _offered,
            "CallQueued": _queued,
            "SeatRang": _seat_rang,
            "CallAnswered": _answered,
            "CallEnded": _ended,
            "RecordingKept": self._recorded,
            "IncidentCreated": _created,
            "IncidentAmended": _amended,
            "IncidentSubmitted": lambda fact: _incident("is submitted: plans are looked for"),
            "IncidentInProgress": lambda fact: _incident("is in progress: somebody has taken the first order"),
            "IncidentClearLogEvent": lambda fact: _incident(f"is closed: {fact['body']['result']}"),
            "PlanStarted": _plan,
            "OrderIssued": self._issued,
            "AttemptDecided": self._dials,
            "AttemptRang": self._rang,
            "AttemptEnded": self._down,
            "Acknowledged": _acknowledged,
            "Declined": self._declined,
            "Escalated": _escalated,
            "DispatcherTold": _told,
            "FeedbackGiven": _feedback,
        }

    def lines(self, fact: Json) -> Iterator[Line]:
        """What is to be told of a fact; nothing of what is not for strangers."""
        teller = self._tellers.get(fact["type"]) or self._tellers.get(str(fact["body"].get("what")))
        if teller is not None:
            yield from teller(fact)

    def _arrived(self, fact: Json) -> Iterator[Line]:
        called = self._called[fact["subjects"]["call"]] = fact["body"]["called"]
        yield "call", f"{(fact['personal'] or {}).get('caller') or 'somebody'} dials {called}"

    def _recorded(self, fact: Json) -> Iterator[Line]:
        call = fact["subjects"].get("call", "")
        attempt = _ATTEMPT.fullmatch(call)
        to = attempt[1] if attempt else self._called.get(call, "the centre")
        yield "recording", f"the call to {to} is kept: {fact['body']['duration_ms'] / 1000:.1f} s"

    def _located(self, fact: Json) -> Iterator[Line]:
        best, personal = fact["body"]["best"], fact["personal"] or {}
        known = self._positions.setdefault(fact["subjects"]["call"], set())
        for index, each in enumerate(fact["body"]["positions"]):
            radius = f" ± {each['radius_m']:,.0f} m" if each["radius_m"] is not None else ""
            told = f"{SOURCES.get(each['source'], each['source'])}{_place(personal, index)}{radius}"
            if index == best:
                yield "position", f"best: {told}"
            elif told not in known:
                yield "position", f"also: {told}"
            known.add(told)
        if areas := _areas(personal):
            yield "position", f"in charge there: {areas}"

    def _issued(self, fact: Json) -> Iterator[Line]:
        text = (fact["personal"] or {}).get("text", "")
        first = self._first_text.setdefault(fact["subjects"]["incident"], text)
        same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(text, first, strict=False)))
        shown = text if text is first else f"…{text[same:]}"
        yield _department(fact), f"is ordered, code {fact['body']['code']}: {shown}"

    def live(self, message: Json) -> Iterator[Line]:
        """What is known of a number that calls, the first time that it is told: that is no fact, and only shown."""
        for call in message["calls"]:
            known = call.get("known")
            if known is not None and call["id"] not in self._known:
                self._known.add(call["id"])
                yield "caller", _number(call["caller"], known)

    def _dials(self, fact: Json) -> Iterator[Line]:
        attempt, said = fact["subjects"]["attempt"], fact["body"]
        self._dialled[attempt] = (fact["personal"] or {}).get("line", "its line")
        repeats = ", and says that it repeats" if said.get("repeats") else ""
        yield _department(fact), f"line {said['rung'] + 1} is dialled: {self._dialled[attempt]}{repeats}"

    def _rang(self, fact: Json) -> Iterator[Line]:
        yield _department(fact), f"{self._line(fact)} rings"

    def _down(self, fact: Json) -> Iterator[Line]:
        outcome = fact["body"]["outcome"]
        if outcome in OUTCOMES:
            found = " (found out afterwards)" if fact["body"].get("found") else ""
            yield _department(fact), f"{self._line(fact)} {OUTCOMES[outcome]}{found}"

    def _declined(self, fact: Json) -> Iterator[Line]:
        yield _department(fact), f"{self._line(fact)} presses 9: cannot take it"

    def _line(self, fact: Json) -> str:
        return self._dialled.get(fact["subjects"]["attempt"], "a line")


def _department(fact: Json) -> str:
    return str(fact["subjects"]["department"])


def _incident(what: str) -> Iterator[Line]:
    yield "incident", what


# Calls.


def _number(caller: str, known: Json) -> str:
    past = f"{known['count']} earlier calls" if known["count"] else "never called before"
    open_ones = ", ".join(each["number"] for each in known["open"]) or "none"
    return f"{caller}: {past}, open incidents: {open_ones}, nuisance score {known['score']}"


def _signed_in(fact: Json) -> Iterator[Line]:
    yield "seat", f"{fact['subjects']['person']} signs in at {fact['subjects']['seat']}"


def _place(personal: Json, index: int) -> str:
    positions = personal.get("positions", ())
    each = positions[index] if index < len(positions) else {}
    address = (each.get("civic") or {}).get("text")
    if address:
        return f", {address}"
    return f", {each['lat']:.5f} {each['lon']:.5f}" if each.get("lat") is not None else ""


def _areas(personal: Json) -> str:
    found = personal.get("jurisdictions", {})
    names = [share["name"]["zh"] for each in found.values() for share in each.get("shares", ())[:1]]
    return ", ".join(dict.fromkeys(names))


def _offered(fact: Json) -> Iterator[Line]:
    yield "engine", f"chooses {' and '.join(fact['body']['seats'])} ({fact['body']['rule']})"


def _queued(fact: Json) -> Iterator[Line]:
    yield "engine", f"nobody is free: the caller waits, {fact['body']['waiting']} in all"


def _seat_rang(fact: Json) -> Iterator[Line]:
    yield "seat", f"{fact['subjects']['seat']} rings"


def _answered(fact: Json) -> Iterator[Line]:
    chosen = "rung by the dialplan alone" if fact["body"]["by_net"] else "chosen by the engine"
    yield "call", f"answered by {fact['subjects'].get('seat')} after {fact['body']['waited_s']:.2f} s, {chosen}"


def _ended(fact: Json) -> Iterator[Line]:
    yield "call", f"over after {fact['body']['lasted_s']:.1f} s"


# Incidents, plans, orders.


def _created(fact: Json) -> Iterator[Line]:
    yield "incident", f"{fact['body']['number']} is begun, a draft"


def _amended(fact: Json) -> Iterator[Line]:
    after = {**fact["body"]["after"], **(fact["personal"] or {}).get("after", {})}
    told = {name: after.pop(name, None) for name in _FIRST}
    told |= {name: value for name, value in after.items() if name not in ("spot", "summary", "event_class")}
    said = ", ".join(f"{name} {_value(value)}" for name, value in told.items() if value not in (None, "", []))
    yield "incident", f"is filled in: {said}"
    if after.get("summary"):
        yield "incident", f"“{after['summary']}”"


def _value(value: Any) -> str:
    return "+".join(map(str, value)) if isinstance(value, list) else str(value)


def _plan(fact: Json) -> Iterator[Line]:
    yield (
        "plan",
        f"{fact['subjects']['plan']} starts: {', '.join(each.partition(' (')[0] for each in fact['body']['why'])}",
    )


def _acknowledged(fact: Json) -> Iterator[Line]:
    how = {"key": "by key", "word": "by word", "report": "by its report"}[fact["body"]["how"]]
    yield _department(fact), f"ACKNOWLEDGED {how} after {fact['body']['after_s']:.1f} s"


def _escalated(fact: Json) -> Iterator[Line]:
    yield _department(fact), f"ESCALATED: {WHY.get(fact['body']['why'], fact['body']['why'])}"


def _told(fact: Json) -> Iterator[Line]:
    yield "dispatcher", f"is told: {_department(fact)}, {WHY.get(fact['body']['why'], fact['body']['why'])}"


def _feedback(fact: Json) -> Iterator[Line]:
    said = [fact["body"].get("reported"), (fact["personal"] or {}).get("words")]
    how = " by telephone" if fact["body"].get("by") == "phone" else ""
    yield _department(fact), f"reports{how}: {', '.join(each for each in said if each)}"
