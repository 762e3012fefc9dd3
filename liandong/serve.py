"""`liandong serve`: starts the centre's Asterisk and our own processes, or finds them running, and watches over them.

When this process ends by Ctrl-C, Asterisk goes on; when it dies, our other processes go on, too, and the next `serve`
adopts all that lives. Only `liandong stop` ends Asterisk.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from config.ports import Ports, PortSettings
from config.settings import Settings
from config.state import StateError
from liandong.child import command
from liandong.installation import TOKEN_ROLES, Installation, running_asterisk
from liandong.lock import CHILDREN, Role, holding, make_room
from liandong.notify import Notify
from liandong.supervisor import Supervisor, end_children
from liandong.watch import Watch
from telephony.asterisk.process import Asterisk

ENGINE_S = 30.0  # it is there within 3; a loaded machine with a cold disk has been seen to take ten times that
NET_ALONE = (Role.WORKER,)
"""The children of a centre whose dialplan distributes the calls by itself."""

log = logging.getLogger("serve")


def serve(config: Path, state: Path, *, engine: bool = True) -> int:
    """Serve until a signal or `liandong stop` comes."""
    notify = Notify.taken_from()
    logging.basicConfig(format="%(asctime)s %(levelname)-7s %(message)s", level=logging.INFO)
    installation = Installation.open(config, state)
    with holding(installation.state.run, Role.SERVE):
        asyncio.run(_serve(installation, CHILDREN if engine else NET_ALONE, notify))
    return 0


async def _serve(installation: Installation, roles: Sequence[Role], notify: Notify) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    alive = asyncio.create_task(notify.keep_alive())
    service = Service(installation, roles)
    serving = asyncio.create_task(service.run(ended))
    await _either(serving, service.up)
    if service.up.is_set():
        _tell(installation, service, roles)
    await _either(serving, service.serving)
    if service.serving.is_set():
        notify.tell("READY=1")
        print("Serving. `liandong account NAME` shows how a telephone registers. Ctrl-C cuts no call.", flush=True)
    await _either(serving, ended)
    notify.tell("STOPPING=1")
    await serving
    alive.cancel()
    if ended.is_set():
        print("Asterisk goes on and takes calls; `liandong serve` watches it again, `liandong stop` ends it.")
    else:
        print("stopped")


class Service:
    """One centre being served: its Asterisk and its children."""

    def __init__(self, installation: Installation, roles: Sequence[Role] = CHILDREN) -> None:
        self._state = installation.state
        self._watch = Watch(installation)
        started_by = {
            role: command(role, installation.centre.folder, self._state.path, installation.made_of) for role in roles
        }
        self._supervisor = Supervisor(self._state.run, self._state.log, started_by)
        self._with_engine = Role.ENGINE in roles
        self.up = self._watch.up
        """Set once Asterisk is up; then `ports` and `asterisk_pid` tell of it."""
        self.serving = asyncio.Event()
        """Set once the engine is there, too, if there shall be one, or does not come."""
        self._over = asyncio.Event()

    @property
    def asterisk(self) -> Asterisk:
        """Its Asterisk."""
        return self._watch.asterisk

    @property
    def asterisk_text(self) -> str:
        """Which Asterisk runs."""
        program = self._watch.program
        return f"{program.version} ({program.kind.value}), process {self._watch.running.pid}"

    @property
    def ports(self) -> Ports:
        """Where it listens."""
        return self._watch.ports

    async def run(self, ended: asyncio.Event) -> None:
        """Serve until `ended`, or until `liandong stop` has ended Asterisk; raises what cannot be mended."""
        over = asyncio.Event()
        tasks: list[asyncio.Task[None]] = []
        with suppress(OSError):
            make_room(self._state.run)
        try:
            await self._free_ports()
            watching = asyncio.create_task(self._watch.run())
            supervising = asyncio.create_task(self._supervise(over))
            coming = asyncio.create_task(self._come_up())
            tasks = [supervising, watching, coming]
            await _either(watching, ended, supervising)
            if not supervising.done():
                await _either(watching, self.up)  # a start that has begun is not left half-way
            over.set()
            await asyncio.wait({supervising})
        finally:
            for task in tasks:
                task.cancel()
            self._over.set()
        for task in tasks:
            if task.done():
                task.result()

    async def stop(self) -> None:
        """End Asterisk now, and with it what runs in `run`; for who started it to end it."""
        with ExitStack() as held:
            with suppress(StateError):  # somebody else ends it already
                held.enter_context(holding(self._state.run, Role.STOP))
            await asyncio.to_thread(self.asterisk.stop, now=True)
            await self._over.wait()
        self._watch.forget_ports()

    async def _free_ports(self) -> None:
        """Without an Asterisk its ports are chosen anew, and what a dead supervisor left behind has the old ones."""
        if await asyncio.to_thread(running_asterisk, self._state) is None:
            await end_children(self._state.run, self._state.log, (Role.ENGINE, Role.WEB))

    async def _supervise(self, over: asyncio.Event) -> None:
        """The children start when Asterisk is up: beside its start they would delay the first ring by half a second."""
        up = asyncio.create_task(_until(self.up))
        await _either(up, over)
        up.cancel()
        if self.up.is_set():
            await self._supervisor.run(over)

    async def _come_up(self) -> None:
        await self.up.wait()
        if self._with_engine:
            try:
                async with asyncio.timeout(ENGINE_S):
                    await self._supervisor.beaten(Role.ENGINE)
            except TimeoutError:
                log.warning("no engine after %.0f s: until it comes the dialplan distributes by itself", ENGINE_S)
        self.serving.set()


async def _until(event: asyncio.Event) -> None:
    await event.wait()


async def _either(task: asyncio.Task[None], event: asyncio.Event, *others: asyncio.Task[None]) -> None:
    """Wait for a task, an event or another task, whatever comes first; raises nothing."""
    waiting = asyncio.create_task(event.wait())
    await asyncio.wait({task, waiting, *others}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()


def _tell(installation: Installation, service: Service, roles: Sequence[Role]) -> None:
    centre, ports = installation.centre, service.ports
    telephony = installation.telephony
    bind = centre.part(PortSettings).bind
    name = centre.part(Settings).name
    print(f"{name.zh} · {name.en}")
    print(f"  Asterisk   {service.asterisk_text}")
    print(f"  SIP        {bind}, UDP {ports.sip_udp}, TCP {ports.sip_tcp}, WebSocket {ports.sip_ws}")
    print(f"  audio      {ports.rtp_start}-{ports.rtp_end} (UDP)")
    print(f"  manager    {bind}:{ports.ami}")
    if Role.WEB in roles:
        print(f"  API        http://{f'[{bind}]' if ':' in bind else bind}:{ports.http}")
        for role in TOKEN_ROLES if sys.stdout.isatty() else ():
            print(f"  token      {role} {installation.token(role).reveal()}")
    numbers = (f"{each.number} {each.name.zh} {each.name.en}" for each in telephony.services)
    print(f"  numbers    {', '.join(numbers)}")
    print(f"  seats      {telephony.seats[0].id} to {telephony.seats[-1].id} ({len(telephony.seats)})")
    print(f"  state      {installation.state.path}")
    print(f"  logs       {installation.state.log}")
