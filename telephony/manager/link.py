"""The link to Asterisk's manager interface: it connects, logs in, asks what is up, and tells the news in order.

The rules of a link:

- After each login Asterisk is asked what is up before any event is told; events that come meanwhile are kept and told
  after the snapshot, in order.
- Events are put into an inbox and handled by whoever takes them; nothing is handled while reading.
- An inbox that overflows, a stream that is damaged, cost a new snapshot; never a silent loss.
- A ping that is not answered in time ends the connection, and it is made again with patience. An action without an
  answer is never sent again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from config.secret import Secret
from telephony.manager.acts import Acts
from telephony.manager.backoff import BackOff, Broken
from telephony.manager.connection import Connection
from telephony.manager.conversation import Reply
from telephony.manager.exchange import Gap, News, Why
from telephony.manager.inbox import NEWS_MAX, Inbox
from telephony.manager.outcome import Answered, LinkLost, Outcome, Refused
from telephony.manager.reading import read_event
from telephony.manager.snapshot import QUESTIONS, Snapshot, read_snapshot
from telephony.manager.wire import Damage, Fault, Message, encode

log = logging.getLogger("telephony.manager")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a link waits; all in seconds. Asterisk answers in about 1 ms when it is well."""

    connect_s: float = 2.0
    action_s: float = 2.0
    """For one action's answer."""
    snapshot_s: float = 5.0
    """For all answers of a snapshot; 1,000 channels take 0.1 s."""
    ping_s: float = 1.0
    """Between two pings."""
    pong_s: float = 2.0
    """A ping without an answer for this long: the other side is dead. The supervisor waits for 6 s."""
    again_s: float = 0.2
    """Between two snapshots: somebody who damages the stream on purpose must not keep Asterisk busy with them."""


class _Hearing(Enum):
    """What is done with an event."""

    TELL = auto()
    KEEP = auto()
    """A snapshot is being taken; its answers come before this event, or overlap with it."""
    DROP = auto()
    """It may be forged, or events were missed before it; the snapshot to come knows better."""


class _LinkBroken(Exception):
    def __init__(self, why: Broken, words: str) -> None:
        super().__init__(words)
        self.why = why


class ManagerLink(Acts):
    """An `Exchange` over TCP. `run()` keeps it up until cancelled."""

    def __init__(
        self,
        host: str,
        port: int,
        user: str,
        secret: Secret,
        *,
        patience: Patience = Patience(),
        news_max: int = NEWS_MAX,
    ) -> None:
        self._host, self._port = host, port
        self._user, self._secret = user, secret
        self._patience = patience
        self._news_max = news_max
        self._inbox = Inbox(news_max)
        self._connection: Connection | None = None
        self._hearing = _Hearing.KEEP
        self._kept: list[News] = []
        self._mark = ""
        self._wanted = asyncio.Event()
        """A snapshot is wanted."""
        self.up = False
        """Logged in, and the snapshot was told."""
        self.broken: Broken | None = Broken.UNREACHABLE
        """Why it is not up; None: it is."""
        self.damages = 0
        """Pieces of the stream that were no message."""
        self.snapshots = 0
        """Snapshots that were told."""

    # Its life.

    async def run(self) -> None:
        """Keep the link up, for ever."""
        back_off = BackOff()
        logged: Broken | None = None
        while True:
            broken = await self._live(back_off)
            if broken.why is not logged or self.broken is None:
                log.warning("no link to Asterisk (%s): %s", broken.why.value, broken)
            logged = self.broken = broken.why
            await asyncio.sleep(back_off.next_s(broken.why))

    async def _live(self, back_off: BackOff) -> _LinkBroken:
        """One connection, from its beginning to its end; how it ended."""
        try:
            connection = await Connection.open(self._host, self._port, self._patience.connect_s)
        except OSError as error:
            return _LinkBroken(Broken.UNREACHABLE, str(error) or type(error).__name__)
        self._hearing, self._kept, self._mark = _Hearing.KEEP, [], ""
        self._wanted.set()
        broken = _LinkBroken(Broken.CLOSED, "")
        hearing = asyncio.create_task(self._hear(connection))
        try:
            async with asyncio.TaskGroup() as together:
                # Asterisk says no and closes at once: its word is waited for, not its end.
                await self._log_in(connection)
                self._connection = connection
                together.create_task(self._take_snapshots(connection, back_off))
                together.create_task(self._ping(connection))
                together.create_task(self._end(hearing))
        except* _LinkBroken as several:
            broken = next(each for each in several.exceptions if isinstance(each, _LinkBroken))
        finally:
            hearing.cancel()
            self._connection = None
            connection.close()
            if self.up:
                self.up = False
                self._inbox.put(Gap(Why.LINK))
        return broken

    async def _log_in(self, connection: Connection) -> None:
        fields = (("Username", self._user), ("Secret", self._secret.reveal()), ("Events", "on"))
        _, answer = connection.ask("Login", fields, self._patience.action_s)
        match await answer:
            case Answered():
                return
            case Refused(why):
                raise _LinkBroken(Broken.SECRET, why)
            case LinkLost():
                raise _LinkBroken(Broken.CLOSED, "closed during the login")
            case _:
                raise _LinkBroken(Broken.SILENT, "no answer to the login")

    async def _ping(self, connection: Connection) -> None:
        while True:
            _, answer = connection.ask("Ping", (), self._patience.pong_s)
            if not isinstance(await answer, Answered):
                raise _LinkBroken(Broken.SILENT, f"a ping had no answer in {self._patience.pong_s} s")
            await asyncio.sleep(self._patience.ping_s)

    # What it hears.

    async def _hear(self, connection: Connection) -> None:
        async for heard in connection.hear():
            if isinstance(heard, Message):
                self._event(heard)
            elif isinstance(heard, Damage):
                self._damage(heard)
            elif heard == self._mark:
                self._hearing = _Hearing.KEEP
        connection.close()

    async def _end(self, hearing: asyncio.Task[None]) -> None:
        await hearing
        raise _LinkBroken(Broken.CLOSED, "Asterisk closed the connection")

    def _event(self, message: Message) -> None:
        if self._hearing is _Hearing.DROP:
            return
        try:
            event = read_event(message)
        except ValueError as error:
            self._damage(Damage(Fault.TORN, str(error).encode()[:200]))
            return
        if event is not None:
            self._tell(event)

    def _tell(self, news: News) -> None:
        if self._hearing is _Hearing.TELL:
            if not self._inbox.put(news):
                log.warning("%d news were not taken: thrown away, Asterisk is asked again", self._news_max)
                self._start_over()
        elif len(self._kept) < self._news_max:
            self._kept.append(news)
        else:
            self._start_over()

    def _damage(self, damage: Damage) -> None:
        self.damages += 1
        if self._hearing is not _Hearing.DROP:
            log.warning("damaged stream (%s), Asterisk is asked again: %r", damage.fault.value, damage.start)
            self._start_over()

    def _start_over(self) -> None:
        self._hearing = _Hearing.DROP
        self._kept = []
        self._wanted.set()

    # The snapshot.

    async def _take_snapshots(self, connection: Connection, back_off: BackOff) -> None:
        while True:
            await self._wanted.wait()
            await self._inbox.emptied()  # a listener who is too slow gets no more work before he is done
            self._wanted.clear()
            snapshot = await self._ask_for_snapshot(connection)
            if self._wanted.is_set():
                log.info("Asterisk's stream broke during the snapshot: again")
            else:
                self._tell_snapshot(snapshot)
                back_off.succeeded()
            await asyncio.sleep(self._patience.again_s)

    async def _ask_for_snapshot(self, connection: Connection) -> Snapshot:
        # From the answer to this ping on an event may be younger than the snapshot; before it, none is.
        self._mark, marked = connection.ask("Ping", (), self._patience.snapshot_s)
        asked = self._questions(connection)
        await marked
        match await _snapshot(asked):
            case Answered(snapshot):
                return snapshot
            case Refused(why):
                raise _LinkBroken(Broken.RESYNC, why)
            case LinkLost():
                raise _LinkBroken(Broken.CLOSED, "closed during the snapshot")
            case _:
                raise _LinkBroken(Broken.SILENT, "no answer to the snapshot's questions")

    def _questions(self, connection: Connection) -> Sequence[Awaitable[Outcome[Reply]]]:
        """Ask all questions of a snapshot, now, in one go."""
        return [connection.ask(action, fields, self._patience.snapshot_s)[1] for action, fields in QUESTIONS]

    def _tell_snapshot(self, snapshot: Snapshot) -> None:
        kept, self._kept = self._kept, []
        self._hearing = _Hearing.TELL
        self.up, self.broken = True, None
        self.snapshots += 1
        for news in (snapshot, *kept):
            if self._hearing is _Hearing.TELL:  # else the inbox is full, and another snapshot is on its way
                self._tell(news)

    # The port; what it can do stands in `Acts`.

    async def next(self) -> News:
        """The next news; waits for it. One listener at a time."""
        return await self._inbox.take()

    async def look(self) -> Outcome[Snapshot]:
        """What is now, besides the news."""
        if self._connection is None:
            return LinkLost(sent=False)
        return await _snapshot(self._questions(self._connection))

    async def _ask(self, action: str, *fields: tuple[str, str]) -> Outcome[Reply]:
        if self._connection is None:
            encode(action, "", fields)  # a bad action is bad with and without a link
            return LinkLost(sent=False)
        _, answer = self._connection.ask(action, fields, self._patience.action_s)
        return await answer


async def _snapshot(asked: Sequence[Awaitable[Outcome[Reply]]]) -> Outcome[Snapshot]:
    """A snapshot from the answers to `QUESTIONS`, as they come."""
    replies = []
    for (action, _), answer in zip(QUESTIONS, asked, strict=True):
        match await answer:
            case Answered(reply):
                replies.append(reply)
            case Refused(why) if action == "PJSIPShowContacts" and why.startswith("No Contacts"):
                replies.append(Reply({}))  # Asterisk's way to say that the list is empty
            case Refused(why):
                return Refused(f"{action}: {why}")
            case unknown:
                return unknown
    try:
        return Answered(read_snapshot(replies))
    except ValueError as error:
        return Refused(str(error))
