"""A console to try: the real web on a real port, a real journal, and an engine that the test plays."""

import asyncio
import json
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from config.secret import Secret
from console import feed as feeds
from console.api import server
from console.api.app import make_app
from console.api.sources import Child, Sources
from console.api.token import Role, Tokens
from console.feed import Feed
from console.history import History
from console.hub import Hub
from console.state import CallState, FactState, Hello, Live, PersonName, SeatState, Tell
from console.tap import Tap
from console.vitals import Vitals
from dispatch.department import Departments
from intake.incident.settings import IncidentTypes
from intake.line import Line
from intake.number import NumberForm
from intake.person import Presence
from intake.stage import Stage
from journal import Draft, Fact, Journal, Places, Registry, last_sequence, read_engine, sqlite_url
from liandong.engine import PROMISES, TYPES, VERSIONS

WITHIN_S = 60.0
"""Far more than anything here takes."""
NOW = datetime(2026, 11, 23, 15, 0, 0, 123456, tzinfo=UTC)
MOMENT = "2026-11-23T15:00:00.123456Z"
TOKENS = {role: f"{role.name.title().replace('_', '')}Token" for role in Role}
CALL_TAKER, DISPATCHER, SUPERVISOR = (TOKENS[role] for role in (Role.CALL_TAKER, Role.DISPATCHER, Role.SUPERVISOR))
PATIENT, ROOMY = server.Limits(), feeds.Limits()
READY = {"link_up": True, "ready": True, "journal_trouble": None, "spool_trouble": None}


def call_state(id: str = "1732374000.1", **other: Any) -> CallState:
    """A call that rings at a seat."""
    told: dict[str, Any] = {
        "id": id,
        "stage": Stage.OFFERED,
        "called": "119",
        "caller": "13800000001",
        "service": "fire",
        "language": "zh",
        "priority": 5,
        "arrived_at": MOMENT,
        "answered_at": None,
        "answered": False,
        "by": None,
        "seat": None,
        "seats": ("seat-01",),
        "place": None,
        "tries": 0,
    }
    return CallState(**told | other)


def seat_state(id: str = "seat-01", **other: Any) -> SeatState:
    """A seat with a person who is ready."""
    told: dict[str, Any] = {
        "id": id,
        "number": "8001",
        "line": Line.IDLE,
        "presence": Presence.READY,
        "person": "zhang-wei",
        "person_name": PersonName(zh="张伟", en="Zhang Wei"),
        "reason": None,
        "call": None,
        "reachable": True,
        "free": True,
        "free_since": MOMENT,
    }
    return SeatState(**told | other)


def draft(number: int, **other: Any) -> Draft:
    """A fact with Chinese words and something personal."""
    return Draft.of(
        "CallStateChangeLogEvent",
        NOW + timedelta(seconds=number),
        subjects={"call": f"call-{number % 7}", "seat": "seat-01"},
        body={"number": number, "words": "火警 \u2028 \x00 \"'\\"},
        personal={"caller": f"1380000{number:04d}"},
        **other,
    )


@dataclass
class Engine:
    """The engine's end, played: a journal, a hub, and what it knows."""

    path: Path
    journal: Journal
    calls: dict[str, CallState] = field(default_factory=dict)
    seats: dict[str, SeatState] = field(default_factory=dict)
    status: dict[str, Any] = field(default_factory=lambda: dict(READY))
    asked: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    handle: Callable[[str, Mapping[str, Any]], Awaitable[Mapping[str, Any]]] | None = None
    hub: Hub = field(init=False)
    sequence: int = 0

    async def start(self) -> None:
        """Begin to tell, as a new engine does."""
        self.sequence = await asyncio.to_thread(last_sequence, self.journal.reader)
        self.hub = Hub(self._hello, self._handle)
        await self.hub.start(self.path)

    async def stop(self) -> None:
        """Go away."""
        await self.hub.stop()

    async def record(self, *drafts: Draft) -> tuple[Fact, ...]:
        """Commit, and tell."""
        facts = await self.commit(*drafts)
        self.told(facts)
        return facts

    async def commit(self, *drafts: Draft) -> tuple[Fact, ...]:
        """Commit without telling, as an engine that dies just then."""
        done = await self.journal.record(*drafts)
        assert not isinstance(done, str)
        return done.value

    def told(self, facts: tuple[Fact, ...]) -> None:
        """Tell what was committed."""
        self.sequence = facts[-1].sequence
        self.hub.facts([FactState.of(fact) for fact in facts])

    def break_journal(self) -> None:
        """From now on nobody can read it."""
        with sqlite3.connect(self.path.with_name("journal.db")) as database:
            database.execute("ALTER TABLE facts RENAME TO elsewhere")
            database.execute("ALTER TABLE journal_head RENAME TO nowhere")

    def live(self, *states: CallState | SeatState, gone: tuple[str, ...] = ()) -> None:
        """Change something, and tell it."""
        calls = tuple(state for state in states if isinstance(state, CallState))
        seats = tuple(state for state in states if isinstance(state, SeatState))
        self.calls |= {call.id: call for call in calls}
        self.seats |= {seat.id: seat for seat in seats}
        for id in gone:
            self.calls.pop(id, None)
        self.hub.live(Live(calls=calls, seats=seats, gone=gone))

    def tell(self, tell: Tell) -> None:
        """A supervisor should look."""
        self.hub.tell(tell)

    def _hello(self) -> Hello:
        return Hello(
            sequence=self.sequence,
            calls=tuple(self.calls.values()),
            seats=tuple(self.seats.values()),
            status=self.status,
        )

    async def _handle(self, want: str, args: Mapping[str, Any]) -> Mapping[str, Any]:
        self.asked.append((want, args))
        if want == "status":
            return self.status
        assert self.handle is not None, want
        return await self.handle(want, args)


@dataclass
class Answer:
    """What came over HTTP."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The stable code of a problem."""
        assert self.headers["content-type"] == "application/problem+json", self
        assert self.json["status"] == self.status
        return str(self.json["code"])


@dataclass
class Room:
    """All of it."""

    engine: Engine
    tap: Tap
    feed: Feed
    port: int
    ended: asyncio.Event
    serving: asyncio.Task[None]

    async def ask(
        self,
        path: str,
        *,
        method: str = "GET",
        token: str | None = CALL_TAKER,
        json_body: Any = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request on a connection of its own."""
        said = dict(headers or {})
        if token is not None:
            said["Authorization"] = f"Bearer {token}"
        if json_body is not None:
            body = json.dumps(json_body).encode()
            said["Content-Type"] = "application/json"
        if body is not None or method in ("POST", "PUT"):
            said.setdefault("Content-Length", str(len(body or b"")))
        lines = [
            f"{method} {path} HTTP/1.1",
            "Host: centre",
            "Connection: close",
            *(f"{k}: {v}" for k, v in said.items()),
        ]
        return read_answer(await self.raw("\r\n".join((*lines, "", "")).encode() + (body or b"")))

    async def raw(self, data: bytes) -> bytes:
        """Say anything, hear everything."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(data)
            return await asyncio.wait_for(reader.read(), WITHIN_S)
        finally:
            writer.close()

    @asynccontextmanager
    async def listening(self, after: int | str | None = None, **other: Any) -> AsyncIterator["Ear"]:
        """Listen to the feed."""
        query = "" if after is None else f"?after={after}"
        headers = {"Authorization": f"Bearer {CALL_TAKER}"}
        url = f"ws://127.0.0.1:{self.port}/api/v1/feed{query}"
        async with connect(
            url, **{"additional_headers": headers, "compression": None, "open_timeout": WITHIN_S} | other
        ) as connection:
            yield Ear(connection)


class Ear:
    """One who listens."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def hear(self) -> Any:
        """The next message."""
        return json.loads(await asyncio.wait_for(self.connection.recv(), WITHIN_S))

    async def until(self, kind: str) -> Any:
        """The next message of this kind; others are passed over."""
        while (message := await self.hear())["kind"] != kind:
            pass
        return message

    async def sequences(self, last: int) -> list[int]:
        """Sequences of the facts heard, up to this one."""
        heard: list[int] = []
        while not heard or heard[-1] < last:
            heard.append((await self.until("fact"))["sequence"])
        return heard


def read_answer(data: bytes) -> Answer:
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Answer(int(first.split(" ")[1]), headers, body)


async def until(true: Callable[[], object]) -> None:
    """Wait for a fact."""
    async with asyncio.timeout(WITHIN_S):
        while not true():  # noqa: ASYNC110 - whatever it is, it sets no event
            await asyncio.sleep(0.005)


@asynccontextmanager
async def open_room(
    *,
    engine_up: bool = True,
    limits: server.Limits = PATIENT,
    feed_limits: feeds.Limits = ROOMY,
    children: Callable[[], Mapping[str, Child]] = dict,
) -> AsyncIterator[Room]:
    """Everything, from an empty journal on."""
    with tempfile.TemporaryDirectory(prefix="ld-") as name:
        folder = Path(name)
        places = Places(sqlite_url(folder / "journal.db"), folder / "spool", folder / "key")
        journal = Journal.open(places, Registry(TYPES, PROMISES), versions=VERSIONS)
        engine = Engine(folder / "engine.sock", journal)
        engine.seats = {"seat-01": seat_state()}
        reader = read_engine(places.url)
        tap, history = Tap(engine.path), History(reader)
        feed = Feed(tap, history, feed_limits)
        tokens = Tokens({role: Secret(token) for role, token in TOKENS.items()})
        sources = Sources(
            tap,
            history,
            feed,
            Vitals(tap),
            tokens,
            children,
            number_key=NumberForm().key,
            recordings=folder / "recordings",
            departments=Departments(),
            plans=(),
            incident_types=IncidentTypes(),
        )
        listening = server.listen("127.0.0.1", 0)
        port, ended = listening.getsockname()[1], asyncio.Event()
        if engine_up:
            await engine.start()
        hearing = asyncio.create_task(tap.run())
        serving = asyncio.create_task(server.serve(make_app(sources, version="1"), listening, ended, limits))
        try:
            if engine_up:
                await until(lambda: tap.up)
            yield Room(engine, tap, feed, port, ended, serving)
        finally:
            ended.set()
            await asyncio.wait_for(serving, WITHIN_S)
            if engine_up:
                await engine.stop()
            hearing.cancel()
            await asyncio.wait({hearing})
            reader.dispose()
            await asyncio.to_thread(journal.close)
