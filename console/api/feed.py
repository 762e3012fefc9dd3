"""The live feed over WebSocket: see `console.feed` for what it says, and `console.message` for how.

uvicorn does not stop while a handler waits for something of ours: so each one also hears its client, whose end, or
uvicorn's own, ends it.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from http import HTTPStatus

from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect
from uvicorn.protocols.utils import ClientDisconnected

from console.api.facts import After
from console.api.listening import TEXTS, SendTexts
from console.api.problem import INTERNAL, UNAUTHORIZED, ProblemError, Responses, problems
from console.api.sources import SourcesOf
from console.api.token import SUBPROTOCOL, Anybody, EveryListener
from console.feed import CutOff, Listener
from console.history import HistoryAway

TRY_AGAIN = 1013
"""Close code (IANA's WebSocket registry): come again, with the last sequence that you saw."""
CLOSING_S = 5.0  # for a listener that is cut off to take so much that the close code goes out

_SWITCHING: Responses = {101: {"description": "The feed; each message is a `FeedMessage`"}}

router = APIRouter(prefix="/api/v1", tags=["feed"])


@router.get(
    "/feed",
    summary="The live feed (WebSocket)",
    status_code=HTTPStatus.SWITCHING_PROTOCOLS,
    responses=_SWITCHING
    | problems(
        UNAUTHORIZED,
        (HTTPStatus.UNPROCESSABLE_ENTITY, "`invalid`: `after` is no sequence; `after_beyond_end`"),
        (HTTPStatus.UPGRADE_REQUIRED, "`upgrade_required`: this is a WebSocket"),
        INTERNAL,
        (HTTPStatus.SERVICE_UNAVAILABLE, "`journal_trouble`; `too_many_listeners`"),
    ),
)
async def feed_over_http(role: Anybody, after: After | None = None) -> None:
    """Messages as in `FeedMessage`: a snapshot, the facts after `after`, then all that happens.

    A browser gives its token as a subprotocol: `new WebSocket(url, ["liandong", "bearer." + token])`.
    """
    detail = "this is a WebSocket: connect with `Upgrade: websocket`"
    headers = {"Upgrade": "websocket", "Connection": "Upgrade"}
    raise ProblemError(HTTPStatus.UPGRADE_REQUIRED, "upgrade_required", detail, headers=headers)


@router.websocket("/feed")
async def feed(sources: SourcesOf, role: EveryListener, websocket: WebSocket, after: After | None = None) -> None:
    """Say everything that is to be heard, until the client leaves or is too slow."""
    listener = await sources.feed.join(after)
    try:
        offered = websocket.scope["subprotocols"]
        await websocket.accept(subprotocol=SUBPROTOCOL if SUBPROTOCOL in offered else None)
        why = await _serve(websocket, listener)
    finally:
        sources.feed.leave(listener)
    if why is not None:
        with suppress(TimeoutError, WebSocketDisconnect):
            async with asyncio.timeout(CLOSING_S):
                await websocket.close(TRY_AGAIN, why)


async def _serve(websocket: WebSocket, listener: Listener) -> str | None:
    """Until it is over; why we end it, or None if the client, or uvicorn, has ended it."""
    saying = asyncio.create_task(_say(websocket, listener))
    others = (asyncio.create_task(_until_gone(websocket)), asyncio.create_task(listener.cut.wait()))
    try:
        await asyncio.wait({saying, *others}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (saying, *others):
            task.cancel()
        await asyncio.wait({saying, *others})
    if listener.cut.is_set():
        return CutOff.code
    if saying.cancelled():
        return None
    match saying.exception():
        case None | ClientDisconnected():
            return None
        case HistoryAway() as error:
            return error.code
        case bug:
            raise bug


async def _say(websocket: WebSocket, listener: Listener) -> None:
    send: SendTexts = websocket.scope["extensions"][TEXTS]
    while True:
        await send(await listener.take())
        await asyncio.sleep(0)  # one who catches up lets others have their turn


async def _until_gone(websocket: WebSocket) -> None:
    while (await websocket.receive())["type"] != "websocket.disconnect":
        pass  # a listener has nothing to say
