"""What is known of a caller, as the console tells it."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from console.caller import (
    IncidentName,
    KnownNumber,
    PastCallState,
    PositionState,
    ReasonState,
    TroubleState,
)
from console.incident import IncidentRecord
from gis.record import located_data
from intake.edge.about import About
from intake.history import NumberHistory, PastCall
from intake.incident import Incident
from journal.instant import to_text

SHOWN_CALLS = 5
"""Of a number's past, beside a call; the rest is asked for."""


def about_fields(about: About) -> dict[str, Any]:
    """Fields of `console.state.CallState`."""
    located = about.located
    data, ranks = located_data(located), dict(located.ranking)
    positions = [
        PositionState.model_validate({**each, "at": to_text(located.positions[index].at), "rank": ranks[index]})
        for index, each in enumerate(data["positions"])
    ]
    return {
        "positions": tuple(positions),
        "best": located.ranking[0][0] if located.ranking else None,
        "jurisdictions": data["jurisdictions"],
        "subscriber": data["subscriber"],
        "known": None if about.number is None or not about.number.key else known_number(about.number),
        "incidents": tuple(map(incident_name, about.incidents)),
        "troubles": (*data["troubles"], *_missing(about)),
    }


def not_shown(about: About, error: Exception) -> dict[str, Any]:
    """The same fields where `about_fields`, or what takes them, failed: nothing of it but that, and what is missing."""
    return {"troubles": (*_missing(about), TroubleState(code="not_shown", detail=type(error).__name__))}


def in_short(error: Exception) -> str:
    """What is wrong, for a log: nothing of where somebody is, or who."""
    name = type(error).__name__
    if not isinstance(error, ValidationError):
        return name
    wrong = (".".join(map(str, each["loc"])) for each in error.errors(include_url=False, include_input=False))
    return f"{name}: {', '.join(wrong)}"


def _missing(about: About) -> tuple[TroubleState, ...]:
    return tuple(TroubleState(code=each.code, detail=each.detail) for each in about.missing)


def known_number(number: NumberHistory) -> KnownNumber:
    """A number's past, in short."""
    return KnownNumber(
        count=number.count,
        calls=tuple(map(past_call, number.calls[:SHOWN_CALLS])),
        open=tuple(map(incident_name, number.open)),
        score=number.nuisance.score,
        reasons=tuple(
            ReasonState(
                rule=each.rule,
                count=each.count,
                within_s=round(each.within.total_seconds()),
                points=each.points,
            )
            for each in number.nuisance.reasons
        ),
    )


def whole_number(number: NumberHistory) -> dict[str, Any]:
    """A number's past, all of it, as JSON has it."""
    return {
        **known_number(number).model_dump(mode="json"),
        "key": number.key,
        "calls": [past_call(each).model_dump(mode="json") for each in number.calls],
        "incidents": [IncidentRecord.of(each).plain() for each in number.incidents],
    }


def past_call(call: PastCall) -> PastCallState:
    """A call that was."""
    return PastCallState(
        call=call.call,
        called=call.called,
        caller=call.caller,
        arrived_at=to_text(call.arrived_at),
        answered_at=None if call.answered_at is None else to_text(call.answered_at),
        ended_at=None if call.ended_at is None else to_text(call.ended_at),
        seat=call.seat,
        person=call.person,
        incidents=call.incidents,
    )


def incident_name(incident: Incident) -> IncidentName:
    """An incident, in short."""
    return IncidentName(id=incident.id, number=incident.number, state=incident.state, type=incident.content.type)
