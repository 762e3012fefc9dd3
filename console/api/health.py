"""Whether this process lives, and whether the centre is ready; for probes, so without a token."""

from __future__ import annotations

from http import HTTPStatus
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel

from console.api.problem import INTERNAL, ProblemError, Reason, problems
from console.api.sources import Sources, SourcesOf
from console.history import HistoryAway

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """This process lives."""

    status: Literal["alive"] = "alive"


class Readiness(BaseModel):
    """The centre is ready."""

    status: Literal["ready"] = "ready"


@router.get("/healthz", summary="Does the web process live?", responses=problems(INTERNAL))
async def healthz() -> Health:
    """Whether it answers, whatever else is away."""
    return Health()


@router.get(
    "/readyz",
    summary="Is the centre ready?",
    responses=problems(
        INTERNAL,
        (
            HTTPStatus.SERVICE_UNAVAILABLE,
            "`not_ready`, with `reasons`: `engine_away`, `engine_silent`, `link_down`, `not_synced`, "
            "`journal_trouble`, `spool_trouble`",
        ),
    ),
)
async def readyz(sources: SourcesOf) -> Readiness:
    """Whether the engine is there, sees what Asterisk has, and facts can be written and read."""
    reasons = await _reasons(sources)
    if reasons:
        detail = "; ".join(each.because for each in reasons)
        raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "not_ready", detail, reasons=reasons)
    return Readiness()


async def _reasons(sources: Sources) -> list[Reason]:
    found = [Reason(code=each.code, because=each.because) for each in await sources.vitals.unready()]
    try:
        await sources.history.last()
    except HistoryAway as error:
        if all(each.code != error.code for each in found):
            found.append(Reason(code=error.code, because=str(error)))
    return found
