"""`liandong demo`: a whole centre for a stranger to watch, and to play with afterwards.

It serves a copy of the example centre, plays `liandong.play` on real telephones, and stays up until Ctrl-C. A fact that
does not come ends it with exit code 1, naming the fact.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import Awaitable
from pathlib import Path
from textwrap import indent

from config.ports import PortSettings
from liandong import play
from liandong.account import account_text
from liandong.centre import EXAMPLE
from liandong.installation import TOKEN_ROLES, Installation
from liandong.lock import Role, holding
from liandong.play.city import HOST, connect, open_trunk
from liandong.play.stage import DEADLINE_S, set_stage
from liandong.serve import Service
from phones import Phone, Switchboard

INTRODUCTION = f"""
A house burns, somebody dials 119. The call-taker writes down what he says, and the plan that fits calls seven duty
lines at once. While they ring, the engine is killed.

Lines with a time are facts of the centre's live feed, with the time at which each happened; » is what people on
telephones do, ! the log. The police's deadline is {DEADLINE_S} s here, so that you need not wait for two minutes.
"""

INTERRUPTED = 130  # as a shell says it of Ctrl-C


def demo(state: Path, *, stay: bool) -> int:
    """Play the call; then stay up until Ctrl-C, unless not wanted. Gives the exit code, `INTERRUPTED` among them."""
    logging.basicConfig(format=f"{'':13}! %(message)s", level=logging.WARNING)
    return 0 if asyncio.run(_demo(state, stay=stay)) else INTERRUPTED


async def _demo(state: Path, *, stay: bool) -> bool:
    """Whether it was played to its end."""
    began = time.monotonic()
    trunk = await open_trunk((HOST, 0))
    try:
        installation = await asyncio.to_thread(_installation, state, trunk)
        with holding(installation.state.run, Role.SERVE):
            async with Switchboard(trunk) as city:
                connect(city, installation.centre)
                return await _serve(installation, trunk, city, began, stay=stay)
    finally:
        await trunk.close()


def _installation(state: Path, trunk: Phone) -> Installation:
    """The centre in which it plays."""
    Installation.open(EXAMPLE, state)  # complains of the state folder before anything is put there
    host, port = trunk.address
    return Installation.open(set_stage(state.absolute() / "centre", f"{host}:{port}"), state, gives_way=True)


async def _serve(installation: Installation, trunk: Phone, city: Switchboard, began: float, *, stay: bool) -> bool:
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    new = "" if (installation.state.asterisk / "sounds").exists() else ", and its prompts are spoken for the first time"
    print(f"The example centre starts{new} ({installation.state.path})", flush=True)
    service = Service(installation)
    serving = asyncio.create_task(service.run(asyncio.Event()))
    try:
        await _first(serving, service.serving.wait())
        print(
            f"It serves after {time.monotonic() - began:.1f} s, on Asterisk {service.asterisk_text}\n{INTRODUCTION}",
            flush=True,
        )
        playing = asyncio.create_task(play.play(installation, service, trunk, city, began))
        await _first(serving, _interruptible(ended, playing))
        played = not playing.cancelled()
        if stay and played and not ended.is_set():
            _invite(installation, service)
            await _stay(installation, service, serving, ended)
    finally:
        await service.stop()
        await serving
        print("\nAll that the demo started is stopped.")
    return played


async def _stay(
    installation: Installation, service: Service, serving: asyncio.Task[None], ended: asyncio.Event
) -> None:
    standing_in = asyncio.create_task(play.stay(installation, service))
    try:
        await _first(serving, ended.wait())
    finally:
        standing_in.cancel()
        await asyncio.gather(standing_in, return_exceptions=True)


async def _first(serving: asyncio.Task[None], other: Awaitable[object]) -> None:
    """Wait for the other; if serving ends first, raise what ended it."""
    waiting = asyncio.ensure_future(other)
    await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
    if waiting.done():
        waiting.result()
    else:
        waiting.cancel()
        serving.result()


async def _interruptible(ended: asyncio.Event, playing: asyncio.Task[None]) -> None:
    """Play, or cancel it; raises what went wrong in it."""
    interruption = asyncio.ensure_future(ended.wait())
    await asyncio.wait({playing, interruption}, return_when=asyncio.FIRST_COMPLETED)
    interruption.cancel()
    if not playing.done():
        playing.cancel()
        await asyncio.wait({playing})
    if not playing.cancelled():
        playing.result()


def _invite(installation: Installation, service: Service) -> None:
    """How a stranger goes on."""
    bind = installation.centre.part(PortSettings).bind
    server, api = f"{bind}:{service.ports.sip_udp}", f"http://{bind}:{service.ports.http}"
    tokens = "\n".join(f"  {role:<12} {installation.token(role).reveal()}" for role in TOKEN_ROLES)
    print(
        f"""
The centre stays up. Its interface, with a page of documentation: {api}/api/docs
One of these tokens opens it:

{tokens}

  curl -H "Authorization: Bearer TOKEN" {api}/api/v1/incidents

Make another call with a softphone on this machine, or with two (SIP over UDP, {server}):

{indent(account_text(installation, service.ports, "caller-1"), "  ")}
             a caller: register, and dial 119; a trial telephone at {play.SEATS[1]} answers
{indent(account_text(installation, service.ports, play.SEATS[0]), "  ")}
             a call-taker, who is signed in already: as soon as it is registered, it is the one that rings

Somebody sits at every department's telephone: submit an incident, and they are rung and press 1.
The centre's files: {installation.centre.folder}
State, logs and recordings: {installation.state.path}
Ctrl-C stops everything.""",
        flush=True,
    )
