"""Seats: who works where, and what people want there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from console.api.problem import BAD_BODY, INTERNAL, INVALID, NOT_HEARD, UNAUTHORIZED, ProblemError, Responses, problems
from console.api.sources import Sources, SourcesOf
from console.api.token import Anybody, Role, SeatsStaff
from console.state import Live, SeatState
from console.tap import Tap
from intake.person import Presence

SHOWN_S = 0.5  # the engine tells changes 20 times a second; whoever asked for one finds it everywhere afterwards

SeatId = Annotated[str, Path(max_length=40, description="the seat's id")]
Word = Annotated[str, Field(min_length=1, max_length=40)]

NO_SUCH_SEAT = (HTTPStatus.NOT_FOUND, "`no_such_seat`")

router = APIRouter(prefix="/api/v1/seats", tags=["seats"])


class SeatList(BaseModel):
    """Every seat, in the order of the centre's file."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    sequence: int
    """As of this fact, or a moment later."""
    engine: bool
    """Whether the engine is there; if not, this is what was known last."""
    seats: tuple[SeatState, ...]


class _Wish(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True, extra="forbid", strict=True)


class SignIn(_Wish):
    """A person begins to work at a seat, ready for calls."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"person": "zhang-wei", "pin": "123456"}]})

    person: Word
    """The person's id, or staff number."""
    pin: Annotated[SecretStr, Field(min_length=1, max_length=40)] | None = None
    """Without it only a supervisor's token signs in, and names the id."""


class Pause(_Wish):
    """The person at a seat wants no calls for now."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "rest"}]})

    reason: Word
    """One of the centre's `pause_reasons`."""


def _wish_problems(forbidden: str, conflict: str, invalid: str, *more: tuple[HTTPStatus, str]) -> Responses:
    """What whoever changes a seat may be answered."""
    return problems(
        *more,
        UNAUTHORIZED,
        (HTTPStatus.FORBIDDEN, f"`forbidden`: a dispatcher only looks{forbidden}"),
        NO_SUCH_SEAT,
        (HTTPStatus.CONFLICT, f"{conflict}; `under_way`: another wish about this seat or person is being written down"),
        (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "`body_too_large`"),
        (HTTPStatus.UNPROCESSABLE_ENTITY, f"`invalid`: the request is not as it must be{invalid}"),
        INTERNAL,
        (
            HTTPStatus.SERVICE_UNAVAILABLE,
            "`engine_away`; `engine_silent`: nobody knows whether it was done, look; `not_ready`: the engine does not "
            "see what Asterisk has; `not_written_down`: the journal did not take it, nothing has changed",
        ),
    )


@router.get("", summary="The seats", responses=problems(UNAUTHORIZED, INTERNAL, NOT_HEARD))
async def seats(sources: SourcesOf, role: Anybody) -> SeatList:
    """Every seat, its telephone and the person at it."""
    known = sources.known()
    return SeatList(sequence=known.sequence, engine=known.up, seats=tuple(known.seats.values()))


@router.get("/{seat}", summary="One seat", responses=problems(UNAUTHORIZED, NO_SUCH_SEAT, INVALID, INTERNAL, NOT_HEARD))
async def seat(sources: SourcesOf, role: Anybody, seat: SeatId) -> SeatState:
    """A seat, its telephone and the person at it."""
    return _known(sources, seat)


@router.post(
    "/{seat}/sign-in",
    summary="Sign a person in at a seat",
    responses=_wish_problems(
        "; `wrong_pin`: no such person, or not this PIN; `locked`: too many wrong PINs, try again in a minute",
        "`seat_taken`; `signed_in_already`: here; `signed_in_elsewhere`",
        "; `pin_needed`: only a supervisor needs none; `no_such_person`",
        BAD_BODY,
    ),
)
async def sign_in(sources: SourcesOf, role: SeatsStaff, seat: SeatId, wanted: SignIn) -> SeatState:
    """The person is ready for calls there, by the next call. Answers with the seat as it is then."""
    _known(sources, seat)
    if wanted.pin is None and role is not Role.SUPERVISOR:
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "pin_needed", "only a supervisor signs in without a PIN")
    pin = wanted.pin.get_secret_value() if wanted.pin is not None else None
    more = {"person": wanted.person, "pin": pin}
    return await _wish(sources, role, seat, "sign-in", more, lambda now: now.person is not None)


@router.post(
    "/{seat}/sign-out",
    summary="Sign out whoever works at a seat",
    responses=_wish_problems("", "`not_signed_in`", ""),
)
async def sign_out(sources: SourcesOf, role: SeatsStaff, seat: SeatId) -> SeatState:
    """A conversation goes on. Answers with the seat as it is then."""
    _known(sources, seat)
    return await _wish(sources, role, seat, "sign-out", {}, lambda now: now.person is None)


@router.post(
    "/{seat}/pause",
    summary="No calls for the person at a seat, for now",
    responses=_wish_problems("", "`not_signed_in`", "; `no_such_reason`", BAD_BODY),
)
async def pause(sources: SourcesOf, role: SeatsStaff, seat: SeatId, wanted: Pause) -> SeatState:
    """A conversation goes on. Answers with the seat as it is then."""
    _known(sources, seat)
    return await _wish(sources, role, seat, "pause", {"reason": wanted.reason}, lambda now: now.reason == wanted.reason)


@router.post(
    "/{seat}/ready",
    summary="Calls again for the person at a seat",
    responses=_wish_problems("", "`not_signed_in`", ""),
)
async def ready(sources: SourcesOf, role: SeatsStaff, seat: SeatId) -> SeatState:
    """Ends a pause, or the time for writing up. Answers with the seat as it is then."""
    _known(sources, seat)
    return await _wish(sources, role, seat, "ready", {}, lambda now: now.presence is Presence.READY)


def _known(sources: Sources, seat: str) -> SeatState:
    found = sources.known().seats.get(seat)
    if found is None:
        raise ProblemError(HTTPStatus.NOT_FOUND, "no_such_seat", f"there is no seat {seat}")
    return found


async def _wish(
    sources: Sources, role: Role, seat: str, want: str, more: dict[str, Any], shows: Callable[[SeatState], bool]
) -> SeatState:
    """Ask the engine for it; the seat, as soon as it shows what was granted, or at the latest in half a second."""
    await sources.tap.request(want, {"seat": seat, "by": role.value, **more})
    await _shown(sources.tap, seat, shows)
    return _known(sources, seat)


async def _shown(tap: Tap, seat: str, shows: Callable[[SeatState], bool]) -> None:
    """Wait until the seat's state, as it is told, is like this."""
    seen = asyncio.Event()

    def look(heard: object) -> None:
        if isinstance(heard, Live) and (now := tap.seats.get(seat)) is not None and shows(now):
            seen.set()

    if (now := tap.seats.get(seat)) is not None and shows(now):
        return
    off = tap.listen(look)
    try:
        async with asyncio.timeout(SHOWN_S):
            await seen.wait()
    except TimeoutError:
        pass  # somebody changed it again, or the engine is away: what is known is answered
    finally:
        off()
