"""Incidents: the records, what was done with them, and what they have ordered. Acts are in `deeds`."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict
from sqlalchemy import Engine

from config.field import Wording
from console.api.acting import ask
from console.api.facts import After, Limit
from console.api.problem import BAD_BODY, INTERNAL, INVALID, JOURNAL_AWAY, UNAUTHORIZED, ProblemError, problems
from console.api.sources import Sources, SourcesOf
from console.api.token import Anybody
from console.entry import EntryState
from console.incident import IncidentRecord
from console.order import OrderRecord, StartedPlanRecord
from dispatch import reading as orders_reading
from intake.incident import DayNumber, Entry, Incident, history
from intake.incident import reading as incidents_reading
from intake.incident.reading import Which

LIST_MAX = 200

IncidentId = Annotated[
    str, Path(max_length=64, description="its id, or its number as people say it, such as `20261125-0001`")
]
Day = Annotated[str | None, Query(pattern=r"^[0-9]{8}$", description="of this day in the centre's zone: `20261125`")]
NO_SUCH_INCIDENT = (HTTPStatus.NOT_FOUND, "`no_such_incident`")
PROBLEMS = problems(UNAUTHORIZED, NO_SUCH_INCIDENT, INVALID, INTERNAL, JOURNAL_AWAY)

router = APIRouter(prefix="/api/v1/incidents", tags=["incidents"])


class IncidentList(BaseModel):
    """Incident records, the newest first."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    incidents: tuple[IncidentRecord, ...]
    more: bool
    """Whether others follow: ask again with `before` as the last number here."""


class History(BaseModel):
    """What was done with an incident, in order."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    entries: tuple[EntryState, ...]
    more: bool
    """Whether others follow: ask again with `after` as the last sequence here."""


class Orders(BaseModel):
    """Orders, in the order of their issue."""

    orders: tuple[OrderRecord, ...]


class StartedPlans(BaseModel):
    """Plans that an incident has started, each as it was then."""

    plans: tuple[StartedPlanRecord, ...]


class OrderPreview(BaseModel):
    """One order that would be issued."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    department: str
    text: str
    """As it would be spoken."""
    deadline_s: int


class PlanPreview(BaseModel):
    """A plan that would start, or order anew."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    id: str
    version: int
    name: Wording
    priority: int
    why: tuple[str, ...]
    """The conditions that hold."""
    orders: tuple[OrderPreview, ...]
    """Without those whom the incident has ordered already, if that was not taken back."""
    checklist: tuple[Wording, ...]


class PlanPreviews(BaseModel):
    """Plans that would start, or order anew, the most urgent first."""

    plans: tuple[PlanPreview, ...]


@router.get("", summary="Incidents", responses=problems(UNAUTHORIZED, INVALID, INTERNAL, JOURNAL_AWAY))
async def incidents(
    sources: SourcesOf,
    role: Anybody,
    state: Annotated[Which | None, Query(description="open: not over; draft: being filled in; over")] = None,
    day: Day = None,
    number: Annotated[
        str | None, Query(max_length=60, description="of this caller, or to be called back under this telephone number")
    ] = None,
    before: Annotated[
        str | None, Query(pattern=r"^[0-9]{8}-[0-9]{4,9}$", description="only those with a lower number by day")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=LIST_MAX)] = 50,
) -> IncidentList:
    """The records of which all that is asked for is so, the newest first."""
    key = None if number is None else sources.number_key(number)

    def read(engine: Engine) -> tuple[Incident, ...]:
        return incidents_reading.find(engine, which=state, day=day, key=key, before=before, most=limit + 1)

    found = await sources.history.read(read)
    return IncidentList(incidents=tuple(map(IncidentRecord.of, found[:limit])), more=len(found) > limit)


@router.get("/{incident}", summary="One incident", responses=PROBLEMS)
async def incident(sources: SourcesOf, role: Anybody, incident: IncidentId) -> IncidentRecord:
    """The record as it is now."""
    return IncidentRecord.of(await known(sources, incident))


@router.get("/{incident}/history", summary="What was done with an incident", responses=PROBLEMS)
async def incident_history(
    sources: SourcesOf, role: Anybody, incident: IncidentId, after: After = 0, limit: Limit = 500
) -> History:
    """Every change with who and when, and what other rooms did about it, such as orders.

    Of an incident that was split off another one, that one's history up to the split comes first.
    """

    def read(engine: Engine) -> Sequence[Entry]:
        found = incidents_reading.incident(engine, incident)
        return history(engine, found.id) if found is not None else ()

    entries = await sources.history.read(read)
    if not entries:
        raise no_such(incident)
    later = [each for each in entries if each.sequence > after]
    return History(entries=tuple(map(EntryState.of, later[:limit])), more=len(later) > limit)


@router.get("/{incident}/orders", summary="What an incident has ordered", responses=PROBLEMS)
async def incident_orders(sources: SourcesOf, role: Anybody, incident: IncidentId) -> Orders:
    """Its orders, in the order of their issue."""
    found = await known(sources, incident)
    made = await sources.history.read(lambda engine: orders_reading.orders_of(engine, found.id))
    return Orders(orders=tuple(map(OrderRecord.of, made)))


@router.get("/{incident}/plans", summary="The plans that an incident has started", responses=PROBLEMS)
async def incident_plans(sources: SourcesOf, role: Anybody, incident: IncidentId) -> StartedPlans:
    """Each plan as it was when it started, with the reasons why."""
    found = await known(sources, incident)
    started = await sources.history.read(lambda engine: orders_reading.plans_of(engine, found.id))
    return StartedPlans(plans=tuple(map(StartedPlanRecord.of, started)))


VALUES = (
    "; or the code of a field, with its name in `detail`: `half_character`, `control_character`, `not_one_line`, "
    "`too_long`, `empty`, `wrong_kind`, `bad_count`, `bad_grade`, `bad_name`, `bad_number`, `bad_id`, `bad_position`, "
    "`bad_datum`, `bad_result`, `unknown_field`, `unknown_type`, `retired_type`, `unknown_form`, `unknown_mark`"
)
PREVIEW = problems(
    BAD_BODY,
    UNAUTHORIZED,
    NO_SUCH_INCIDENT,
    (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "`body_too_large`"),
    (HTTPStatus.UNPROCESSABLE_ENTITY, f"`invalid`: the request is not as it must be{VALUES}"),
    INTERNAL,
    (HTTPStatus.SERVICE_UNAVAILABLE, "`engine_away`; `engine_silent`; `journal_trouble`"),
)


@router.get("/{incident}/plans/preview", summary="The plans that would start", responses=PREVIEW)
async def plans_preview(sources: SourcesOf, role: Anybody, incident: IncidentId) -> PlanPreviews:
    """What would start if the record were submitted as it is; of one that is over, if it were reopened, and of a merged
    one, if it were unmerged. Nothing is written, and nobody is rung."""
    return await preview(sources, role, incident, {})


async def preview(sources: Sources, role: Anybody, incident: str, changes: dict[str, Any]) -> PlanPreviews:
    """What would start with these changes. Raises ProblemError, Refused, EngineAway."""
    found = await known(sources, incident)
    told = await ask(sources, "plans", {"incident": found.id, "changes": changes}, role, None, None)
    return PlanPreviews.model_validate(told)


async def known(sources: Sources, incident: str) -> Incident:
    """The record of this id or number. Raises ProblemError, HistoryAway."""
    found = await sources.history.read(lambda engine: incidents_reading.incident(engine, incident))
    if found is None:
        raise no_such(incident)
    return found


async def id_of(sources: Sources, incident: str) -> str:
    """The id of what is named by id or number. Raises ProblemError, HistoryAway."""
    return incident if DayNumber.read(incident) is None else (await known(sources, incident)).id


def no_such(incident: str) -> ProblemError:
    """What is answered for an incident that there is not."""
    return ProblemError(HTTPStatus.NOT_FOUND, "no_such_incident", f"there is no incident {incident}")
