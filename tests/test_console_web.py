"""The web process as the supervisor starts it: on a centre's ports, with the centre's tokens, ended by an event."""

import asyncio
import json
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from config.ports import Ports
from console.api.server import PortTaken, listen
from console.api.token import Role
from console.hub import Hub
from console.state import Hello
from journal import Journal, Registry
from liandong import lock, web
from liandong.beat import Beat
from liandong.installation import Installation
from tests.centre import write_centre
from tests.console_room import READY, WITHIN_S, draft, read_answer, seat_state, until


@pytest.fixture
def installation(short_path: Path) -> Installation:
    """A centre whose ports were chosen, as `serve` has done before it starts its children."""
    opened = Installation.open(write_centre(short_path / "config"), short_path / "var")
    opened.ports().write(opened.state.run)
    return opened


@asynccontextmanager
async def serving(installation: Installation) -> AsyncIterator[int]:
    ended = asyncio.Event()
    running = asyncio.create_task(web.run(installation, ended))
    port = Ports.read(installation.state.run).http
    try:
        await until(lambda: running.done() or not free(port))
        yield port
    finally:
        ended.set()
        await asyncio.wait_for(running, WITHIN_S)


def free(port: int) -> bool:
    try:
        listen("127.0.0.1", port).close()
    except PortTaken:
        return False
    return True


async def ask(port: int, path: str, token: str = "") -> object:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"GET {path} HTTP/1.1\r\nHost: centre\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\r\n"
    writer.write(head.encode())
    answer = read_answer(await asyncio.wait_for(reader.read(), WITHIN_S))
    writer.close()
    return answer.json if "json" in answer.headers["content-type"] else answer.body.decode()


async def test_it_serves_on_the_centres_port_with_each_roles_own_token(installation: Installation) -> None:
    journal = await asyncio.to_thread(Journal.open, installation.journal_places, Registry())

    async def handle(*_: object) -> dict[str, object]:
        return READY

    hub = Hub(lambda: Hello(sequence=1, seats=(seat_state(),)), handle)
    await hub.start(installation.engine_socket)
    await journal.record(draft(1))
    Beat.of(installation.state.run, lock.Role.ENGINE).write()
    async with serving(installation) as port:
        for role in Role:
            token = installation.secrets.get(f"token-{role.value}").reveal()
            seats = await ask(port, "/api/v1/seats", token)
            assert isinstance(seats, dict)
            assert seats["engine"] is True
        assert await ask(port, "/readyz") == {"status": "ready"}
        facts = await ask(port, "/api/v1/facts", token)
        assert isinstance(facts, dict)
        assert [fact["sequence"] for fact in facts["facts"]] == [1]
        assert 'liandong_beat_age_seconds{child="engine"}' in str(await ask(port, "/metrics"))
    await hub.stop()
    await asyncio.to_thread(journal.close)


async def test_the_tokens_are_its_owners_alone_and_stay_the_same(installation: Installation) -> None:
    def tokens() -> list[str]:
        return [installation.secrets.get(web.token_name(role)).reveal() for role in Role]

    async with serving(installation):
        first = tokens()
    async with serving(installation):
        assert tokens() == first
    assert len(set(first)) == 3
    files = [installation.state.secrets / web.token_name(role) for role in Role]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


async def test_before_the_first_engine_it_lives_and_says_what_is_missing(installation: Installation) -> None:
    async with serving(installation) as port:
        assert await ask(port, "/healthz") == {"status": "alive"}
        answer = await ask(port, "/readyz")
        assert isinstance(answer, dict)
        assert {reason["code"] for reason in answer["reasons"]} == {"engine_away", "journal_trouble"}


async def test_a_port_that_somebody_else_has_is_told(installation: Installation) -> None:
    port = Ports.read(installation.state.run).http
    with listen("127.0.0.1", port), pytest.raises(PortTaken, match=str(port)):
        await web.run(installation, asyncio.Event())
    assert json.loads((installation.state.run / "ports.json").read_text())["http"] == port
