"""No request's body is larger than anything that is asked for here."""

from __future__ import annotations

from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console.api.problem import ProblemError

BODY_MAX = 64 * 1024
"""Bytes. The largest request is an incident record: 4,000 characters of words and a shape of 4,000 bytes."""


class BodyLimit:
    """Refuses a larger body, as soon as its length is told or its bytes are too many."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        told = Headers(scope=scope).get("content-length", "0")
        if not told.isdecimal() or int(told[:20]) > BODY_MAX:
            await _too_large().response()(scope, receive, send)
            return
        size = 0

        async def bounded() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > BODY_MAX:
                raise _too_large()
            return message

        await self._app(scope, bounded, send)


def _too_large() -> ProblemError:
    # The rest of the body is not read: the connection can serve nothing more.
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    detail = f"a body has at most {BODY_MAX} bytes"
    return ProblemError(status, "body_too_large", detail, headers={"Connection": "close"})
