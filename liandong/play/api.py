"""The centre's HTTP interface, as the people of the demo use it: each role with its token."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from liandong.play.timeline import WITHIN_S, NotSeen

LOOK_S = 0.05
_FIRST_BYTES = 4096


class Api:
    """The interface at one address."""

    def __init__(self, address: str, tokens: Mapping[str, str]) -> None:
        """`address` is host:port; `tokens` by role."""
        self.address = address
        self._tokens = tokens

    async def get(self, path: str, role: str = "supervisor") -> Any:
        """What is there now. Raises OSError, NotSeen."""
        return json.loads(await self._ask(role, "GET", path))

    async def act(self, role: str, method: str, path: str, body: Mapping[str, Any]) -> Any:
        """Do something; gives what it came to. Raises OSError; NotSeen with the interface's own words."""
        return json.loads(await self._ask(role, method, path, json.dumps(body).encode()) or b"null")

    async def download(self, path: str) -> bytes:
        """A file in two ranges, as a player that begins to play asks for it. Raises OSError, NotSeen."""
        first = await self._ask("supervisor", "GET", path, span=f"bytes=0-{_FIRST_BYTES - 1}")
        return first + await self._ask("supervisor", "GET", path, span=f"bytes={_FIRST_BYTES}-")

    async def ready(self) -> bool:
        """Whether the centre can do its work."""
        try:
            await self.get("/readyz")
        except (OSError, NotSeen):  # nobody listens yet, or it says that it is not ready
            return False
        return True

    async def _ask(
        self, role: str, method: str, path: str, body: bytes | None = None, span: str | None = None
    ) -> bytes:
        headers = {"Authorization": f"Bearer {self._tokens[role]}", "Content-Type": "application/json"}
        headers |= {"Range": span} if span is not None else {}
        request = urllib.request.Request(f"http://{self.address}{path}", body, headers, method=method)

        def ask() -> bytes:
            try:
                with urllib.request.urlopen(request, timeout=WITHIN_S) as answer:  # noqa: S310 - our own address
                    read: bytes = answer.read()
                    return read
            except urllib.error.HTTPError as error:
                said = error.read().decode(errors="replace")
                raise NotSeen(f"the demo ends here: {method} {path} was answered {error.code} {said}") from error

        return await asyncio.to_thread(ask)


async def until(what: str, ask: Callable[[], Awaitable[bool]], within_s: float = WITHIN_S) -> None:
    """Ask again until the answer is yes. Raises NotSeen."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within_s
    while not await ask():
        if loop.time() > deadline:
            raise NotSeen(f"the demo ends here, a fact did not come within {within_s:.0f} s: {what}")
        await asyncio.sleep(LOOK_S)
