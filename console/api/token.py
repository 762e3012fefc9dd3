"""Who asks: one bearer token a role.

A browser cannot set a header on a WebSocket: there the token comes as a subprotocol, `bearer.TOKEN` beside `liandong`.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, WebSocket
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from config.secret import Secret
from console.api.problem import ProblemError
from console.api.sources import SourcesOf

SUBPROTOCOL = "liandong"
_IN_SUBPROTOCOL = "bearer."


class Role(StrEnum):
    """What a token opens."""

    CALL_TAKER = "call-taker"
    """Signs people in, with their PIN, and out; pauses; writes incident records; says where a caller is."""
    DISPATCHER = "dispatcher"
    """Orders departments, and takes their reports; ends, reopens and merges incidents."""
    SUPERVISOR = "supervisor"
    """Everything; signs in and out and pauses whom he will; listens to recordings."""


class Tokens:
    """The token of each role."""

    def __init__(self, tokens: Mapping[Role, Secret]) -> None:
        self._tokens = {role: secret.reveal().encode() for role, secret in tokens.items()}

    def role(self, token: str) -> Role | None:
        """Whose token it is; None: nobody's. Takes as long for any text of a length."""
        said = token.encode("utf-8", "replace")
        found = None
        for role, right in self._tokens.items():
            if hmac.compare_digest(said, right):
                found = role
        return found


_bearer = HTTPBearer(auto_error=False, scheme_name="token", description="The token of a role: `liandong token ROLE`.")


async def anybody(sources: SourcesOf, said: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> Role:
    """Whoever has a token."""
    return _role(sources.tokens, said.credentials if said is not None else None)


def _but(refused: Role, detail: str) -> Callable[..., Awaitable[Role]]:
    """Whoever has another token than this."""

    async def others(role: Annotated[Role, Depends(anybody)]) -> Role:
        if role is refused:
            raise ProblemError(HTTPStatus.FORBIDDEN, "forbidden", detail)
        return role

    return others


async def supervisor(role: Annotated[Role, Depends(anybody)]) -> Role:
    """Whoever answers for the centre."""
    if role is not Role.SUPERVISOR:
        raise ProblemError(HTTPStatus.FORBIDDEN, "forbidden", "recordings are a supervisor's alone")
    return role


async def listener(sources: SourcesOf, websocket: WebSocket) -> Role:
    """Whoever has a token, at the beginning of a WebSocket."""
    scheme, _, token = websocket.headers.get("authorization", "").partition(" ")
    said = token.strip() if scheme.lower() == "bearer" else None
    for protocol in websocket.scope["subprotocols"]:
        if said is None and protocol.startswith(_IN_SUBPROTOCOL):
            said = protocol.removeprefix(_IN_SUBPROTOCOL)
    return _role(sources.tokens, said)


def _role(tokens: Tokens, said: str | None) -> Role:
    role = tokens.role(said) if said is not None else None
    if role is None:
        detail = "this token is no role's" if said is not None else "a bearer token is needed: `liandong token ROLE`"
        raise ProblemError(HTTPStatus.UNAUTHORIZED, "unauthorized", detail, headers={"WWW-Authenticate": "Bearer"})
    return role


Anybody = Annotated[Role, Depends(anybody)]
SeatsStaff = Annotated[Role, Depends(_but(Role.DISPATCHER, "a dispatcher's token may only look at seats"))]
CallStaff = Annotated[Role, Depends(_but(Role.DISPATCHER, "a dispatcher's token may not write this"))]
"""Whoever speaks with callers, and writes down what they say."""
OrderStaff = Annotated[Role, Depends(_but(Role.CALL_TAKER, "a call-taker's token may only look at orders"))]
"""Whoever speaks with departments."""
Supervisor = Annotated[Role, Depends(supervisor)]
EveryListener = Annotated[Role, Depends(listener)]
