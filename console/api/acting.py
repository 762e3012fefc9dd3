"""What every act has in common: who wants it, its name for being sent again, and that it can be said to the engine."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Depends, Header, Query
from pydantic import BaseModel, ConfigDict, Field

from console.api.problem import BAD_BODY, INTERNAL, UNAUTHORIZED, ProblemError, Responses, problems
from console.api.sources import Sources
from console.api.token import Role

WORDS_MAX = 4_000
"""Characters of anything that somebody writes; what a field itself holds is the engine's to say."""
DEPTH_MAX = 20  # a polygon in a shape has five
_KEY = re.compile(r'"?([A-Za-z0-9._:@/+-]{1,64})"?', re.ASCII)

KEYED = "`key_used`: its `Idempotency-Key` names another request"

Word = Annotated[str, Field(min_length=1, max_length=100)]
Words = Annotated[str, Field(max_length=WORDS_MAX)]
Version = Annotated[int, Field(ge=1, le=2**31 - 1)]
Seat = Annotated[
    str | None,
    Field(
        max_length=40, description="the seat at which it is done: then the person who is signed in there has done it"
    ),
]
SeatQuery = Annotated[
    str | None,
    Query(
        max_length=40, description="the seat at which it is done: then the person who is signed in there has done it"
    ),
]


async def _key(
    idempotency_key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            max_length=66,
            description="a name for this request, new for each, such as a UUID: sent again with the same name it is "
            "done once. 1 to 64 letters, digits and `._:@/+-`",
        ),
    ] = None,
) -> str | None:
    if idempotency_key is None:
        return None
    found = _KEY.fullmatch(idempotency_key.strip())
    if found is None:
        detail = "Idempotency-Key: 1 to 64 letters, digits and ._:@/+- are wanted"
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", detail)
    return found[1]


Key = Annotated[str | None, Depends(_key)]
"""The header `Idempotency-Key`; also in quotes, as the draft of the IETF has it."""


def example(body: dict[str, Any]) -> dict[str, Any]:
    """For a body's schema: what the documentation begins with, so that it can be tried as it stands."""
    return {"examples": [body]}


class Act(BaseModel):
    """The body of an act."""

    model_config = ConfigDict(
        use_attribute_docstrings=True, extra="forbid", strict=True, allow_inf_nan=False, json_schema_extra=example({})
    )

    seat: Seat = None


async def ask(
    sources: Sources, want: str, args: Mapping[str, Any], role: Role, seat: str | None, key: str | None
) -> Mapping[str, Any]:
    """What the engine says to it. Raises ProblemError, Refused, EngineAway."""
    said = {**args, "by": role.value}
    said |= {"seat": seat} if seat is not None else {}
    said |= {"key": key} if key is not None else {}
    for where, code, because in _unsayable(said):
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, code, f"{where}: {because}")
    return await sources.tap.request(want, said)


def _unsayable(value: object) -> Iterator[tuple[str, str, str]]:
    """What JSON's reader lets through and no journal can hold: it would be bent on its way, so it is refused here."""
    left: list[tuple[str, int, object]] = [("", 0, value)]
    while left:
        where, depth, one = left.pop()
        match one:
            case str():
                if any("\ud800" <= sign <= "\udfff" for sign in one):
                    yield where, "half_character", "half a character (a lone surrogate)"
            case float():
                if not math.isfinite(one):
                    yield where, "wrong_kind", "no number of JSON"
            case dict() | list() if depth >= DEPTH_MAX:
                yield where, "wrong_kind", f"more than {DEPTH_MAX} things in each other"
            case dict():
                left += ((_in(where, key), depth + 1, each) for key, each in one.items())
                left += ((where or "a name", depth + 1, key) for key in one)
            case list():
                left += ((where, depth + 1, each) for each in one)


def _in(where: str, key: object) -> str:
    name = str(key)[:40].encode("utf-8", "replace").decode()
    return name if where in ("", "args", "changes") else f"{where}.{name}"


def act_problems(*described: tuple[HTTPStatus, str], conflict: str, invalid: str = "") -> Responses:
    """What whoever wants something of an incident or order may be answered."""
    return problems(
        *described,
        BAD_BODY,
        UNAUTHORIZED,
        (HTTPStatus.FORBIDDEN, "`forbidden`: not with this role"),
        (HTTPStatus.CONFLICT, f"{conflict}; `nobody_signed_in`: at that seat"),
        (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "`body_too_large`"),
        (HTTPStatus.UNPROCESSABLE_ENTITY, f"`invalid`: the request is not as it must be{invalid}"),
        INTERNAL,
        (
            HTTPStatus.SERVICE_UNAVAILABLE,
            "`engine_away`; `engine_silent`: nobody knows whether it was done, send it again with the same "
            "`Idempotency-Key`; `not_written_down`: the journal did not take it, nothing has changed; `not_ready`; "
            "`journal_trouble`",
        ),
    )
