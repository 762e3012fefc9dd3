"""What `liandong serve` says and waits for, with stand-ins for Asterisk and for the children."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from config.ports import Ports
from liandong import serve
from liandong.installation import TOKEN_ROLES, Installation
from liandong.lock import CHILDREN, Role
from liandong.serve import NET_ALONE, Service
from telephony.asterisk.process import AsteriskError
from tests.centre import write_centre

WITHIN_S = 60.0


class Asterisk:
    """The watch over an Asterisk that does as it is told."""

    starts = True

    def __init__(self, installation: Installation) -> None:
        self.up = asyncio.Event()
        self.ended = asyncio.Event()
        self.asterisk = SimpleNamespace(stop=lambda now: self._loop.call_soon_threadsafe(self.ended.set))
        self.program = SimpleNamespace(version="22.10.1", kind=SimpleNamespace(value="trial"))
        self.running = SimpleNamespace(pid=4711)
        self.ports = Ports(8080, 5060, 5060, 8088, 4573, 5038, 10000, 11999)

    async def run(self) -> None:
        self._loop = asyncio.get_running_loop()
        await asyncio.sleep(0)
        if not self.starts:
            raise AsteriskError("Asterisk ended while it started")
        self.up.set()
        await self.ended.wait()

    def forget_ports(self) -> None:
        pass


class Children:
    """The supervisor of children that do as they are told."""

    made: "Children"

    def __init__(self, run: Path, logs: Path, commands: Mapping[Role, Sequence[str]]) -> None:
        Children.made = self
        self.commands = commands
        self.living: Sequence[Role] = ()
        self.begun = asyncio.Event()
        self.engine = asyncio.Event()
        self.heard: list[str] = []

    async def run(self, ended: asyncio.Event) -> None:
        self.living = [*self.commands]
        self.begun.set()
        await ended.wait()
        self.heard.append("ended")

    async def beaten(self, role: Role) -> None:
        assert role is Role.ENGINE
        await self.engine.wait()


@pytest.fixture
def installation(short_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    monkeypatch.setattr(serve, "Watch", Asterisk)
    monkeypatch.setattr(serve, "Supervisor", Children)
    return Installation.open(write_centre(short_path / "centre"), short_path / "v")


async def within(waiting: Any) -> None:
    async with asyncio.timeout(WITHIN_S):
        await waiting


async def test_it_serves_once_asterisk_is_up_and_the_engine_has_beaten(installation: Installation) -> None:
    service, ended = Service(installation), asyncio.Event()
    running = asyncio.create_task(service.run(ended))
    await within(Children.made.begun.wait())
    assert Children.made.living == [*CHILDREN]
    assert not service.serving.is_set()
    Children.made.engine.set()
    await within(service.serving.wait())
    ended.set()
    await within(running)
    assert Children.made.heard == ["ended"]


async def test_an_engine_that_does_not_come_holds_nobody_up_for_ever(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(serve, "ENGINE_S", 0.2)
    caplog.set_level(logging.WARNING)
    service, ended = Service(installation), asyncio.Event()
    running = asyncio.create_task(service.run(ended))
    await within(service.serving.wait())
    assert "no engine after 0 s: until it comes the dialplan distributes by itself" in caplog.messages
    ended.set()
    await within(running)


async def test_without_an_engine_nobody_waits_for_one(installation: Installation) -> None:
    service, ended = Service(installation, NET_ALONE), asyncio.Event()
    running = asyncio.create_task(service.run(ended))
    await within(service.serving.wait())
    await within(Children.made.begun.wait())
    assert Children.made.living == [Role.WORKER]
    ended.set()
    await within(running)


async def test_an_asterisk_that_does_not_start_is_told_and_no_child_was_started(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Asterisk, "starts", False)
    service = Service(installation)
    with pytest.raises(AsteriskError, match="ended while it started"):
        await within(service.run(asyncio.Event()))
    assert Children.made.living == ()


async def test_who_started_it_may_stop_it_and_the_children_end_after_asterisk(installation: Installation) -> None:
    service = Service(installation)
    running = asyncio.create_task(service.run(asyncio.Event()))
    await within(Children.made.begun.wait())
    await within(service.stop())
    await within(running)
    assert Children.made.heard == ["ended"]


@pytest.mark.parametrize("terminal", [False, True])
async def test_tokens_are_shown_on_a_terminal_and_nowhere_else(
    installation: Installation, terminal: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: terminal)
    serve._tell(installation, Service(installation), CHILDREN)
    told = capsys.readouterr().out
    tokens = [installation.token(role).reveal() for role in TOKEN_ROLES]
    assert [token in told for token in tokens] == [terminal] * 3
    assert "API        http://127.0.0.1:8080\n" in told
    assert f"logs       {installation.state.log}\n" in told
    assert "22.10.1 (trial), process 4711" in told
    serve._tell(installation, Service(installation), NET_ALONE)
    assert "API" not in capsys.readouterr().out
