"""What the interface tells of people is kept by no browser and by nobody on the way (RFC 9111, 5.2.2.5)."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PERSONAL = "/api/v1/"
"""Where anything personal is told."""


class NothingKept:
    """Says so with every answer under `PERSONAL`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Cache-Control"] = "no-store"
            await send(message)

        personal = scope["type"] == "http" and scope["path"].startswith(PERSONAL)
        await self._app(scope, receive, told if personal else send)
