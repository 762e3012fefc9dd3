"""A small reader of Asterisk's manager interface, for tests only: it waits for events and asks a few questions."""

import asyncio
from collections.abc import Callable
from itertools import count

Event = dict[str, str]

WITHIN = 45.0  # seconds; generous, a test that waits longer has failed


class Manager:
    """One connection; keeps every event since it was opened."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._numbers = count(1)
        self._news = asyncio.Condition()
        self.events: list[Event] = []
        self._task = asyncio.create_task(self._read())

    @classmethod
    async def open(cls, port: int, secret: str) -> "Manager":
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await reader.readline()
        manager = cls(reader, writer)
        answer = await manager.ask("Login", Username="liandong", Secret=secret)
        assert answer["Response"] == "Success", answer
        return manager

    async def close(self) -> None:
        self._task.cancel()
        self._writer.close()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _read(self) -> None:
        event: Event = {}
        while line := await self._reader.readline():
            text = line.decode(errors="replace").rstrip("\r\n")
            if text:
                key, _, value = text.partition(":")
                event[key] = event[key] + "\n" + value.strip() if key in event else value.strip()
                continue
            async with self._news:
                self.events.append(event)
                self._news.notify_all()
            event = {}

    async def wait(self, meant: Callable[[Event], bool], *, since: int = 0, within: float = WITHIN) -> Event:
        """The first event from index `since` on for which `meant` is true."""

        async def found() -> Event:
            seen = since
            async with self._news:
                while True:
                    for event in self.events[seen:]:
                        if meant(event):
                            return event
                    seen = len(self.events)
                    await self._news.wait()

        try:
            async with asyncio.timeout(within):  # wait_for may swallow the cancellation of who asks
                return await found()
        except TimeoutError:
            told = "\n".join(str(event) for event in self.events[since:][-12:])
            raise AssertionError(f"no such event within {within} s; the last ones were:\n{told}") from None

    async def ask(self, action: str, **fields: str) -> Event:
        number = str(next(self._numbers))
        lines = [f"Action: {action}", f"ActionID: {number}", *(f"{key}: {value}" for key, value in fields.items())]
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        return await self.wait(lambda event: event.get("ActionID") == number and "Response" in event)

    async def command(self, text: str) -> str:
        return (await self.ask("Command", Command=text)).get("Output", "")

    async def channels(self) -> list[str]:
        """Names of all channels that are up."""
        rows = (await self.command("core show channels concise")).splitlines()
        return [row.split("!")[0] for row in rows if row.count("!") > 5]

    async def silence(self, within: float = WITHIN) -> None:
        """Wait until no channel is left."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within
        while channels := await self.channels():
            assert loop.time() < deadline, f"channels are left: {channels}"
            since = len(self.events)
            try:
                await self.wait(lambda event: event.get("Event") == "Hangup", since=since, within=1)
            except AssertionError:
                continue
