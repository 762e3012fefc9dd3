"""Orders: what departments are asked to do, how far they are reached, and what they report."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import ConfigDict, Field
from sqlalchemy import Engine

from console.api.acting import KEYED, Act, Key, Word, Words, act_problems, ask, example
from console.api.incidents import NO_SUCH_INCIDENT, IncidentId, Orders, id_of
from console.api.problem import INTERNAL, INVALID, JOURNAL_AWAY, UNAUTHORIZED, ProblemError, Responses, problems
from console.api.sources import Sources, SourcesOf
from console.api.token import Anybody, OrderStaff, Role
from console.order import OrderRecord
from console.wire import Refused
from dispatch import reading
from dispatch.order import OrderState
from dispatch.reading import OrderNow

OrderId = Annotated[str, Path(max_length=128, description="the order's id: `INCIDENT.DEPARTMENT.1`")]
NO_SUCH_ORDER = (HTTPStatus.NOT_FOUND, "`no_such_order`")
_TEXTS = "; `too_long`, `bad_text`, `half_character`: of words"
_OVER = "`order_done`, `order_cancelled`; `order_over`: nothing more is expected of it"

router = APIRouter(prefix="/api/v1/orders", tags=["orders"])
by_hand = APIRouter(prefix="/api/v1/incidents", tags=["orders"])


class ByHand(Act):
    """A person orders a department, whatever plans say."""

    model_config = ConfigDict(
        json_schema_extra=example({"department": "fire", "text": "晨光路12号请派云梯车一辆", "deadline_s": 60})
    )

    department: Word
    """Its id."""
    text: Annotated[str, Field(min_length=1, max_length=400)]
    """What is spoken, in the department's language."""
    deadline_s: Annotated[int, Field(ge=10, le=3600)] | None = None
    """By when it has to be acknowledged; without it, what `departments.yaml` says."""


class CancelOrder(Act):
    """An order is taken back."""

    model_config = ConfigDict(json_schema_extra=example({"reason": "现场已控制"}))

    reason: Words = ""


class Feedback(Act):
    """A department reports; progress, words, or both."""

    model_config = ConfigDict(json_schema_extra=example({"progress": "on-scene", "words": "两车已到场，正在救人"}))

    progress: Annotated[OrderState | None, Field(strict=False)] = None
    """How far it is: `en-route`, `on-scene` or `done`."""
    words: Words = ""


def _problems(conflict: str, invalid: str = "") -> Responses:
    return act_problems(NO_SUCH_ORDER, conflict=conflict, invalid=f"{invalid}{_TEXTS}")


@router.get("", summary="Orders that nobody has acknowledged", responses=problems(UNAUTHORIZED, INTERNAL, JOURNAL_AWAY))
async def orders(sources: SourcesOf, role: Anybody) -> Orders:
    """The open orders, in the order of their issue."""
    return Orders(orders=tuple(map(OrderRecord.of, await sources.history.read(reading.open_orders))))


@router.get(
    "/code/{code}",
    summary="The order that has this code",
    responses=problems(UNAUTHORIZED, NO_SUCH_ORDER, INVALID, INTERNAL, JOURNAL_AWAY),
)
async def order_by_code(
    sources: SourcesOf,
    role: Anybody,
    code: Annotated[str, Path(pattern=r"^[0-9]{1,9}$", description="as the department heard it")],
) -> OrderRecord:
    """The newest order of this code that is not over: what a department means that names it."""
    found = await sources.history.read(lambda engine: reading.by_code(engine, code))
    if found is None:
        raise ProblemError(HTTPStatus.NOT_FOUND, "no_such_order", f"no order that is not over has the code {code}")
    return OrderRecord.of(found)


@router.get(
    "/{order}",
    summary="One order",
    responses=problems(UNAUTHORIZED, NO_SUCH_ORDER, INVALID, INTERNAL, JOURNAL_AWAY),
)
async def order(sources: SourcesOf, role: Anybody, order: OrderId) -> OrderRecord:
    """An order, every dial that was made for it, and what the department has reported."""
    return OrderRecord.of(await _known(sources, order))


@router.post(
    "/{order}/again",
    summary="Order once more",
    responses=_problems(f"`still_calling`: its lines are being rung; `under_way`: the department is; {_OVER}"),
)
async def order_again(sources: SourcesOf, role: OrderStaff, order: OrderId, wanted: Act | None = None) -> OrderRecord:
    """Its ladder begins anew, with its whole deadline. It needs no body."""
    return await _wish(sources, role, "again", order, {}, wanted, None)


@router.post("/{order}/cancel", summary="Take an order back", responses=_problems(_OVER))
async def cancel_order(
    sources: SourcesOf, role: OrderStaff, order: OrderId, wanted: CancelOrder | None = None
) -> OrderRecord:
    """Ringing stops, and who hears it is told. One that was acknowledged has to be taken back by word as well."""
    reason = wanted.reason if wanted is not None else ""
    return await _wish(sources, role, "cancel", order, {"reason": reason}, wanted, None)


@router.post("/{order}/word", summary="Acknowledge by word", responses=_problems(f"`acknowledged_already`; {_OVER}"))
async def take_word(sources: SourcesOf, role: OrderStaff, order: OrderId, wanted: Act | None = None) -> OrderRecord:
    """The department has given its word to the dispatcher: the order is acknowledged. It needs no body."""
    return await _wish(sources, role, "word", order, {}, wanted, None)


@router.post(
    "/{order}/feedback",
    summary="What a department reports",
    responses=_problems(
        f"{_OVER}; {KEYED}", "; `no_progress`: not one of the three; `empty`: neither progress nor words"
    ),
)
async def feedback(sources: SourcesOf, role: OrderStaff, key: Key, order: OrderId, wanted: Feedback) -> OrderRecord:
    """Who reports from the road has acknowledged."""
    progress = wanted.progress.value if wanted.progress is not None else None
    return await _wish(sources, role, "feedback", order, {"progress": progress, "words": wanted.words}, wanted, key)


@by_hand.post(
    "/{incident}/orders",
    summary="Order a department by hand",
    status_code=HTTPStatus.CREATED,
    responses=act_problems(
        NO_SUCH_INCIDENT,
        conflict=f"`not_submitted`, `incident_closed`, `incident_cancelled`, `incident_merged`; {KEYED}",
        invalid="; `no_such_department`; `bad_deadline`; `empty`, `bad_text`, `half_character`",
    ),
)
async def order_by_hand(
    sources: SourcesOf, role: OrderStaff, key: Key, incident: IncidentId, wanted: ByHand
) -> OrderRecord:
    """Its duty lines are rung at once, whatever plans say, and whoever was ordered before."""
    id = await id_of(sources, incident)
    said = {"incident": id, "department": wanted.department, "text": wanted.text, "deadline_s": wanted.deadline_s}
    told = await ask(sources, "order-by-hand", said, role, wanted.seat, key)
    return OrderRecord.of(await _known(sources, str(told["order"])))


async def _wish(
    sources: Sources, role: Role, wish: str, order: str, more: Mapping[str, Any], wanted: Act | None, key: str | None
) -> OrderRecord:
    """Wish something of an order; the order as it is then."""
    await _known(sources, order)
    seat = wanted.seat if wanted is not None else None
    try:
        await ask(sources, "order", {"wish": wish, "order": order, **more}, role, seat, key)
    except Refused as refused:
        if refused.code == "no_such_order":  # it is in the journal: the engine only knows those that are not over
            raise ProblemError(HTTPStatus.CONFLICT, "order_over", "nothing more is expected of this order") from refused
        raise
    return OrderRecord.of(await _known(sources, order))


async def _known(sources: Sources, order: str) -> OrderNow:
    def read(engine: Engine) -> OrderNow | None:
        return reading.order(engine, order)

    found = await sources.history.read(read)
    if found is None:
        raise ProblemError(HTTPStatus.NOT_FOUND, "no_such_order", f"there is no order {order}")
    return found
