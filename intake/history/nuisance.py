"""How likely a number only keeps the centre busy: plain rules that anybody can count again. Pure.

It is shown to the call-taker beside the call and changes nothing else: every call is rung, answered and heard like any
other, because who cried wolf may have a wolf at the door. A rule says what it counted, over which time, and what that
is worth; true reports count against it. A caller whom nobody answered calls again: that is the centre's fault, so such
calls count only when they are very many.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from intake.history.past import PastCall, PastIncident
from intake.incident.kind import Result


class Rule(StrEnum):
    """What is counted."""

    NUISANCE = "nuisance"
    """Incidents of this number that ended as a nuisance."""
    NO_INCIDENT = "no-incident"
    """Answered calls of which no record was made."""
    SHORT = "short"
    """Answered calls that were over almost at once."""
    OFTEN = "often"
    """Calls within a short time, answered or not."""
    TRUE_REPORT = "true-report"
    """Incidents of this number that were so, and were dealt with."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule that counted something."""

    rule: Rule
    count: int
    """How many there were."""
    within: timedelta
    """Over which time, back from now."""
    points: int
    """What that adds to the score; less than 0 for true reports."""


@dataclass(frozen=True, slots=True)
class Nuisance:
    """The score and why."""

    score: int
    """0 to 100; 0: nothing speaks against this number."""
    reasons: tuple[Reason, ...]
    """Every rule that counted something, in the order of the rules."""


@dataclass(frozen=True, slots=True)
class _Worth:
    within: timedelta
    free: int  # so many count for nothing
    each: int  # points
    most: int  # points


_WORTH = {
    # A person judged each of these: four of them in half a year are enough for the highest score.
    Rule.NUISANCE: _Worth(timedelta(days=180), free=0, each=25, most=100),
    # Advice and wrong dialling are a part of everybody's life; more than three in a month are not.
    Rule.NO_INCIDENT: _Worth(timedelta(days=30), free=3, each=5, most=30),
    # A slip of the finger happens twice a week.
    Rule.SHORT: _Worth(timedelta(days=7), free=2, each=5, most=25),
    # Who is not answered calls again, and a worried person too; ten times in an hour is something else.
    Rule.OFTEN: _Worth(timedelta(hours=1), free=4, each=5, most=25),
    # Whoever was right is heard as one who was right.
    Rule.TRUE_REPORT: _Worth(timedelta(days=180), free=0, each=-20, most=60),
}
SHORT_S = 8.0
"""A conversation shorter than this is over before the call-taker has said the centre's name and asked."""
WRITING = timedelta(hours=1)
"""For so long after a call its record may still be being written."""


def weigh(calls: Sequence[PastCall], incidents: Sequence[PastIncident], now: datetime) -> Nuisance:
    """The score of a number with these calls and incidents, the present call left out."""
    answered = [each for each in calls if each.answered_at is not None]
    times: dict[Rule, list[datetime | None]] = {
        Rule.NUISANCE: [each.ended_at for each in incidents if each.result is Result.NUISANCE],
        Rule.NO_INCIDENT: [
            each.arrived_at for each in answered if not each.incidents and now - each.arrived_at >= WRITING
        ],
        Rule.SHORT: [each.arrived_at for each in answered if each.talked_s is not None and each.talked_s < SHORT_S],
        Rule.OFTEN: [each.arrived_at for each in calls],
        Rule.TRUE_REPORT: [each.ended_at for each in incidents if each.result is Result.HANDLED],
    }
    reasons = []
    for rule, worth in _WORTH.items():
        # A moment after now is one of a clock that stepped back: it counts as now.
        count = sum(1 for at in times[rule] if at is not None and now - at <= worth.within)
        points = max(-worth.most, min(worth.most, worth.each * max(0, count - worth.free)))
        if points:
            reasons.append(Reason(rule, count, worth.within, points))
    score = sum(each.points for each in reasons)
    return Nuisance(max(0, min(100, score)), tuple(reasons))
