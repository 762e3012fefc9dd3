"""What a deed comes to. Pure: no clock, no database.

    decided = decide(deed, {"a1": incident}, who, now, catalogue, number="20261125-0007")
    decided.facts      # what is written down, in order; empty: nothing changes
    decided.after      # the records that it makes, by id

Raises IncidentError with a code when the outside wants what cannot be.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from intake.incident import deed as do
from intake.incident import fact
from intake.incident.catalogue import Catalogue
from intake.incident.content import Content
from intake.incident.deed import Deed
from intake.incident.error import BadValue, DeedRefused, Stale
from intake.incident.hand import Decided, Hand
from intake.incident.incident import Incident
from intake.incident.kind import CANCELLING, CLOSING, Result, Side
from intake.incident.state import IncidentEvent
from intake.incident.text import id_, line, name, paragraph, words
from intake.incident.who import Who

MOST_WORDS = 2_000
"""Characters of a note, a feedback, or the reason of an end."""
MOST_CALLER = 40
"""Characters of a caller's number."""
MOST_CALLS = 2_000
"""Calls linked with one incident: all that a large centre gets in two hours. More of one cause are linked incidents."""
MOST_MOVED = 100
"""Calls that go along in one split: their ids, times and numbers still fit one fact."""


def decide(
    deed: Deed, known: Mapping[str, Incident], who: Who, now: datetime, catalogue: Catalogue, number: str = ""
) -> Decided:
    """What a deed on these incidents comes to; `number` is for a record that it may begin. Raises IncidentError."""
    hand = Hand(known, who, now, catalogue, number)
    if not isinstance(deed, do.Create):
        incident = hand.find(deed.incident)
        if incident.merged_into is not None and not deed.on_merged:
            raise DeedRefused("incident_merged", f"{incident.number} goes on in {hand.called(incident.merged_into)}")
    _do(hand, deed)
    return hand.decided()


def _do(hand: Hand, deed: Deed) -> None:
    match deed:
        case do.Create():
            _create(hand, deed)
        case do.Amend():
            hand.amend(hand.newest(deed.incident, deed.version).id, deed.changes)
        case do.Submit():
            _submit(hand, deed)
        case do.MarkDispatched():
            if hand.may(deed.incident, IncidentEvent.DISPATCH):
                hand.tell(fact.Dispatched(*hand.next(deed.incident)))
        case do.MarkInProgress():
            if hand.may(deed.incident, IncidentEvent.BEGIN):
                hand.tell(fact.Begun(*hand.next(deed.incident)))
        case do.LinkCall():
            _link_call(hand, deed)
        case do.UnlinkCall():
            hand.may(deed.incident, IncidentEvent.LINK)
            if hand.find(deed.incident).call(deed.call) is not None:
                hand.tell(fact.CallUnlinked(*hand.next(deed.incident), deed.call))
        case do.LinkIncident():
            _link(hand, deed)
        case do.UnlinkIncident():
            _unlink(hand, deed)
        case do.Merge():
            _merge(hand, deed)
        case do.Unmerge():
            _unmerge(hand, deed)
        case do.Split():
            _split(hand, deed)
        case do.Close():
            result, told = _ended(hand, deed, IncidentEvent.CLOSE)
            hand.tell(fact.Closed(*hand.next(deed.incident), result, told))
        case do.Cancel():
            _cancel(hand, deed)
        case do.Reopen():
            _reopen(hand, deed)
        case do.Note():
            hand.may(deed.incident, IncidentEvent.NOTE)
            hand.tell(fact.Noted(*hand.next(deed.incident), words("words", deed.words, MOST_WORDS)))
        case do.Feedback():
            _feed_back(hand, deed)
        case do.Erase():
            _erase(hand, deed)


# What people write.


def _create(hand: Hand, deed: do.Create) -> None:
    new = hand.new(id_("incident", deed.incident))
    content = hand.catalogue.amended(Content(), deed.changes)
    hand.tell(fact.Created(new, 1, hand.who, hand.now, hand.number(), content.plain()))
    if deed.call is not None:
        _link_call(hand, do.LinkCall(new, deed.call, deed.caller))


def _submit(hand: Hand, deed: do.Submit) -> None:
    hand.may(hand.newest(deed.incident, deed.version).id, IncidentEvent.SUBMIT)
    if not hand.amend(deed.incident, deed.changes).content.type:
        raise BadValue("empty", "type", "it is submitted with a type: plans are chosen by it")
    hand.tell(fact.Submitted(*hand.next(deed.incident)))


# What belongs together.


def _link_call(hand: Hand, deed: do.LinkCall) -> None:
    hand.may(deed.incident, IncidentEvent.LINK)
    call, caller = id_("call", deed.call), line("caller", deed.caller, MOST_CALLER)
    incident = hand.find(deed.incident)
    if incident.call(call) is not None:
        return
    if len(incident.calls) >= MOST_CALLS:
        raise DeedRefused("too_many_calls", f"{incident.number} has {MOST_CALLS} calls: begin another one and link it")
    hand.tell(fact.CallLinked(*hand.next(deed.incident), call, caller))


def _link(hand: Hand, deed: do.LinkIncident) -> None:
    one, other = hand.two(deed.incident, deed.other)
    hand.may(one.id, IncidentEvent.LINK)
    link = one.link(other.id)
    if link is None:
        hand.tell(fact.Linked(*hand.next(one.id), other.id, deed.relationship))
        hand.tell(fact.Linked(*hand.next(other.id), one.id, deed.relationship.inverse))
    elif link.relationship is not deed.relationship:
        raise DeedRefused("already_linked", f"{other.number} is linked as {link.relationship}: unlink it first")


def _unlink(hand: Hand, deed: do.UnlinkIncident) -> None:
    one, other = hand.two(deed.incident, deed.other)
    hand.may(one.id, IncidentEvent.LINK)
    if one.link(other.id) is not None:
        hand.tell(fact.Unlinked(*hand.next(one.id), other.id))
        hand.tell(fact.Unlinked(*hand.next(other.id), one.id))


def _merge(hand: Hand, deed: do.Merge) -> None:
    gone, kept = hand.two(deed.incident, deed.into)
    hand.newest(gone.id, deed.version)
    if kept.merged_into is not None:
        raise DeedRefused("incident_merged", f"{kept.number} goes on in {hand.called(kept.merged_into)}")
    hand.may(gone.id, IncidentEvent.MERGE)
    hand.may(kept.id, IncidentEvent.TAKE_IN)
    hand.tell(fact.Merged(*hand.next(gone.id), kept.id, Side.MERGED))
    hand.tell(fact.Merged(*hand.next(kept.id), gone.id, Side.KEPT))


def _unmerge(hand: Hand, deed: do.Unmerge) -> None:
    gone = hand.find(deed.incident)
    if gone.merged_into is None:
        raise DeedRefused("not_merged", f"{gone.number} is not merged")
    kept = hand.find(gone.merged_into)
    hand.may(gone.id, IncidentEvent.UNMERGE)
    hand.may(kept.id, IncidentEvent.UNMERGE)
    hand.tell(fact.Unmerged(*hand.next(gone.id), kept.id, Side.MERGED))
    hand.tell(fact.Unmerged(*hand.next(kept.id), gone.id, Side.KEPT))


def _split(hand: Hand, deed: do.Split) -> None:
    old, new = hand.newest(deed.incident, deed.version), hand.new(id_("new", deed.new))
    hand.may(old.id, IncidentEvent.SPLIT)
    if len(deed.calls) > MOST_MOVED:
        raise DeedRefused("too_many_calls", f"at most {MOST_MOVED} calls go along in one split")
    for each in deed.calls:
        if old.call(each) is None:
            raise DeedRefused("call_not_linked", f"call {each} is not linked with {old.number}")
    content = hand.catalogue.amended(old.content, deed.changes)
    calls = tuple(each for each in old.calls if each.call in deed.calls)
    hand.tell(fact.SplitOff(*hand.next(old.id), new, tuple(each.call for each in calls)))
    begun = (new, 1, hand.who, hand.now)
    hand.tell(fact.SplitFrom(*begun, old.id, old.version, hand.number(), content.plain(), calls))


# How it ends, and does not.


def _ended(hand: Hand, deed: do.Close | do.Cancel, event: IncidentEvent) -> tuple[Result, str]:
    incident = hand.find(deed.incident)
    if deed.version != incident.version:
        raise Stale(incident, deed.version)
    hand.may(incident.id, event)
    possible = CLOSING if isinstance(deed, do.Close) else CANCELLING
    if deed.result not in possible:
        raise BadValue("bad_result", "result", f"{', '.join(sorted(possible))} is possible here")
    return Result(deed.result), paragraph("words", deed.words, MOST_WORDS)


def _cancel(hand: Hand, deed: do.Cancel) -> None:
    result, told = _ended(hand, deed, IncidentEvent.CANCEL)
    incident = hand.find(deed.incident)
    if incident.merged:
        # A true report would be cancelled along with the one into which it was merged.
        raise DeedRefused("has_merged", f"{hand.called(incident.merged[0])} goes on in it: unmerge it first")
    hand.tell(fact.Cancelled(*hand.next(incident.id), result, told))


def _reopen(hand: Hand, deed: do.Reopen) -> None:
    hand.may(hand.newest(deed.incident, deed.version).id, IncidentEvent.REOPEN)
    hand.tell(fact.Reopened(*hand.next(deed.incident), words("words", deed.words, MOST_WORDS)))
    if not hand.amend(deed.incident, deed.changes).content.type:
        raise BadValue("empty", "type", "it was never submitted: it is reopened with a type")


# What is reported, and what is deleted.


def _feed_back(hand: Hand, deed: do.Feedback) -> None:
    hand.may(deed.incident, IncidentEvent.FEEDBACK)
    told, report = paragraph("words", deed.words, MOST_WORDS), name("report", deed.report)
    if not told and not report:
        raise BadValue("empty", "words", "a feedback says something, in words or as a report")
    department = deed.department and id_("department", deed.department)
    unit = deed.unit and id_("unit", deed.unit)
    hand.tell(fact.FedBack(*hand.next(deed.incident), told, department, unit, report))


def _erase(hand: Hand, deed: do.Erase) -> None:
    hand.may(deed.incident, IncidentEvent.ERASE)
    reason = line("reason", words("reason", deed.reason, 200), 200)
    left = [deed.incident]
    while left:
        incident = hand.find(left.pop())
        left += incident.merged
        if not incident.erased:
            hand.tell(fact.Erased(*hand.next(incident.id), reason))
