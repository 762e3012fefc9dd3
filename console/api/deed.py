"""What people say when they do something with an incident, and how it is done: the engine does it, or refuses it."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, create_model
from pydantic.json_schema import JsonSchemaValue
from sqlalchemy import Engine

from console.api.acting import Act, Version, Word, Words, ask, example
from console.api.incidents import id_of
from console.api.problem import ProblemError
from console.api.sources import Sources
from console.api.token import Role
from console.entry import EntryState
from console.incident import ContentState, IncidentRecord
from console.wire import Refused
from intake.incident import Entry, Incident, Relationship, Result
from intake.incident import reading as incidents_reading
from intake.incident.content import NAMES
from intake.incident.entry import since

_EXAMPLE: dict[str, Any] = {
    "type": "house-fire",
    "grade": "III",
    "place": "启明区晨光路12号3号楼五层",
    "spot": {"lat": 39.61234, "lon": 85.38123, "source": "call-taker", "at": "2026-11-25T15:15:00.000000Z"},
    "trapped": 2,
    "reporter": "王桂英",
    "callback": "0900-55510001",
    "summary": "五层起火，浓烟，两人被困",
}
_SHAPE: Any = create_model(
    "Changes",
    __config__=ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]}),
    __doc__="Fields of a record by name, each with its new value; null empties it. The class follows the type.",
    **{  # type: ignore[call-overload]
        name: (field.annotation, field) for name, field in ContentState.model_fields.items() if name != "event_class"
    },
)


class _Shown:
    """What the OpenAPI file says of changes. The engine checks them, and says what is wrong with which field."""

    def __get_pydantic_json_schema__(self, schema: object, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(_SHAPE.__pydantic_core_schema__)


Changes = Annotated[dict[str, Any], Field(max_length=len(NAMES)), _Shown()]
NewId = Annotated[str, Field(min_length=1, max_length=48)]
Kind = Annotated[Result, Field(strict=False)]


class Create(Act):
    """A record is begun."""

    model_config = ConfigDict(json_schema_extra=example({"changes": _EXAMPLE}))

    changes: Changes = Field(default_factory=dict)
    call: Word | None = None
    """The call from which it comes."""
    id: NewId | None = None
    """Of the new record, letters, digits and dashes, and no number by day; without it one is made."""


class Amend(Act):
    """What the record says is changed."""

    model_config = ConfigDict(json_schema_extra=example({"version": 1, "changes": {"grade": "II", "trapped": 3}}))

    version: Version
    """That of the record which was looked at."""
    changes: Changes


class Submit(Act):
    """The draft is handed over to those who act."""

    model_config = ConfigDict(json_schema_extra=example({"version": 1}))

    version: Version
    changes: Changes = Field(default_factory=dict)
    """What is filled in last."""


class End(Act):
    """It is over, or never was one for us."""

    model_config = ConfigDict(
        json_schema_extra=example({"version": 3, "result": "handled", "words": "明火已扑灭，无人伤亡"})
    )

    version: Version
    """The newest: nobody ends what he has not read."""
    result: Kind
    words: Words = ""


class Reopen(Act):
    """It is not over after all."""

    model_config = ConfigDict(json_schema_extra=example({"version": 4, "words": "复燃"}))

    version: Version
    words: Words
    """Why."""
    changes: Changes = Field(default_factory=dict)


class Merge(Act):
    """Two incidents are one event."""

    model_config = ConfigDict(json_schema_extra=example({"version": 2, "into": "20261125-0001"}))

    version: Version
    into: Word
    """The incident in which this one goes on: its id or number."""


class Split(Act):
    """An incident is two events."""

    model_config = ConfigDict(json_schema_extra=example({"version": 3, "changes": {"place": "启明区晨光路14号"}}))

    version: Version
    changes: Changes
    """In what the new one differs."""
    calls: Annotated[list[Word], Field(max_length=100, default_factory=list)]
    """Calls that are the new one's from now on."""
    id: NewId | None = None
    """Of the new record."""


class Note(Act):
    """Somebody writes something down."""

    model_config = ConfigDict(json_schema_extra=example({"words": "报警人在楼下等候"}))

    words: Words


class LinkCall(Act):
    """A call is about this incident."""

    model_config = ConfigDict(json_schema_extra=example({"call": "liandong-1732374000.1"}))

    call: Word


class LinkIncident(Act):
    """Two incidents have to do with each other, and both go on."""

    model_config = ConfigDict(json_schema_extra=example({"other": "20261125-0001", "relationship": "parent"}))

    other: Word
    """Its id or number."""
    relationship: Annotated[Relationship, Field(strict=False)] = Relationship.UNSPECIFIED
    """What the other is to this one."""


class Preview(BaseModel):
    """Changes that are not made yet."""

    model_config = ConfigDict(
        extra="forbid", strict=True, json_schema_extra=example({"changes": {"type": "power-cut", "grade": "II"}})
    )

    changes: Changes = Field(default_factory=dict)


class Done(BaseModel):
    """What a deed came to."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    incident: IncidentRecord
    """As it is now."""
    others: tuple[IncidentRecord, ...]
    """Others that the deed changed or began."""
    again: bool
    """It had been done before, by a request with the same `Idempotency-Key`."""
    plans: tuple[str, ...]
    """Ids of plans that it has started."""
    orders: tuple[str, ...]
    """Ids of orders that it has issued."""


async def do(
    sources: Sources, role: Role, deed: str, incident: str, args: Mapping[str, Any], wanted: Act | None, key: str | None
) -> Done:
    """Do a deed with the incident of this id or number. Raises ProblemError, Refused, EngineAway, HistoryAway."""
    id = await id_of(sources, incident)
    version = getattr(wanted, "version", None)
    said = {"incident": id, **args} | ({"version": version} if version is not None else {})
    try:
        return await asked(sources, role, deed, said, wanted.seat if wanted is not None else None, key)
    except Refused as refused:
        if refused.code == "incident_changed" and version is not None:
            raise await _changed(sources, id, version, refused.because) from refused
        raise


async def asked(
    sources: Sources, role: Role, deed: str, args: Mapping[str, Any], seat: str | None, key: str | None
) -> Done:
    """Ask the engine for a deed. Raises ProblemError, Refused, EngineAway."""
    return Done.model_validate(await ask(sources, "incident", {"deed": deed, "args": dict(args)}, role, seat, key))


async def _changed(sources: Sources, id: str, seen: int, because: str) -> ProblemError:
    """What somebody who was not first has to read before he decides again."""

    def read(engine: Engine) -> tuple[Incident | None, tuple[Entry, ...]]:
        with engine.connect() as connection:
            later = since(connection, id, seen)
        return incidents_reading.incident(engine, id), later

    found, later = await sources.history.read(read)
    return ProblemError(
        HTTPStatus.CONFLICT,
        "incident_changed",
        because,
        incident=None if found is None else IncidentRecord.of(found),
        since=map(EntryState.of, later),
    )
