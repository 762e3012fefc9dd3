"""A call that only its recording tells of: who answered it and when, by the recorders. Pure.

The last source of all, for when Asterisk's channel event log is gone: a recorder is armed as the caller arrives and as
somebody answers him, so its times are right to some hundredth of a second. It knows no number.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from intake import fact
from intake.edge.history import WITHOUT_ENGINE, Told
from intake.edge.writing import answered_id, end_id, start_id
from recordings.evidence import Evidence
from recordings.raw import CALLER

_FROM_RECORDING = {**WITHOUT_ENGINE, "source": "recording"}


def of_recording(evidence: Evidence, seats: Collection[str]) -> list[Told]:
    """What a caller's call's evidence tells; nothing of a call that a seat made."""
    call = evidence.call_id
    if not any((leg.role, leg.channel) == (CALLER, call) for leg in evidence.legs):
        return []
    began, ended = datetime.fromisoformat(evidence.start), datetime.fromisoformat(evidence.end)
    told = [Told(start_id(call), began, fact.CallArrived(call, "", ""), _FROM_RECORDING)]
    answers = sorted(
        (leg.armed_ms, leg.channel, leg.role)
        for leg in evidence.legs
        if leg.channel != call and (leg.said is not None or leg.heard is not None)
    )
    for armed_ms, channel, role in answers:
        seat = role if role in seats else ""
        answered = fact.CallAnswered(call, seat, None, armed_ms / 1000, by_net=True)
        more = _FROM_RECORDING if seat else {**_FROM_RECORDING, "line": role}
        told.append(Told(answered_id(call, channel), began + timedelta(milliseconds=armed_ms), answered, more))
    lasted_s = (ended - began).total_seconds()
    told.append(Told(end_id(call), ended, fact.CallEnded(call, bool(answers), lasted_s, found=True), _FROM_RECORDING))
    return told
