"""Calls of which Asterisk's channel event log tells nothing: from what was spooled at hang-ups, from recordings. Pure.

Both know less. The spool knows the last one who answered, not the channel; a recording knows no number, but its
recorders were armed as the caller arrived and as somebody answered, so its times are right to some hundredths of a
second.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta

from intake import fact
from intake.edge.hearing import ENGINE
from intake.edge.history import WITHOUT_ENGINE, Told
from intake.edge.writing import answered_id, end_id, start_id
from journal.canonical import Json
from recordings.evidence import Evidence
from recordings.raw import CALLER
from telephony.hangup import HangUp

SPOOL: Mapping[str, Json] = {**WITHOUT_ENGINE, "source": "hang-up"}
RECORDING: Mapping[str, Json] = {**WITHOUT_ENGINE, "source": "recording"}


def of_hang_up(seen: HangUp, seats: Collection[str]) -> list[Told]:
    """What the hang-up handler put down; nothing if it holds no time that can be."""
    times = [_moment(each) for each in (seen.arrived, seen.answered, seen.ended)]
    known = [each for each in times if each is not None]
    if not known:
        return []
    call, began, ended = seen.call, min(known), max(known)
    told = [Told(start_id(call), began, fact.CallArrived(call, seen.called, seen.caller), SPOOL)]
    answered = times[1]
    if answered is not None and seen.seat is not None:
        waited_s = (answered - began).total_seconds()
        told.append(_answered(call, seen.seat, seats, answered, waited_s, seen.path != ENGINE, seen.seat, SPOOL))
    lasted_s = (ended - began).total_seconds()
    told.append(Told(end_id(call), ended, fact.CallEnded(call, answered is not None, lasted_s), SPOOL))
    return told


def of_recording(evidence: Evidence, seats: Collection[str]) -> list[Told]:
    """What a caller's call's evidence tells; nothing of a seat's, a duty line's, or who only reports."""
    call = evidence.call_id
    if not any((leg.role, leg.channel) == (CALLER, call) for leg in evidence.legs):
        return []
    began, ended = datetime.fromisoformat(evidence.start), datetime.fromisoformat(evidence.end)
    told = [Told(start_id(call), began, fact.CallArrived(call, "", ""), RECORDING)]
    answers = sorted(
        (leg.armed_ms, leg.channel, leg.role)
        for leg in evidence.legs
        if leg.channel != call and (leg.said is not None or leg.heard is not None)
    )
    for armed_ms, channel, role in answers:
        at = began + timedelta(milliseconds=armed_ms)
        told.append(_answered(call, role, seats, at, armed_ms / 1000, True, channel, RECORDING))
    lasted_s = (ended - began).total_seconds()
    told.append(Told(end_id(call), ended, fact.CallEnded(call, bool(answers), lasted_s, found=True), RECORDING))
    return told


def _answered(
    call: str,
    role: str,
    seats: Collection[str],
    at: datetime,
    waited_s: float,
    by_net: bool,
    channel: str,
    more: Mapping[str, Json],
) -> Told:
    seat = role if role in seats else ""
    answered = fact.CallAnswered(call, seat, None, waited_s, by_net)
    return Told(answered_id(call, channel), at, answered, more if seat else {**more, "line": role})


def _moment(seconds: float | None) -> datetime | None:
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
