"""`liandong demo`: a whole centre for a stranger to watch, and to play with afterwards.

It serves the example centre, plays the story of `liandong.play` on real telephones, and stays up until Ctrl-C. A fact
that does not come ends it with exit code 1, naming the fact.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Awaitable
from pathlib import Path
from textwrap import indent

from config.ports import PortSettings
from liandong.account import account_text
from liandong.centre import EXAMPLE
from liandong.installation import TOKEN_ROLES, Installation
from liandong.lock import Role, holding
from liandong.play import SEATS, play
from liandong.serve import Service


def demo(state: Path, *, stay: bool) -> int:
    """Play the call; then stay up until Ctrl-C, unless not wanted."""
    logging.basicConfig(format="%(levelname)s %(message)s", level=logging.WARNING)
    installation = Installation.open(EXAMPLE, state, gives_way=True)
    with holding(installation.state.run, Role.SERVE):
        asyncio.run(_demo(installation, stay=stay))
    return 0


async def _demo(installation: Installation, *, stay: bool) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    service = Service(installation)
    serving = asyncio.create_task(service.run(asyncio.Event()))
    try:
        await _first(serving, service.serving.wait())
        print("\nTwo emergency calls. The engine chooses the seats; in the middle of the first call it is killed.\n")
        await _first(serving, _interruptible(ended, play(installation, service)))
        if stay and not ended.is_set():
            _invite(installation, service)
            await _first(serving, ended.wait())
    finally:
        await service.stop()
        await serving
        print("\nAll that the demo started is stopped.")


async def _first(serving: asyncio.Task[None], other: Awaitable[object]) -> None:
    """Wait for the other; if serving ends first, raise what ended it."""
    waiting = asyncio.ensure_future(other)
    await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
    if waiting.done():
        waiting.result()
    else:
        waiting.cancel()
        serving.result()


async def _interruptible(ended: asyncio.Event, playing: Awaitable[None]) -> None:
    task = asyncio.ensure_future(playing)
    interruption = asyncio.ensure_future(ended.wait())
    await asyncio.wait({task, interruption}, return_when=asyncio.FIRST_COMPLETED)
    interruption.cancel()
    if task.done():
        task.result()
    else:
        task.cancel()


def _invite(installation: Installation, service: Service) -> None:
    """How a stranger goes on."""
    bind = installation.centre.part(PortSettings).bind
    server, api = f"{bind}:{service.ports.sip_udp}", f"{bind}:{service.ports.http}"
    tokens = "\n".join(f"  {role:<12} {installation.token(role).reveal()}" for role in TOKEN_ROLES)
    print(f"""
The centre stays up. Ring it yourself with softphones on this machine (SIP over UDP, {server}):

{indent(account_text(installation, service.ports, "seat-01"), "  ")}
             a call-taker: register, and wait for it to ring
{indent(account_text(installation, service.ports, "caller-1"), "  ")}
             a caller: register, and dial 119

Who sits at {SEATS[0]} is signed in already. The API: http://{api}/api/openapi.json, with one of these tokens:

{tokens}

  curl -H "Authorization: Bearer TOKEN" http://{api}/api/v1/calls

State, logs and recordings: {installation.state.path}
Ctrl-C stops everything.""")
