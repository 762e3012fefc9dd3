"""Who calls, and where he is: everything that is known of a number, and the place that somebody marks after asking."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter
from pydantic import ConfigDict, Field

from console.api.acting import Act, act_problems, ask, example
from console.api.calls import CallId
from console.api.problem import INTERNAL, INVALID, UNAUTHORIZED, problems
from console.api.sources import SourcesOf
from console.api.token import Anybody, CallStaff
from console.caller import KnownNumber, PositionState
from console.incident import IncidentRecord
from gis.datum import Datum
from gis.ranking import Rank
from journal.instant import to_text

NO_SUCH_CALL = (HTTPStatus.NOT_FOUND, "`no_such_call`: neither up nor in the journal")

router = APIRouter(prefix="/api/v1/calls", tags=["calls"])


class NumberRecord(KnownNumber):
    """Everything that is known of a number: its newest 100 calls and 50 incidents. Nothing is decided by it."""

    key: str
    """The number as it is found by; empty: it is withheld, and nothing is known."""
    incidents: tuple[IncidentRecord, ...]
    """Newest first."""


class Mark(Act):
    """Somebody has asked the caller where he is."""

    model_config = ConfigDict(
        json_schema_extra=example({"lat": 39.61234, "lon": 85.38123, "radius_m": 20, "address": "启明区晨光路12号"})
    )

    lat: Annotated[float, Field(strict=False, ge=-90, le=90)]
    """Degrees, north positive."""
    lon: Annotated[float, Field(strict=False, ge=-180, le=180)]
    """Degrees, east positive."""
    radius_m: Annotated[float, Field(strict=False, ge=0)] | None = None
    """Metres around it within which he is; null: not known."""
    datum: Annotated[Datum, Field(strict=False)] | None = None
    """What these numbers are in; without it, what `gis.yaml` says of people's."""
    address: Annotated[str, Field(max_length=500)] | None = None
    """Where, in words."""


@router.get(
    "/{call}/caller",
    summary="Who calls",
    responses=problems(
        UNAUTHORIZED,
        NO_SUCH_CALL,
        INVALID,
        INTERNAL,
        (HTTPStatus.SERVICE_UNAVAILABLE, "`engine_away`; `engine_silent`; `journal_trouble`"),
    ),
)
async def caller(sources: SourcesOf, role: Anybody, call: CallId) -> NumberRecord:
    """The number's earlier calls and incidents, and how likely it only keeps the centre busy; for any call."""
    return NumberRecord.model_validate(await ask(sources, "caller", {"call": call}, role, None, None))


@router.post(
    "/{call}/position",
    summary="Mark where a caller is",
    status_code=HTTPStatus.CREATED,
    responses=act_problems(NO_SUCH_CALL, conflict="none of its own", invalid="; `bad_position`, `bad_datum`"),
)
async def mark_position(sources: SourcesOf, role: CallStaff, call: CallId, wanted: Mark) -> PositionState:
    """It stands beside the others, before all of them, and replaces none. Also for a call that is over."""
    said = wanted.model_dump(mode="json", exclude={"seat"}, exclude_none=True)
    told = await ask(sources, "locate", {"call": call, **said}, role, wanted.seat, None)
    position = told["position"]
    at = to_text(datetime.fromisoformat(position["at"]))
    return PositionState.model_validate({**position, "at": at, "rank": Rank.CONFIRMED})
