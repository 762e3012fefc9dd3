"""Both ends of the local socket, on real sockets: nobody waits for anybody, nothing is lost."""

import asyncio
import json
import logging
import os
import random
import stat
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from console import hub as hubs
from console.hub import End, Hub
from console.state import Facts, FactState, Hello, Live, Tell
from console.tap import BACK_OFF_S, Down, EngineAway, EngineSilent, Heard, Tap, Up
from console.wire import Refused
from tests.console_room import MOMENT, WITHIN_S, call_state, seat_state, until

Handle = Callable[[str, Mapping[str, Any]], Awaitable[Mapping[str, Any]]]


def fact(sequence: int, size: int = 0) -> FactState:
    return FactState(
        sequence=sequence,
        id=f"f{sequence}",
        type="CallStartLogEvent",
        time=MOMENT,
        subjects={"call": "a.1"},
        body={"words": "火" * size},
        personal=None,
    )


class Told:
    """An engine that tells numbered facts."""

    def __init__(self, path: Path, handle: Handle | None = None, limits: hubs.Limits = hubs.Limits()) -> None:  # noqa: B008
        self.path = path
        self.sequence = 0
        self.calls = {"a.1": call_state("a.1")}
        self.hub = Hub(self.hello, handle or self.echo, limits)

    def hello(self) -> Hello:
        return Hello(sequence=self.sequence, calls=tuple(self.calls.values()), seats=(seat_state(),), status={"up": 1})

    async def echo(self, want: str, args: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"want": want, **args}

    def tell(self, count: int = 1, size: int = 0) -> None:
        first = self.sequence + 1
        self.sequence += count
        self.hub.facts([fact(number, size) for number in range(first, self.sequence + 1)])


@asynccontextmanager
async def telling(path: Path, handle: Handle | None = None, limits: hubs.Limits = hubs.Limits()) -> AsyncIterator[Told]:  # noqa: B008
    engine = Told(path, handle, limits)
    await engine.hub.start(path)
    try:
        yield engine
    finally:
        await engine.hub.stop()


@asynccontextmanager
async def tapping(path: Path) -> AsyncIterator[tuple[Tap, list[Heard]]]:
    tap, heard = Tap(path), list[Heard]()
    tap.listen(heard.append)
    running = asyncio.create_task(tap.run())
    try:
        yield tap, heard
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


class Raw:
    """A client without manners."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def connect(cls, path: Path) -> "Raw":
        return cls(*await asyncio.open_unix_connection(path))

    def say(self, data: bytes) -> None:
        self._writer.write(data)

    async def hear(self) -> Any:
        return json.loads(await asyncio.wait_for(self._reader.readline(), WITHIN_S))

    async def rest(self) -> bytes:
        with suppress(ConnectionError):
            return await asyncio.wait_for(self._reader.read(), WITHIN_S)
        return b""

    def leave(self) -> None:
        self._writer.close()


@pytest.fixture
def path(short_path: Path) -> Path:
    return short_path / "engine.sock"


def mode_of(path: Path) -> int | None:
    return stat.S_IMODE(path.stat().st_mode) if path.exists() else None


def sequences(heard: list[Heard]) -> list[int]:
    return [each.sequence for message in heard if isinstance(message, Facts) for each in message.facts]


async def test_whoever_comes_hears_where_everything_stands_and_then_everything_once(path: Path) -> None:
    async with telling(path) as engine, tapping(path) as (tap, heard):
        await until(lambda: tap.up)
        assert (tap.sequence, tap.calls, tap.seats) == (0, engine.calls, {"seat-01": seat_state()})
        assert tap.status == {"up": 1}
        engine.tell(3)
        engine.hub.live(Live(calls=(call_state("b.2"),), gone=("a.1",)))
        engine.hub.tell(Tell(about="no-answer", seat="seat-01"))
        await until(lambda: Tell(about="no-answer", seat="seat-01") in heard)
        assert sequences(heard) == [1, 2, 3]
        assert list(tap.calls) == ["b.2"]
        assert tap.sequence == 3
        assert [type(each) for each in heard] == [Up, Live, Facts, Live, Tell]


async def test_between_the_hello_and_the_first_fact_nothing_is_missed_however_many_come_meanwhile(path: Path) -> None:
    async with telling(path) as engine:
        telling_on = asyncio.Event()

        async def tell() -> None:
            while not telling_on.is_set():
                engine.tell()
                await asyncio.sleep(0)

        task = asyncio.create_task(tell())
        for _ in range(30):
            raw = await Raw.connect(path)
            first = (await raw.hear())["hello"]["sequence"]
            heard = [each["sequence"] for _ in range(5) for each in (await raw.hear())["facts"]]
            assert heard == list(range(first + 1, first + 1 + len(heard)))
            raw.leave()
        telling_on.set()
        await task


async def test_the_socket_is_its_owners_alone_and_goes_with_the_engine(path: Path) -> None:
    async with telling(path):
        assert mode_of(path) == 0o600
    assert mode_of(path) is None


async def test_a_dead_engines_socket_is_replaced_and_an_old_engine_takes_nobody_elses_away(path: Path) -> None:
    async with telling(path) as first, telling(path):
        await first.hub.stop()
        assert mode_of(path) == 0o600
        raw = await Raw.connect(path)
        assert "hello" in await raw.hear()
        raw.leave()


async def test_the_state_lasts_while_the_engine_is_away_and_is_told_anew_when_it_is_back(path: Path) -> None:
    async with tapping(path) as (tap, heard):
        assert not tap.up
        assert not tap.known
        async with telling(path) as engine:
            await until(lambda: tap.up)
            engine.tell(2)
            await until(lambda: tap.sequence == 2)
        await until(lambda: not tap.up)
        assert heard[-1] == Down()
        assert tap.known
        assert list(tap.calls) == ["a.1"]
        heard.clear()
        async with telling(path) as engine:
            engine.sequence, engine.calls = 9, {"b.2": call_state("b.2")}
            await until(lambda: tap.up)
            assert heard == [Up(9), Live(calls=(call_state("b.2"),), seats=(seat_state(),), gone=("a.1",))]
            assert (tap.sequence, list(tap.calls)) == (9, ["b.2"])


async def test_requests_run_beside_each_other_and_each_gets_its_own_answer(path: Path) -> None:
    all_there = asyncio.Barrier(20)

    async def together(want: str, args: Mapping[str, Any]) -> Mapping[str, Any]:
        await all_there.wait()
        return {"number": args["number"]}

    async with telling(path, together), tapping(path) as (tap, _):
        await until(lambda: tap.up)
        answers = await asyncio.gather(*(tap.request("x", {"number": number}) for number in range(20)))
        assert [answer["number"] for answer in answers] == list(range(20))


async def test_a_refusal_comes_with_its_code_and_a_bug_as_internal_and_in_the_log(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def handle(want: str, args: Mapping[str, Any]) -> Mapping[str, Any]:
        match want:
            case "no":
                raise Refused("seat_taken", "有人")
            case "bug":
                raise ZeroDivisionError
            case "unspeakable":
                return {"moment": object()}
            case "long":
                return {"words": "x" * 5_000_000}
        return {}

    async with telling(path, handle), tapping(path) as (tap, _):
        await until(lambda: tap.up)
        with pytest.raises(Refused, match="seat_taken: 有人"):
            await tap.request("no", {})
        for want in ("bug", "unspeakable", "long"):
            with pytest.raises(Refused) as caught:
                await tap.request(want, {})
            assert caught.value.code == "internal"
        assert await tap.request("else", {}) == {}
    assert "ZeroDivisionError" in caplog.text


async def test_what_is_asked_while_the_engine_is_away_fails_at_once(path: Path) -> None:
    async with tapping(path) as (tap, _):
        with pytest.raises(EngineAway) as caught:
            await tap.request("status", {})
        assert caught.value.code == "engine_away"


async def test_what_was_asked_when_the_engine_dies_fails_then_and_its_work_is_ended(path: Path) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def never(want: str, args: Mapping[str, Any]) -> Mapping[str, Any]:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        raise AssertionError

    async with tapping(path) as (tap, _):
        async with telling(path, never):
            await until(lambda: tap.up)
            asking = asyncio.create_task(tap.request("x", {}))
            await asyncio.wait_for(begun.wait(), WITHIN_S)
        with pytest.raises(EngineAway):
            await asking
        await asyncio.wait_for(ended.wait(), WITHIN_S)


async def test_an_engine_that_says_nothing_is_told_apart_from_one_that_is_away(path: Path) -> None:
    async def never(want: str, args: Mapping[str, Any]) -> Mapping[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    async with telling(path, never), tapping(path) as (tap, _):
        await until(lambda: tap.up)
        with pytest.raises(EngineSilent) as caught:
            await tap.request("x", {}, timeout_s=0.05)
        assert caught.value.code == "engine_silent"
        assert tap.up


async def test_who_does_not_read_is_cut_off_and_nobody_else_notices(path: Path) -> None:
    async with telling(path, limits=hubs.Limits(unread_bytes=1_000_000)) as engine, tapping(path) as (tap, heard):
        stuck = await Raw.connect(path)
        await until(lambda: tap.up and engine.hub.clients == 2)
        for last in range(1, 200):
            if not engine.hub.ends[End.SLOW]:
                engine.tell(size=30_000)
                await until(lambda: tap.sequence == last)  # noqa: B023
        assert engine.hub.clients == 1
        assert sequences(heard) == list(range(1, engine.sequence + 1))
        assert engine.sequence < 199
        assert b"hello" in await stuck.rest()


async def test_more_requests_at_once_than_agreed_are_refused_and_the_others_answered(path: Path) -> None:
    go = asyncio.Event()

    async def wait(want: str, args: Mapping[str, Any]) -> Mapping[str, Any]:
        await go.wait()
        return {}

    async with telling(path, wait, hubs.Limits(requests=3)), tapping(path) as (tap, _):
        await until(lambda: tap.up)
        first = [asyncio.create_task(tap.request("x", {})) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(Refused) as caught:
            await tap.request("x", {})
        assert caught.value.code == "too_many"
        go.set()
        assert await asyncio.gather(*first) == [{}, {}, {}]


async def test_more_clients_than_agreed_are_sent_away(path: Path) -> None:
    async with telling(path, limits=hubs.Limits(clients=2)) as engine:
        first = [await Raw.connect(path) for _ in range(2)]
        for raw in first:
            assert "hello" in await raw.hear()
        assert await (await Raw.connect(path)).rest() == b""
        assert engine.hub.ends[End.TOO_MANY] == 1
        first[0].leave()
        await until(lambda: engine.hub.clients == 1)
        assert "hello" in await (await Raw.connect(path)).hear()


async def test_an_engine_that_cannot_say_where_everything_stands_sends_the_client_away(path: Path) -> None:
    seen: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: seen.append(context.get("exception")))
    async with telling(path) as engine:
        engine.hub._hello = lambda: 1 / 0  # type: ignore[assignment, return-value]
        assert await (await Raw.connect(path)).rest() == b""
        assert engine.hub.ends[End.NO_HELLO] == 1
        assert [type(each) for each in seen] == [ZeroDivisionError]


async def test_garbage_ends_only_the_connection_on_which_it_came(path: Path) -> None:
    chance = random.Random(5)
    good = b'{"request":1,"want":"status"}\n'
    async with telling(path) as engine, tapping(path) as (tap, _):
        await until(lambda: tap.up)
        for _ in range(200):
            raw = await Raw.connect(path)
            await raw.hear()
            piece = bytearray(good * chance.randrange(3) + good[: chance.randrange(len(good))])
            for _ in range(chance.randrange(1, 9)):
                piece.insert(chance.randrange(len(piece) + 1), chance.randrange(256))
            raw.say(bytes(piece) + b"\x00\n")
            await raw.rest()
        assert await tap.request("status", {"n": 1}) == {"want": "status", "n": 1}
        await until(lambda: engine.hub.clients == 1)
        assert engine.hub.ends == {End.GARBAGE: 200}


@pytest.mark.parametrize("said", [b"nonsense\n", b'{"facts":[]}\n', b'{"tell":{"about":"x"}}\n', b""])
async def test_an_engine_that_speaks_nonsense_is_left_and_asked_again_with_patience(
    path: Path, said: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    met = 0

    async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal met
        met += 1
        writer.write(said)
        writer.close()

    caplog.set_level(logging.CRITICAL)
    server = await asyncio.start_unix_server(nonsense, os.fspath(path))
    began = asyncio.get_running_loop().time()
    async with tapping(path) as (tap, heard):
        await until(lambda: met == 4)
        assert asyncio.get_running_loop().time() - began >= sum(BACK_OFF_S[1:3])
        assert not tap.up
        assert heard == []
    server.close()
