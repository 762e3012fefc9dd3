"""Facts: the journal as it was written, in pages."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict

from console.api.problem import INTERNAL, JOURNAL_AWAY, UNAUTHORIZED, problems
from console.api.sources import SourcesOf
from console.api.token import Anybody
from console.feed import AfterBeyondEnd
from console.history import PAGE_MAX, Page
from console.state import FactState

SEQUENCE_MAX = 2**53 - 1
"""Beyond this a browser rounds."""

After = Annotated[int, Query(ge=0, le=SEQUENCE_MAX, description="only facts that follow this sequence")]
Limit = Annotated[int, Query(ge=1, le=PAGE_MAX, description="at most so many facts")]

router = APIRouter(prefix="/api/v1", tags=["facts"])


class FactPage(BaseModel):
    """Facts in order."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    facts: tuple[FactState, ...]
    more: bool
    """Whether others follow: ask again with `after` as the last sequence here."""

    @classmethod
    def of(cls, page: Page) -> FactPage:
        """A page of the journal."""
        return cls.model_construct(facts=page.facts, more=page.more)


@router.get(
    "/facts",
    summary="Facts of the journal, in order",
    responses=problems(
        UNAUTHORIZED,
        (HTTPStatus.UNPROCESSABLE_ENTITY, "`invalid`: a parameter is not as it must be; `after_beyond_end`"),
        INTERNAL,
        JOURNAL_AWAY,
    ),
)
async def facts(sources: SourcesOf, role: Anybody, after: After = 0, limit: Limit = 100) -> FactPage:
    """Everything that happened after one fact. What the feed sends, to be fetched in pages."""
    page = await sources.history.after(after, limit)
    if not page.facts and after > (last := await sources.history.last()):
        raise AfterBeyondEnd(f"the journal ends with {last}; {after} is not there yet")
    return FactPage.of(page)
