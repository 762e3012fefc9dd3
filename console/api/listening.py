"""WebSocket as the feed needs it: many texts handed to the system at once.

ASGI knows one message at a time, and for each of them uvicorn calls the system: with fifty listeners that is most of
what the web process does. So its protocol gets a second way out, which writes several frames (RFC 6455) together.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

TEXTS = "liandong.texts"
"""The extension's name in an ASGI scope."""

SendTexts = Callable[[Sequence[bytes]], Awaitable[None]]
"""Sends UTF-8 texts, each a message; waits while the client does not take them. Raises ClientDisconnected."""

_TEXT = 0x81  # final frame, opcode 1


class ListeningProtocol(WebSocketsSansIOProtocol):
    """uvicorn's, with the second way out. No message may be compressed (`ws_per_message_deflate`)."""

    def handle_connect(self, event: Request) -> None:
        """The beginning: uvicorn makes the scope here, and a task that has not run yet."""
        super().handle_connect(event)
        if hasattr(self, "scope"):  # else it was no hand-shake
            extensions: Any = self.scope["extensions"]
            extensions[TEXTS] = self.send_texts

    async def send_texts(self, texts: Sequence[bytes]) -> None:
        """All of them, as one piece."""
        await self.writable.wait()
        if self.disconnected or self.close_sent or self.transport.is_closing():
            raise ClientDisconnected
        self.transport.write(b"".join(_frames(texts)))


def _frames(texts: Iterable[bytes]) -> Iterable[bytes]:
    """Frames of a server, which are not masked (RFC 6455, section 5.2)."""
    for text in texts:
        length = len(text)
        if length < 126:
            yield bytes((_TEXT, length))
        elif length < 65_536:
            yield bytes((_TEXT, 126)) + length.to_bytes(2, "big")
        else:
            yield bytes((_TEXT, 127)) + length.to_bytes(8, "big")
        yield text
