"""The HTTP interface with a whole engine behind it: Asterisk is rehearsed, everything else is as in a centre."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from config.ports import Ports
from console.api.token import Role
from liandong import web
from tests.console_room import WITHIN_S, Answer, read_answer, until
from tests.engine_house import House, house
from tests.openapi import Documented

TAKER, DISPATCHER, SUPERVISOR = Role.CALL_TAKER, Role.DISPATCHER, Role.SUPERVISOR


class Api:
    """What people say over HTTP. Every answer is held against the OpenAPI file."""

    def __init__(self, port: int, tokens: Mapping[Role, str]) -> None:
        self.port = port
        self.house: House
        """The engine behind it, if it is in this process."""
        self.documented: Documented
        self._tokens = tokens

    @classmethod
    async def begin(cls, port: int, tokens: Mapping[Role, str]) -> "Api":
        """Read the OpenAPI file first."""
        api = cls(port, tokens)
        api.documented = Documented(await api.openapi())
        return api

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        role: Role | None = TAKER,
        key: str | None = None,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request below `/api/v1`."""
        said = {"Host": "centre", "Connection": "close", **(headers or {})}
        said |= {"Authorization": f"Bearer {self._tokens[role]}"} if role is not None else {}
        said |= {"Idempotency-Key": key} if key is not None else {}
        if body is not None:
            data = json.dumps(body).encode()
        if data is not None or method in ("POST", "PATCH"):
            said |= {"Content-Type": "application/json", "Content-Length": str(len(data or b""))}
        lines = [f"{method} /api/v1{path} HTTP/1.1", *(f"{name}: {value}" for name, value in said.items())]
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write("\r\n".join((*lines, "", "")).encode() + (data or b""))
            async with asyncio.timeout(WITHIN_S):
                answer = read_answer(await reader.read())
        finally:
            writer.close()
        if method != "HEAD" and answer.headers.get("content-type") == "application/problem+json":
            assert HTTPStatus(answer.status).phrase == answer.json["title"]
        if method != "HEAD":
            self.documented.note(method, f"/api/v1{path}", answer)
        return answer

    async def json(self, method: str, path: str, body: object = None, **more: Any) -> Any:
        """What is answered to a request that is granted."""
        answer = await self.ask(method, path, body, **more)
        assert answer.status < 300, answer
        return answer.json

    async def refused(self, method: str, path: str, body: object = None, **more: Any) -> tuple[int, str]:
        """Status and code of a refusal."""
        answer = await self.ask(method, path, body, **more)
        return answer.status, answer.code

    async def openapi(self) -> dict[str, Any]:
        """The file."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(b"GET /api/openapi.json HTTP/1.1\r\nHost: centre\r\nConnection: close\r\n\r\n")
        answer = read_answer(await reader.read())
        writer.close()
        return dict(answer.json)


@asynccontextmanager
async def open_api(folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Api]:
    """An engine and a web process in one loop, in the example centre."""
    async with house(folder, monkeypatch) as living:
        installation, ended = living.installation, asyncio.Event()
        tokens = {role: installation.token(role.value).reveal() for role in Role}
        serving = asyncio.create_task(web.run(installation, ended))
        try:
            await until(lambda: serving.done() or living.engine._hub.clients > 1)
            api = await Api.begin(Ports.read(installation.state.run).http, tokens)
            api.house = living
            yield api
        finally:
            ended.set()
            await serving
