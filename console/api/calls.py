"""Calls: those that are up, and what the journal holds of any."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict

from console.api.facts import After, FactPage, Limit
from console.api.problem import INTERNAL, INVALID, JOURNAL_AWAY, NOT_HEARD, UNAUTHORIZED, ProblemError, problems
from console.api.sources import SourcesOf
from console.api.token import Anybody
from console.state import CallState, FactState

CallId = Annotated[str, Path(max_length=128, description="the call's id")]

_PROBLEMS = problems(
    UNAUTHORIZED,
    (HTTPStatus.NOT_FOUND, "`no_such_call`: neither up nor in the journal"),
    INVALID,
    INTERNAL,
    JOURNAL_AWAY,
)

router = APIRouter(prefix="/api/v1/calls", tags=["calls"])


class CallList(BaseModel):
    """Every call that is up, in the order in which they became known."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    sequence: int
    """As of this fact, or a moment later."""
    engine: bool
    """Whether the engine is there; if not, this is what was known last."""
    calls: tuple[CallState, ...]


class CallRecord(BaseModel):
    """One call, and its first facts."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    id: str
    live: CallState | None
    """What it is now; null if it is over."""
    facts: tuple[FactState, ...]
    """What the journal holds of it, in order."""
    more: bool
    """Whether the journal holds more: ask for its facts."""


@router.get(
    "",
    summary="The calls that are up",
    responses=problems(UNAUTHORIZED, INTERNAL, NOT_HEARD),
)
async def calls(sources: SourcesOf, role: Anybody) -> CallList:
    """Every call that is up now."""
    known = sources.known()
    return CallList(sequence=known.sequence, engine=known.up, calls=tuple(known.calls.values()))


@router.get(
    "/{call}",
    summary="One call, up or over",
    responses=_PROBLEMS,
)
async def call(sources: SourcesOf, role: Anybody, call: CallId) -> CallRecord:
    """A call as it is now, and what the journal holds of it."""
    live = sources.tap.calls.get(call)
    page = await sources.history.about("call", call)
    if live is None and not page.facts:
        raise _no_such(call)
    return CallRecord(id=call, live=live, facts=page.facts, more=page.more)


@router.get(
    "/{call}/facts",
    summary="The facts about one call",
    responses=_PROBLEMS,
)
async def call_facts(sources: SourcesOf, role: Anybody, call: CallId, after: After = 0, limit: Limit = 100) -> FactPage:
    """What the journal holds of a call, in order."""
    page = await sources.history.about("call", call, after, limit)
    if not page.facts and call not in sources.tap.calls and not (await sources.history.about("call", call, 0, 1)).facts:
        raise _no_such(call)
    return FactPage.of(page)


def _no_such(call: str) -> ProblemError:
    return ProblemError(HTTPStatus.NOT_FOUND, "no_such_call", f"there is no call {call}, neither up nor in the journal")
