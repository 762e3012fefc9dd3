"""A wire to Asterisk that a test can cut."""

import asyncio


class Proxy:
    """Carries TCP to a port; what is cut stays cut, unless it is told to hold for a while only."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._wires: list[asyncio.StreamWriter] = []
        self.mended = asyncio.Event()
        """Who connects while this is not set waits."""
        self.mended.set()

    async def start(self) -> int:
        """Begin to listen; returns the port."""
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._wires.append(writer)
        await self.mended.wait()
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to)
        self._wires.append(far_writer)
        await asyncio.gather(self._copy(reader, far_writer), self._copy(far_reader, writer))

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(4096):
                writer.write(data)
        except ConnectionError:
            pass
        writer.close()

    def cut(self) -> None:
        """Whatever is on the wire is lost."""
        for wire in self._wires:
            wire.transport.abort()
        self._wires.clear()

    def close(self) -> None:
        """Carry nothing any more."""
        self._server.close()
        self.cut()
